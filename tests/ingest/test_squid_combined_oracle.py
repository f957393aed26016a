"""Combined lines, as an independent parser of Apache's formats reads them."""

import datetime as dt
from pathlib import Path

from apachelogs import COMBINED, LogEntry, LogParser
from hypothesis import given
from hypothesis import strategies as st
from support.log_rows import Row, log_rows

from proxy_oa_assets.ingest.declaration import declaration
from proxy_oa_assets.ingest.families.registry import parse_line
from proxy_oa_assets.ingest.layout import Layout

# Squid's own fields stand behind Apache's.
_ORACLE = LogParser(f"{COMBINED} %{{result}}e")
_SQUID = Layout.of(declaration("squid-combined"))
_WORDS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters='"\\'), min_size=1)
_PHRASES = st.lists(_WORDS, min_size=1, max_size=4).map(" ".join)
_LINES = st.builds(
    '{} - {} [{}] "{} {} HTTP/1.1" {} {} "{}" "{}" TCP_MISS:HIER_DIRECT'.format,
    st.ip_addresses().map(str),
    st.sampled_from(["-", "jane", "jane@EXAMPLE.COM"]),
    st.dates(dt.date(1990, 1, 1), dt.date(2090, 1, 1)).map(lambda at: f"{at:%d/%b/%Y}:23:59:09 -0230"),
    st.sampled_from(["GET", "POST", "CONNECT"]),
    _WORDS.map(lambda path: f"http://example.com/{path}"),
    st.integers(100, 599),
    st.integers(0, 2**31 - 1),
    _PHRASES,
    _PHRASES,
)


def _said(entry: LogEntry) -> list[str | None]:
    at = entry.request_time.strftime("[%d/%b/%Y:%H:%M:%S %z]").split(" ")
    headers = [entry.headers_in["Referer"], entry.headers_in["User-Agent"]]
    known = [entry.remote_host, entry.remote_logname, entry.remote_user, *at, entry.request_line]
    return [*known, str(entry.final_status), str(entry.bytes_sent), *headers, "TCP_MISS:HIER_DIRECT"]


@given(line=_LINES)
def test_each_field_is_what_the_other_parser_finds(line: str) -> None:
    """Both find the same address, user, time, request, status, size, referer and agent."""
    parsed = parse_line(line, _SQUID)
    assert not isinstance(parsed, str), parsed
    assert parsed[: len(_SQUID.fields) - 2] == [
        None if text == "-" else text for text in _said(_ORACLE.parse(line))
    ]


def test_the_servers_own_lines_agree(test_data: Path, tmp_path: Path) -> None:
    """Of what Debian's Squid wrote, the lines without raw quotes, cuts and aborts have the same values."""
    content = (test_data / "logs" / "squid" / "debian12-squid5.7-combined.log").read_bytes()
    lines = content.decode("utf-8", "replace").splitlines()
    plain = [line for line in lines if line.count('"') == 6 and line.isascii() and line.isprintable()]
    plain = [line for line in plain if '" 0 0 ' not in line and "error:" not in line]
    assert len(plain) >= 8
    rows = log_rows(
        "".join(f"{line}\n" for line in plain).encode(), declaration("squid-combined"), tmp_path
    ).rows
    assert sorted(map(_row_values, rows)) == sorted(map(_oracle_values, map(_ORACLE.parse, plain)))


def _row_values(row: Row) -> tuple[str, ...]:
    time = f"{row['p_date']} {row['p_time']}"
    named = (row["reqmethod"], row.get("respcode", "0"), row["scbytes"], row.get("useragent", "-"))
    return (time, row["clientip"], *map(str, named))


def _oracle_values(entry: LogEntry) -> tuple[str, ...]:
    time = f"{entry.request_time.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S}"
    method = entry.request_line.split(" ")[0]
    named = (method, entry.final_status, entry.bytes_sent, entry.headers_in["User-Agent"] or "-")
    return (time, entry.remote_host, *map(str, named))
