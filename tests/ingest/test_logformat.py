"""A Squid `logformat` line: what it is compiled to, and that its two ways of reading lines agree."""

import string
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.log_rows import log_rows

from proxy_oa_assets.ingest.declaration import Declaration, declaration
from proxy_oa_assets.ingest.families.registry import parse_line, prepare
from proxy_oa_assets.ingest.layout import Layout
from proxy_oa_assets.ingest.log_lines import blocks
from proxy_oa_assets.ingest.logformat import read_line
from proxy_oa_assets.model.errors import IngestError

PROXYOA = declaration("squid-proxyoa").logformat


def given_format(logformat: str) -> Declaration:
    return declaration(f"squid:{logformat}")


def columns_of(logformat: str) -> dict[str, tuple[str, ...]]:
    """Return the fields of each column."""
    found = given_format(logformat).columns
    return {
        name: tuple(field for value in values for field in value.fields) for name, values in found.items()
    }


def test_a_line_of_squid_conf_is_read_as_it_stands() -> None:
    """What stands before the format in the configuration can be copied along."""
    assert given_format(f"  logformat mine {PROXYOA}").columns == given_format(PROXYOA).columns


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("%ts.%03tu %6tr %-10>a", ["%ts.%tu", "%tr", "%>a"]),
        ("%http::>a %{User-Agent}>h %>h{Host}", ["%>a", "%{user-agent}>h", "%{host}>h"]),
        ("%ssl::>sni %tls::>sni %adapt::<last_h", ["%ssl::>sni", "%ssl::>sni 2", "%adapt::<last_h"]),
        ("%tsx %trms %>a%%", ["%ts", "%tr", "%>a"]),
        ("%ts [%{%d/%m/%Y %T}tl]", ["%ts", "[%d/%m/%Y", "%H:%M:%S]"]),
        ('%ts "%rm %ru HTTP/%rv" %whatever', ["%ts", "%rm %ru HTTP/%rv", "%whatever"]),
    ],
)
def test_tokens_of_a_line(line: str, names: list[str]) -> None:
    """Widths and encodings are left out, the longest code counts, and what is unknown is a token, too."""
    assert list(read_line(line).names) == names


@pytest.mark.parametrize(
    ("line", "splits"),
    [
        (PROXYOA, True),
        ('%ts "%rm %ru HTTP/%rv" [%tl]', True),
        ('ts=%ts ua="%{User-Agent}>h"', False),
        ("%ts,%>a", False),
        ("[%ts] %>a", False),
        ('%ts "%{User-Agent}>h" "%\'{Referer}>h"', False),
        ("%ts %/{User-Agent}>h", False),
    ],
)
def test_lines_that_blanks_and_quotes_divide(line: str, *, splits: bool) -> None:
    """These are split for whole blocks; the others are matched line by line."""
    assert read_line(line).split is splits


def test_the_start_counts_where_a_line_has_it() -> None:
    """%tS is the start; %ts and %tl are the end, from which the duration is taken off."""
    assert given_format(PROXYOA).time_of == "start"
    assert given_format("%ts.%03tu %tr %>a").time_of == "end"
    assert given_format("[%tl] %>a").time[0].format == "[%d/%b/%Y:%H:%M:%S %z]"
    zones = {time: given_format(f"{time} %>a").time[0].zone for time in ("%tg", "%{%Y %T}tg", "%{%Y %T}tl")}
    assert zones == {"%tg": "text", "%{%Y %T}tg": "UTC", "%{%Y %T}tl": "local"}


def test_the_best_code_of_a_column_counts_first() -> None:
    """The URL with its query before the one without, a name that was authenticated before ident's."""
    found = columns_of("%ts %>a %ru %>ru %ui %un %<Hs %>Hs")
    assert found["url"] == ("%>ru", "%ru")
    assert found["username"] == ("%un", "%ui")
    assert found["respcode"] == ("%>Hs", "%<Hs")
    assert "credentials" not in str(columns_of("%ts %credentials"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("access.log", "has no % code; give what stands behind `logformat NAME`"),
        ("%>a %ru", "time is missing"),
        ("%ts %>a % ru", "'% ru' isn't a % code"),
    ],
)
def test_lines_that_are_no_logformat_are_refused_in_words(line: str, message: str) -> None:
    """The message says what is missing, or which code isn't one."""
    with pytest.raises(IngestError, match=message):
        given_format(line)


