"""`proxy_results.csv`: what the ranking job wrote, read line by line.

Nothing in it is quoted or escaped: a line is its fields joined by tabs, NULL is the word `null`, and double
quotes and backslashes are data. A CSV reader would interpret them, so the lines are split here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from proxy_oa_assets.model.column_map import RESULT_FIELDS
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import ResultsError
from proxy_oa_assets.model.files import naming, replacing
from proxy_oa_assets.model.tsv import NULL, write_tsv_if_any

if TYPE_CHECKING:
    import pandas as pd

REJECTED_FILE = "proxy_results.rejected.tsv"
CAPPED_FILE = "proxy_results.capped.tsv"
_KEPT_FILE = "proxy_results.ranked.parquet"
INT_FIELDS = ("duration", "scbytes", "csbytes")
# pandas' types of the good rows; Int32 is the nullable one.
RANKED_TYPES: dict[str, Literal["Int32", "float64", "str"]] = {
    **dict.fromkeys(RESULT_FIELDS, "str"),
    **dict.fromkeys(INT_FIELDS, "Int32"),
    "score": "float64",
}

_INFINITE, _NAN = re.compile(r"[+-]?[iI]nf(inity)?"), re.compile(r"[nN]a[nN]")
# p_date or p_time that passed through a column of timestamps.
_TIMESTAMP = re.compile(r"(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2}(?:\.\d+)?)", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_SHOWN = 80  # characters
_LONGEST_LINE = 16 << 20  # bytes; proxies refuse URIs and headers long before
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_INT_MIN, _INT_MAX = -(2**31), 2**31 - 1
_FLOAT_MAX = float.fromhex("0x1.fffffep127")  # IEEE 754, binary32

Value = str | int | float | None


class RejectedLine(NamedTuple):
    """A malformed line: its number in the file (from 1), the reason, and the line itself."""

    number: int
    reason: str
    content: str


class CappedValue(NamedTuple):
    """A number beyond INT, which the row has as the limit: the line's number, the column, and the number."""

    number: int
    column: str
    value: str


@dataclass
class ResultsReader:
    """Reads the first `limit` good rows of a day's results.

    Iterate over `rejected_lines`, which drives the reading, then take the `frame`. Memory is bounded by
    `limit`. `crlf_lines` counts the lines that end in CR LF, as Windows programs write them; `capped` are the
    numbers beyond INT in good rows.
    """

    columns: tuple[str, ...]
    day: Day
    limit: int
    lines_read: int = 0
    rejected: int = 0
    crlf_lines: int = 0
    first_reason: str = ""
    capped: list[CappedValue] = field(default_factory=list)
    _rows: list[list[Value]] = field(default_factory=list)

    def rejected_lines(self, lines: Iterable[bytes]) -> Iterator[RejectedLine]:
        """Read lines that end in a line feed until `limit` rows are good, yielding the malformed ones."""
        for raw in lines:
            if len(self._rows) >= self.limit:
                return
            self.lines_read += 1
            line = raw.removesuffix(b"\n")
            if self.lines_read == 1:
                line = line.removeprefix(_BYTE_ORDER_MARK)
            if line.endswith(b"\r"):
                self.crlf_lines += 1
                line = line[:-1]
            # As Spark reads it. Rejecting a row for bytes that aren't UTF-8 would let a client hide.
            text = line.decode("utf-8", errors="replace")
            too_long = f"longer than {_LONGEST_LINE >> 20} MiB" if len(line) > _LONGEST_LINE else None
            row = too_long or self._parsed(text)
            if isinstance(row, str):
                self.rejected += 1
                self.first_reason = self.first_reason or row
                yield RejectedLine(self.lines_read, row, text)
            else:
                self._rows.append(row)

    @property
    def frame(self) -> pd.DataFrame:
        """The good rows in file order; columns as `RESULT_FIELDS`, without a site's own further ones."""
        import pandas as pd

        return pd.DataFrame(self._rows, columns=list(RESULT_FIELDS), dtype=object).astype(RANKED_TYPES)

    def _parsed(self, text: str) -> list[Value] | str:
        """Return the row in the order of RESULT_FIELDS, or why it is malformed."""
        fields = text.split("\t")
        if len(fields) != len(self.columns):
            return f"{len(fields)} fields instead of {len(self.columns)}"
        named: dict[str, Value] = {
            name: None if value == NULL else value for name, value in zip(self.columns, fields, strict=True)
        }
        for group, name in enumerate(("p_date", "p_time"), 1):
            if timestamp := _TIMESTAMP.fullmatch(str(named[name])):
                named[name] = timestamp[group]
        if named["p_date"] != self.day.key:
            return f"p_date {_shown(named['p_date'])} is not the day {self.day}"
        texts = {name: str(named[name]) for name in INT_FIELDS}
        problem = next(filter(None, (_to_int(named, name) for name in INT_FIELDS)), None) or _to_score(named)
        if problem:
            return problem
        self.capped += [
            CappedValue(self.lines_read, name, text[:_SHOWN])
            for name, text in texts.items()
            if named[name] in (_INT_MIN, _INT_MAX) and float(text) != named[name]
        ]
        return [named[name] for name in RESULT_FIELDS]


