"""Tab-separated files in spot-ml's form: nothing is quoted, and NULL is the word `null`.

spot-ml splits lines on tabs, so a tab or a line break inside a field is written as one space.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

from proxy_oa_assets.model.files import replacing

NULL = "null"
_BREAK = re.compile(r"\r\n|[\t\r\n]")


def field(value: object) -> str:
    """Return a value as a field."""
    return NULL if value is None else _BREAK.sub(" ", str(value))


def line(values: Iterable[object]) -> str:
    """Return a line with its line feed."""
    return "\t".join(map(field, values)) + "\n"


def table(columns: Sequence[str], rows: Iterable[Iterable[object]]) -> bytes:
    """Return a header line and the rows as a file's content."""
    return "".join((line(columns), *map(line, rows))).encode("utf-8")


def write_tsv(path: Path, columns: Sequence[str], rows: Iterable[Iterable[object]]) -> None:
    """Replace a file by a header line and the rows."""
    with replacing(path) as file:
        file.writelines(line(row).encode("utf-8") for row in chain([columns], rows))


def write_tsv_if_any(path: Path, columns: Sequence[str], rows: Iterable[Iterable[object]]) -> None:
    """Replace a file by a header line and the rows, once there is a row; without any, remove the file."""
    rest = iter(rows)
    first = next(rest, None)
    if first is None:
        path.unlink(missing_ok=True)
    else:
        write_tsv(path, columns, chain([first], rest))