def test_a_sites_own_file_names_its_logformat(tmp_path: Path) -> None:
    """Columns that the file names come before those of the line, and a name is in no column by itself."""
    own = tmp_path / "own.toml"
    own.write_text(
        'name = "own"\ntitle = "Our proxies"\n'
        'logformat = \'%ts.%03tu %>a %>rm %>ru %>Hs "%{X-Real-IP}>h" "%note"\'\n'
        '[columns]\nclientip = ["%{x-real-ip}>h", "%>a"]\nwebcat = "%note"\n',
        encoding="utf-8",
    )
    content = b'1795887862.746 10.0.0.1 GET http://h.example/a 200 "172.16.0.9" "News, \\"x\\""\n'
    (row,) = log_rows(content, declaration(str(own)), tmp_path / "rows").rows
    assert (row["clientip"], row["webcat"], row["fulluri"]) == ("172.16.0.9", 'News, "x"', "h.example/a")


@pytest.mark.parametrize(
    ("code", "written"),
    [
        ("%[un", r"DOM\\j%c3%bcrgen doe"),
        ('"%un"', r'"DOM\\jürgen doe"'),
        ('"%un"', r'"DOM\\\\j%c3%bcrgen doe"'),
        ("%un", r"DOM\jürgen doe"),
        ("%un", "DOM%5Cj%c3%bcrgen doe"),
        ("%#un", "DOM%5Cj%C3%BCrgen%20doe"),
        ("%/un", r'"DOM\\jürgen doe"'),
        ("user=%un;", r"user=DOM\jürgen doe;"),
    ],
)
def test_a_users_name_is_decoded_as_squids_version_and_the_line_encode_it(
    code: str, written: str, tmp_path: Path
) -> None:
    """Squid 5 encodes a name as the line says, older ones always."""
    line = f"1795887862.746 {written} 10.0.0.1 GET http://h.example/\n".encode()
    (row,) = log_rows(line, given_format(f"%ts.%03tu {code} %>a %rm %>ru"), tmp_path).rows
    assert (row["username"], row["clientip"]) == ("DOM\\jürgen doe", "10.0.0.1")


def test_a_local_time_takes_the_given_zone(tmp_path: Path) -> None:
    """A time without a zone is in the one of --timezone, by default UTC."""
    line = given_format("%{%Y-%m-%d %H:%M:%S}tl %tr %>a %rm %>ru")
    content = b"2026-11-28 18:44:22 1500 10.0.0.1 GET http://h.example/\n"
    (row,) = log_rows(content, line, tmp_path / "utc").rows
    assert row["p_time"] == "18:44:20"
    (row,) = log_rows(content, line, tmp_path / "berlin", ZoneInfo("Europe/Berlin")).rows
    assert (row["p_time"], row["duration"]) == ("17:44:20", 1500)


def test_headers_that_squid_appends_tell_agent_and_referer(tmp_path: Path) -> None:
    """With log_mime_hdrs the native log has them; a client can't write one into another header."""
    line = (
        "1795887862.746 2 10.0.0.1 TCP_MISS/200 281 GET http://h.example/a - HIER_NONE/- text/html "
        r"[X: \\r\\nUser-Agent: fake\r\nuser-agent: a %5bb%5d \\ %ff\r\nCookie: secr\r\n] [HTTP/1.1 200\r\n]"
    )
    (row,) = log_rows(f"{line}\n".encode(), declaration("squid"), tmp_path).rows
    assert row["useragent"] == "a [b] \\ \ufffd"
    assert "referer" not in row
    assert "secr" not in str(row)


