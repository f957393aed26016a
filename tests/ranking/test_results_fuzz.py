"""Arbitrary results files: every line is a row or a reject, and agrees with a reading of the test's own."""

import math
import re
from decimal import Decimal, InvalidOperation
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import strategies as st
from support.fuzzing import fuzz
from support.mutations import BYTES, TEXT, damaged

from proxy_oa_assets.model.column_map import RESULT_FIELDS
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import ResultsError
from proxy_oa_assets.ranking.results_file import read_results

DAY = Day.parse("2016-09-12")
VALID = {
    **dict.fromkeys(RESULT_FIELDS, "x"),
    "p_date": DAY.key,
    "p_time": "09:00:01",
    "duration": "12",
    "scbytes": "1024.0",
    "csbytes": "null",
    "score": "1.2345E-7",
}
NUMBERS = st.sampled_from(
    "0 -0 +5 5. .5 . e5 1E5 1e5 1e-5 2147483647 2147483648 -2147483649 1e400 -1e400 Infinity -inf nan NaN "
    "NAN 1_0 ٣ 3.4028235e38 3.4028236e38 null NULL".split()
) | st.floats().map(repr)
DATES = st.sampled_from(
    ["2016-09-12 00:00:00", "2016-09-12T09:00:01.5", "2016-09-13", "2016-09-12 ", "٢٠١٦-09-12", "null", ""]
)


@st.composite
def line(draw) -> bytes:
    fields = dict(VALID)
    for name in draw(st.lists(st.sampled_from(RESULT_FIELDS), max_size=3)):
        number = name in ("duration", "scbytes", "csbytes", "score")
        fields[name] = draw(DATES if name == "p_date" else NUMBERS if number else TEXT)
    content = "\t".join(fields.values()).encode("utf-8", "surrogatepass")
    return draw(damaged(content, most=2)) if draw(st.booleans()) else content


FILES = st.lists(line() | BYTES, max_size=8).flatmap(
    lambda lines: st.tuples(
        st.sampled_from([b"", b"", b"\xef\xbb\xbf"]),
        st.sampled_from([b"\n", b"\n", b"\r\n"]),
        st.booleans(),
    ).map(lambda way: way[0] + way[1].join(lines) + way[1] * way[2])
)


def independent(content: bytes) -> tuple[list[dict[str, object]], list[int]]:
    """Return the rows, and the numbers of the other lines, by decimal numbers and another way to split."""
    rows, bad = [], []
    lines = content.split(b"\n")
    for number, raw in enumerate(lines[:-1] if lines[-1] == b"" else lines, 1):
        data = raw[3:] if number == 1 and raw[:3] == b"\xef\xbb\xbf" else raw
        text = str(data[:-1] if data[-1:] == b"\r" else data, "utf-8", "replace")
        row = _row(text)
        rows.append(row) if row else bad.append(number)
    return rows, bad


def _row(text: str) -> dict[str, object] | None:
    cells = text.split("\t")
    if len(cells) != len(RESULT_FIELDS):
        return None
    row: dict[str, object] = {
        name: None if cell == "null" else cell for name, cell in zip(RESULT_FIELDS, cells, strict=True)
    }
    for name, part in (("p_date", 0), ("p_time", 1)):
        stamp = str(row[name])
        if re.fullmatch(r"[0-9]{4}(-[0-9][0-9]){2}[ T][0-9][0-9](:[0-9][0-9]){2}(\.[0-9]+)?", stamp):
            row[name] = (stamp[:10], stamp[11:])[part]
    try:
        for name in ("duration", "scbytes", "csbytes"):
            row[name] = _whole(row[name])
        score = _decimal(str(row["score"]))
    except InvalidOperation:
        return None
    row["score"] = float(score)
    near = math.isfinite(float(score)) and abs(float(score)) <= float(np.finfo(np.float32).max)
    return row if near and row["p_date"] == DAY.key else None


def _decimal(text: str) -> Decimal:
    # Decimal takes more: underscores, other scripts' digits, words.
    return Decimal(text if set(text) <= set("0123456789+-.eE") else "no number")


def _whole(value: object) -> int | None:
    if value is None or str(value) == "" or str(value) in ("NaN", "nan", "Nan", "naN"):
        return None
    sign, word = re.fullmatch(r"([+-]?)(.*)", str(value), re.DOTALL).groups()
    infinite = word in ("inf", "Inf", "infinity", "Infinity")
    number = float(f"{sign}inf") if infinite else float(_decimal(str(value)))
    if math.isfinite(number) and number != math.floor(number):
        raise InvalidOperation
    return int(max(min(number, 2**31 - 1), -(2**31)))


@fuzz("results reader", short=25, content=FILES)
def test_each_line_of_results_is_a_row_or_a_reject(content: bytes) -> None:
    """Rows and rejects are those of an independent reading, each reject with its number, reason and text."""
    rows, bad = independent(content)
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "proxy_results.csv"
        copy.write_bytes(content)
        rejected = copy.with_name("proxy_results.rejected.tsv")
        try:
            found = read_results(copy, RESULT_FIELDS, DAY, limit=500)
        except ResultsError as error:
            assert not rows
            assert str(copy) in str(error)
            return
        text = rejected.read_text("utf-8") if rejected.exists() else "\n"
    assert found.frame.astype(object).where(found.frame.notna(), None).to_dict("records") == rows
    rejects = [reject.split("\t", 2) for reject in text.split("\n")[1:-1]]
    assert [int(number) for number, *_ in rejects] == bad
    assert all(reason for _, reason, _ in rejects)
    assert found.lines_read == len(rows) + len(bad)
