"""Comma-separated logs, with and without a line of names."""

import csv
import io
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.log_rows import log_rows
from support.vendor_lines import CSV, VendorLine

from proxy_oa_assets.ingest.declaration import declaration, read_declaration
from proxy_oa_assets.ingest.families.delimited import prepare
from proxy_oa_assets.ingest.layout import Layout
from proxy_oa_assets.ingest.log_lines import blocks
from proxy_oa_assets.ingest.recognition import recognize

NAMED = read_declaration(
    """
    name = "named"
    title = "a site's CSV"
    family = "delimited"
    separator = "comma"
    quote = "doubled"
    header = "names"
    requires = ["at", "client"]
    time = "at"
    [columns]
    clientip = "client"
    useragent = "agent"
    referer = "from"
    """,
    "named.toml",
)
FIELDS = ("a", "b", "c", "d")
HEADERLESS = NAMED.model_copy(
    update={"header": "none", "fields": FIELDS, "null": ("",), "columns": {}, "requires": ()}
)
ENGINE = duckdb.connect()
VALUES = st.text(
    st.sampled_from("abz09 ,\"'\\\t;|#\u2603\x1f\x00") | st.characters(codec="utf-8"), max_size=6
).filter(lambda text: not set(text) & set("\r\n") and text == text.strip(" "))


def test_names_may_stand_in_any_order_and_be_quoted(tmp_path: Path) -> None:
    """A line of names says where each column is; what it doesn't name is NULL."""
    content = b'\xef\xbb\xbf"agent","more",client,"at"\r\n"x, ""y""",7,10.1.2.3,1789000000\r\n'

    recognized = recognize(content, [NAMED])
    found = log_rows(content, recognized.declaration, tmp_path)

    assert found.reading.header_lines == 1
    assert found.rows == [
        {"p_date": "2026-09-10", "p_time": "00:26:40", "clientip": "10.1.2.3", "useragent": 'x, "y"'}
    ]


def test_a_repeated_line_of_names_is_a_header(tmp_path: Path) -> None:
    """Logs that were joined have the line again; a line that has only a part of it is data."""
    names = "at,client,agent"
    content = f"{names}\n1789000000,10.1.2.3,a\n{names}\n1789000001,10.1.2.3,b\n1789000002,{names}\n".encode()

    found = log_rows(content, NAMED, tmp_path)

    assert found.reading.header_lines == 2
    assert [row["useragent"] for row in found.rows] == ["a", "b"]
    assert [reason for _, _, reason, _ in found.rejects] == ["4 fields instead of 3 that the header names"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1789000000,10.1.2.3", "2 fields instead of 3 that the header names"),
        ("1789000000,10.1.2.3,a,b", "4 fields instead of 3 that the header names"),
    ],
)
def test_a_line_of_another_length_is_a_reject(line: str, reason: str, tmp_path: Path) -> None:
    """A line that is cut, or has a comma that isn't quoted, costs no other."""
    content = f"at,client,agent\n{line}\n1789000000,10.1.2.3,a\n".encode()

    found = log_rows(content, NAMED, tmp_path)

    assert len(found.rows) == 1
    assert [why for _, _, why, _ in found.rejects] == [reason]


@given(
    rows=st.lists(st.tuples(*[VALUES] * len(FIELDS)), min_size=1, max_size=5),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
@settings(max_examples=60, deadline=None)
def test_fields_are_as_another_writer_of_csv_meant_them(rows: list[tuple[str, ...]], *, quoting: int) -> None:
    """Any text that Python's csv writes is read back, from blocks as from single lines."""
    written = io.StringIO()
    csv.writer(written, quoting=quoting, lineterminator="\n").writerows(rows)
    (block,) = blocks([written.getvalue().encode()])

    prepared = prepare(block, Layout.of(HEADERLESS))

    assert prepared.rejected == []
    with ENGINE.cursor() as engine:
        engine.register("block", prepared.block)
        found = [row[2] for row in engine.sql(f"{prepared.select} ORDER BY line").fetchall()]
    assert [[text or "" for text in texts] for texts in found] == [list(row) for row in rows]


def _of(name: str, case: str) -> VendorLine:
    return next(line for line in CSV if (line.format, line.case) == (name, case))


def test_other_logs_of_a_firewall_are_left_aside(tmp_path: Path) -> None:
    """Of a file with all of a firewall's logs, those of URL filtering are rows."""
    url = _of("pan-url", "decrypted")
    traffic = url.line.replace(",THREAT,url,", ",TRAFFIC,end,")
    threat = url.line.replace(",THREAT,url,", ",THREAT,vulnerability,")
    content = "".join(f"{line}\n" for line in (traffic, threat, url.line, traffic)).encode()

    recognized = recognize(content)
    found = log_rows(content, recognized.declaration, tmp_path)

    assert recognized.declaration.name == "pan-url"
    assert found.rows == [url.row]
    assert (found.rejects, found.reading.left_aside) == ([], 3)


def test_rows_of_one_file_can_have_any_number_of_columns(tmp_path: Path) -> None:
    """Umbrella's rows end where their values do."""
    lines = [line for line in CSV if line.format == "umbrella-proxy"]
    content = "".join(f"{line.line}\n" for line in lines).encode()

    found = log_rows(content, declaration("umbrella-proxy"), tmp_path)

    assert found.rows == [line.row for line in lines]


@pytest.mark.parametrize("agent", ['GET","403"', '","","","GET', '"",""', "\\", '"'])
def test_a_hostile_agent_shifts_no_column(agent: str, tmp_path: Path) -> None:
    """Text that imitates the fields behind it stays in its own."""
    row = _of("umbrella-proxy", "25 fields and the method")
    escaped = agent.replace('"', '""')
    line = row.line.replace(str(row.row["useragent"]), escaped)

    found = log_rows(f"{line}\n".encode(), declaration("umbrella-proxy"), tmp_path)

    assert found.rows == [row.row | {"useragent": agent}]