# What Squid's encodings are for the values of codes between quotes and outside.
_WORD = st.text(
    st.sampled_from(string.ascii_letters + string.digits + "/?&=.-_%\\|,:'\ufffdä"), min_size=1, max_size=12
)
_TEXT = st.text(st.sampled_from('ab "\\/[]%\t\r\n-:;=,\x1f\x0bé'), max_size=20)
_REQUEST = st.fixed_dictionaries(
    {
        "tr": st.integers(-1, 99999).map(str),
        ">a": st.sampled_from(["10.0.0.1", "2001:db8::1", "-"]),
        "Ss": st.sampled_from(["TCP_MISS", "NONE_NONE", "TCP_MISS_ABORTED"]),
        ">Hs": st.sampled_from(["000", "200", "404"]),
        ">st": st.integers(0, 2**40).map(str),
        "<st": st.integers(0, 2**40).map(str),
        "rm": st.sampled_from(["GET", "CONNECT", "FOO", "-"]),
        "url": st.one_of(_WORD, st.just("error:invalid-request"), _WORD.map(lambda text: f"http://h/{text}")),
        "un": st.one_of(st.just("-"), _WORD),
        "Sh": st.sampled_from(["HIER_DIRECT", "HIER_NONE", "TIMEOUT_FIRSTUP_PARENT"]),
        "<a": st.sampled_from(["1.2.3.4", "::1", "-"]),
        "mt": st.sampled_from(["-", "text/html"]),
        "referer": _TEXT,
        "agent": _TEXT,
    }
)


def _quoted(text: str) -> str:
    """Return a text as Squid writes it between quotes; an empty one is a dash."""
    for character, escape in {"\\": "\\\\", '"': '\\"', "\r": "\\r", "\n": "\\n", "\t": "\\t"}.items():
        text = text.replace(character, escape)
    return text or "-"


def _native(of: dict[str, str]) -> str:
    return (
        f"1795887862.746 {of['tr']:>6} {of['>a']} {of['Ss']}/{of['>Hs']} {of['<st']} {of['rm']} {of['url']} "
        f"{of['un']} {of['Sh']}/{of['<a']} {of['mt']}"
    )


def _with_agents(of: dict[str, str]) -> str:
    return f'{_native(of)} "{_quoted(of["referer"])}" "{_quoted(of["agent"])}"'


def _combined(of: dict[str, str]) -> str:
    referer, agent = (of[name].replace("\n", "").replace("\r", "") or "-" for name in ("referer", "agent"))
    return (
        f'{of[">a"]} - {of["un"]} [28/Nov/2026:17:44:22 +0000] "{of["rm"]} {of["url"]} HTTP/1.1" {of[">Hs"]} '
        f'{of["<st"]} "{referer}" "{agent}" {of["Ss"]}:{of["Sh"]}'
    )


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


@pytest.mark.parametrize(
    ("name", "written"), [("squid", _native), ("squid-agents", _with_agents), ("squid-combined", _combined)]
)
@given(data=st.data())
def test_both_ways_of_reading_lines_agree(name: str, written: Any, data: st.DataObject) -> None:
    """Lines that are split block by block have the fields that the exact parser finds in each."""
    requests = data.draw(st.lists(_REQUEST, min_size=1, max_size=8))
    layout = Layout.of(declaration(name))
    lines = [written(request) for request in requests]
    (block,) = blocks([("\n".join(lines) + "\n").encode()], cut_at=8191)
    prepared = prepare(block, layout)
    _engine().register("block", prepared.block)
    rows = _engine().execute(f"SELECT line, exact, f FROM ({prepared.select})").fetchall()
    assert len(rows) + len(prepared.rejected) == len(lines)
    assert not prepared.rejected
    for index, exact, fields in rows:
        parsed = parse_line(block.line(index), layout)
        split = [None if not exact and text in ("-", "") else text for text in fields]
        assert split == parsed[: len(split)]
    if name == "squid-agents":
        for index, _, fields in rows:
            wanted = [requests[index][part] or "-" for part in ("referer", "agent")]
            assert [text if text is not None else "-" for text in fields[10:12]] == wanted
