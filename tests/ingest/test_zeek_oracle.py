"""Zeek's logs: its own tests' baselines as an independent reader has them, and an ordinary network's day."""

import gzip
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.log_rows import LogRows, Row, log_rows
from zat.zeek_log_reader import ZeekLogReader

from proxy_oa_assets.ingest.declaration import Declaration, declaration, read_declaration
from proxy_oa_assets.ingest.recognition import recognize
from proxy_oa_assets.model.errors import IngestError
from proxy_oa_assets.model.tables import PROXY

_TIME = "1789000000.250000"
_ESCAPED = re.compile(r"(?:\\x[0-9a-f]{2})+")
_INT_MAX = 2**31 - 1
_COPIED = {
    "clientip": "id.orig_h",
    "serverip": "id.resp_h",
    "reqmethod": "method",
    "referer": "referrer",
    "useragent": "user_agent",
    "username": "username",
}
# What zeek-cut writes: names, and fields behind them.
_CUT = read_declaration(
    """
    name = "zeek-cut"
    title = "http.log through zeek-cut -C"
    family = "delimited"
    separator = "tab"
    header = "names"
    columns_of = "zeek-http"
    url_form = "path"
    """,
    "zeek-cut.toml",
)


def _baselines(test_data: Path) -> Iterator[tuple[str, str]]:
    """Yield names and texts of the baselines, with a time in place of the masked one."""
    for path in sorted((test_data / "logs" / "zeek" / "baseline").glob("*.log")):
        text = path.read_text("utf-8", errors="surrogateescape").partition("\n")[2]
        yield path.name, text.replace("XXXXXXXXXX.XXXXXX", _TIME)


def _content(text: str) -> bytes:
    return text.encode("utf-8", errors="surrogateescape")


def _declared(text: str) -> Declaration:
    if text.startswith(("#separator", "{")):
        return recognize(_content(text)).declaration
    return _CUT


def _text(value: object) -> str | None:
    """Return the oracle's value without Zeek's escapes, as text, or None if there is none."""
    if value in ("-", "(empty)"):
        return None
    return _ESCAPED.sub(
        lambda match: bytes.fromhex(match[0].replace("\\x", "")).decode("utf-8", errors="replace"), str(value)
    )


def _expected(said: dict[str, Any]) -> dict[str, Any]:
    types = str(said["resp_mime_types"]).split(",")[0]
    return {
        **{column: _text(said[field]) for column, field in _COPIED.items()},
        # The oracle takes a missing number for 0.
        "respcode": str(said["status_code"]),
        "csbytes": min(said["request_body_len"], _INT_MAX),
        "scbytes": min(said["response_body_len"], _INT_MAX),
        "resconttype": _text(types),
    }


def test_no_line_of_a_baseline_is_lost(test_data: Path, tmp_path: Path) -> None:
    """Each of Zeek's 69 baselines is read: whole logs, JSON, and columns cut out of logs."""
    found: dict[str, LogRows] = {}
    for name, text in _baselines(test_data):
        found[name] = log_rows(_content(text), _declared(text), tmp_path / name)

    assert len(found) == 69
    reasons = sum((each.reading.reasons for each in found.values()), Counter())
    assert reasons == {
        "no request: the method is missing": 30,
        # Columns cut out without the time.
        "no time that can be read": 21,
    }


def test_each_row_is_as_zat_reads_it(
    test_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rows of each whole log have the values that zat finds; lines without a method are kept aside."""
    whole = [(name, text) for name, text in _baselines(test_data) if text.startswith("#separator")]
    rows = 0
    for name, text in whole:
        (tmp_path / name).write_bytes(_content(text))
        said = list(ZeekLogReader(str(tmp_path / name)).readrows())
        found = log_rows(_content(text), _declared(text), tmp_path / f"{name}.rows")
        requests = [each for each in said if each["method"] != "-"]
        assert len(found.rows) == len(requests), name
        assert len(found.rejects) == len(said) - len(requests), name
        for row, each in zip(found.rows, requests, strict=True):
            wanted = _expected(each)
            full = {"respcode": "0", "csbytes": 0, "scbytes": 0, **row}
            assert {column: full.get(column) for column in wanted} == wanted, name
            assert str(_text(each["uri"])).endswith(row.get("uriquery", row.get("uripath", ""))), name
        rows += len(requests)
    capsys.readouterr()  # what zat prints

    assert len(whole) == 53
    assert rows == 170


def test_a_log_of_another_kind_is_refused(test_data: Path, tmp_path: Path) -> None:
    """A header that names another log says which."""
    text = next(text for _, text in _baselines(test_data) if text.startswith("#separator"))
    with pytest.raises(IngestError, match=r"it is Zeek's dns\.log, not http\.log"):
        log_rows(_content(text.replace("#path\thttp", "#path\tdns")), declaration("zeek-http"), tmp_path)


def _stored(test_data: Path, day: str) -> Counter[tuple[object, ...]]:
    folder = test_data / "hdfs" / "user" / "spot" / "proxy" / "hive" / f"y=2018/m=01/d={day}"
    columns = ", ".join(PROXY.column_names)
    select = f"SELECT {columns} FROM read_parquet('{folder}/*/*.parquet', hive_partitioning = false)"
    return Counter(tuple(_or_dash(value) for value in row) for row in duckdb.sql(select).fetchall())


def _or_dash(value: object) -> object:
    return "-" if value is None else value


def _as_stored(rows: list[Row], day: str) -> Counter[tuple[object, ...]]:
    of_day = (row for row in rows if row["p_date"] == f"2018-01-{day}")
    return Counter(tuple(_or_dash(row.get(name)) for name in PROXY.column_names) for row in of_day)


def test_a_days_log_gives_the_rows_of_the_raw_table(test_data: Path, tmp_path: Path) -> None:
    """27,204 records are the 6,247 and 19,934 rows that another ingest made of them, and 1,023 are aside.

    There, a missing text is `-`.
    """
    content = gzip.decompress((test_data / "logs" / "zeek" / "2018-01-30.http.log.gz").read_bytes())

    recognized = recognize(content[:100_000])
    found = log_rows(content, recognized.declaration, tmp_path)

    assert recognized.declaration.name == "zeek-http"
    assert found.reading.reasons == {"no request: the method is missing": 1023}
    assert len(found.rejects) == 1023
    for day, rows in (("30", 6_247), ("31", 19_934)):
        stored = _stored(test_data, day)
        assert stored.total() == rows
        assert _as_stored(found.rows, day) == stored