def read_results(copy: Path, columns: tuple[str, ...], day: Day, limit: int) -> ResultsReader:
    """Read the first rows; write the malformed ones to `proxy_results.rejected.tsv` beside the copy.

    Numbers beyond INT go to `proxy_results.capped.tsv`. Raises ResultsError if no row is good.
    """
    reader = ResultsReader(columns, day, limit)
    rejected, capped = copy.with_name(REJECTED_FILE), copy.with_name(CAPPED_FILE)
    with closing(_lines(copy)) as lines:
        write_tsv_if_any(rejected, ("line", "reason", "content"), reader.rejected_lines(lines))
    write_tsv_if_any(capped, ("line", "column", "value"), reader.capped)
    if not reader.lines_read:
        raise ResultsError(
            f"{copy} is empty: the ranking job wrote no row. Run it for this day again, then materialize "
            f"proxy_results again"
        )
    if reader.frame.empty:
        raise ResultsError(
            f"{copy}: none of the {reader.lines_read} lines is a row of {day} "
            f"(the first: {reader.first_reason}). {rejected} has each line and what is wrong; "
            f"check that the ranking job wrote this day, and that PROXY_OA_CONF has the columns in the "
            f"file's order"
        )
    return reader


def _lines(copy: Path) -> Generator[bytes]:
    """Yield lines; of one that is too long, a part that is too long as well."""
    # Named here: an error of reading would get the path of the rejected lines' file.
    with naming(copy), copy.open("rb") as file:
        while line := file.readline(_LONGEST_LINE + 2):
            yield line
            while len(line) == _LONGEST_LINE + 2 and not line.endswith(b"\n"):
                line = file.readline(_LONGEST_LINE + 2)


def _to_int(named: dict[str, Value], name: str) -> str | None:
    """Replace an INT column's text by its number, at the limit where it is beyond; return the problem.

    A column of doubles is written as 1024.0 or 1.0E9, and a missing value in it as NaN.
    """
    value = named[name]
    if value is None or value == "" or _NAN.fullmatch(str(value)):
        named[name] = None
        return None
    if not (_NUMBER.fullmatch(str(value)) or _INFINITE.fullmatch(str(value))):
        return f"{name} {_shown(value)} is not a whole number"
    number = float(value)
    if math.isfinite(number) and not number.is_integer():
        return f"{name} {_shown(value)} is not a whole number"
    named[name] = int(min(max(number, _INT_MIN), _INT_MAX))
    return None


def _to_score(named: dict[str, Value]) -> str | None:
    value = named["score"]
    if value is None or not _NUMBER.fullmatch(str(value)):
        return f"score {NULL if value is None else _shown(value)} is not a finite number"
    score = float(value)
    if not math.isfinite(score) or abs(score) > _FLOAT_MAX:
        return f"score {_shown(value)} is beyond the range of FLOAT"
    named["score"] = score
    return None


def _shown(value: Value) -> str:
    """Shorten a value for a reason, which goes into Dagster's history; the rejected file has the line."""
    return f"{value!r:.{_SHOWN}}"


def keep_rows(folder: Path, frame: pd.DataFrame) -> None:
    """Replace the rows kept in a day's data folder, so that enriching the day again uses the same limit."""
    import pyarrow as pa

    types = {"Int32": pa.int32(), "float64": pa.float64(), "str": pa.string()}
    schema = pa.schema([(name, types[RANKED_TYPES[name]]) for name in RESULT_FIELDS])
    with replacing(folder / _KEPT_FILE) as file:
        frame.to_parquet(file, index=False, schema=schema)


def kept_rows(folder: Path) -> pd.DataFrame:
    """Return the rows kept in a day's data folder. Raises ResultsError if there are none yet."""
    import pandas as pd

    path = folder / _KEPT_FILE
    if not path.is_file():
        raise ResultsError(f"{path} does not exist: materialize proxy_results for this day first")
    with naming(path):
        return pd.read_parquet(path, columns=list(RESULT_FIELDS)).astype(RANKED_TYPES)
