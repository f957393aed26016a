"""Lines of Squid's own formats: each field in its column, with anything in the others."""

from pathlib import Path
from typing import Any

import pytest
from support.log_rows import Row, log_rows

from proxy_oa_assets.ingest.declaration import declaration

NATIVE = "1795887862.746      2 10.0.0.1 {result} 281 {method} {url} {user} {server} text/html{tail}"
GET = {
    "result": "TCP_MISS/200",
    "method": "GET",
    "url": "http://h.example/a",
    "user": "-",
    "server": "HIER_DIRECT/1.2.3.4",
    "tail": "",
}


def native(**changed: str) -> str:
    return NATIVE.format(**{**GET, **changed})


def row_of(line: str, folder: Path, name: str = "squid") -> Row:
    found = log_rows(f"{line}\n".encode("utf-8", "surrogateescape"), declaration(name), folder)
    assert not found.rejects
    (row,) = found.rows
    return row


# A changed part of a native line, and the columns that follow from it.
NATIVE_LINES: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "blanks in the URL (uri_whitespace allow)": (
        {"url": "http://h.example/a b?c  d e"},
        {"uripath": "/a b", "uriquery": "?c  d e", "username": None, "serverip": "1.2.3.4"},
    ),
    "a URL that imitates the rest of the line": (
        {"url": "http://h.example/a - HIER_DIRECT/6.6.6.6 text/plain", "user": "jdoe"},
        {"uripath": "/a - HIER_DIRECT/6.6.6.6 text/plain", "serverip": "1.2.3.4", "username": "jdoe"},
    ),
    "a user with a domain and an umlaut": ({"user": r"DOM\\j%c3%bcrgen"}, {"username": "DOM\\jürgen"}),
    "a user in Kerberos": ({"user": "jane@EXAMPLE.COM"}, {"username": "jane@EXAMPLE.COM"}),
    "a user whose bytes aren't UTF-8": ({"user": "j%fcrgen"}, {"username": "j%fcrgen"}),
    "a timeout while peers were asked": ({"server": "TIMEOUT_HIER_DIRECT/1.2.3.4"}, {"serverip": "1.2.3.4"}),
    "a parent proxy": ({"server": "FIRSTUP_PARENT/10.9.9.9"}, {"serverip": None}),
    "a sibling": ({"server": "SIBLING_HIT/10.9.9.9"}, {"serverip": None}),
    "a bumped connection's server": ({"server": "PINNED/1.2.3.4"}, {"serverip": "1.2.3.4"}),
    "an intercepted connection's server": (
        {"server": "ORIGINAL_DST/2001:db8::9"},
        {"serverip": "2001:db8::9"},
    ),
    "a server's name (Squid 2)": ({"server": "DIRECT/www.example.com"}, {"serverip": None}),
    "no answer": (
        {"result": "TCP_MISS_ABORTED/000"},
        {"respcode": None, "action": "TCP_MISS_ABORTED", "scbytes": 281},
    ),
    "CONNECT to a name": (
        {"method": "CONNECT", "url": "Login.Example:443"},
        {"host": "login.example", "uriport": "443", "fulluri": "login.example:443", "uripath": None},
    ),
    "CONNECT to an IPv6 address": (
        {"method": "CONNECT", "url": "[2001:db8::1]:8443"},
        {"host": "2001:db8::1", "uriport": "8443", "fulluri": "[2001:db8::1]:8443"},
    ),
    "a percent-encoded authority": (
        {"url": "http://%5B::1%5D:3985/v6?x"},
        {"host": "::1", "uriport": "3985", "uripath": "/v6", "uriquery": "?x"},
    ),
    "an authority that decodes to no UTF-8": ({"url": "http://%ff.example/"}, {"host": "%ff.example"}),
    "user and password in the URL": (
        {"url": "ftp://u:p%40@h.example/f"},
        {"host": "h.example", "uripath": "/f"},
    ),
    "headers behind the line (log_mime_hdrs)": (
        {"tail": r" [Host: h.example\r\nX: %5b%5d\r\n] [HTTP/1.1 200 OK\r\nY: z\r\n\r]"},
        {"uripath": "/a", "resconttype": "text/html", "serverip": "1.2.3.4"},
    ),
    "a method of its own": ({"method": "FOO-BAR"}, {"reqmethod": "FOO-BAR"}),
    "a URL of a request that Squid couldn't read": ({"method": "-"}, {"reqmethod": None, "uripath": "/a"}),
}


COMBINED = (
    '10.0.0.1 - {user} [28/Nov/2026:18:44:22 +0100] "{request}" 200 281 '
    '"{referer}" "{agent}" TCP_MISS:HIER_DIRECT'
)
REQUEST = {"user": "-", "request": "GET http://h.example/a HTTP/1.1", "referer": "-", "agent": "-"}
RAW = {
    "plain": {"agent": "Mozilla/5.0 (X11; Linux)"},
    "imitation of the rest": {"agent": 'x" 200 5 "-" "evil" TCP_MISS:HIER_DIRECT'},
    "quotes and blanks": {"agent": '" " "a" " "', "referer": 'http://r/"q'},
    "a backslash at the end": {"agent": "a\\"},
    "an even number of quotes": {"agent": 'a" "b" "c'},
    "nothing but a quote": {"agent": '"'},
    "a URL with a quote": {"request": 'GET http://h.example/"x" HTTP/1.1'},
    "a URL with blanks": {"request": 'GET http://h.example/a" b "c HTTP/1.1'},
    "a user with blanks": {"user": "jane doe"},
}


def combined(**changed: str) -> str:
    return COMBINED.format(**{**REQUEST, **changed})


@pytest.fixture(scope="module")
def rows_by_case(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    """Read the native lines and the combined ones with raw quotes as a log each; a client tells the case."""
    rows = {}
    for name, lines in {
        "squid": {case: native(**changed) for case, (changed, _) in NATIVE_LINES.items()},
        "squid-combined": {case: combined(**changed) for case, changed in RAW.items()},
    }.items():
        clients = {f"10.0.1.{number}": case for number, case in enumerate(lines)}
        texts = [
            line.replace("10.0.0.1", client, 1) for client, line in zip(clients, lines.values(), strict=True)
        ]
        found = log_rows(
            ("\n".join(texts) + "\n").encode(), declaration(name), tmp_path_factory.mktemp("rows")
        )
        assert not found.rejects
        rows |= {clients[row["clientip"]]: row for row in found.rows}
    return rows


@pytest.mark.parametrize("case", NATIVE_LINES)
def test_native_lines(case: str, rows_by_case: dict[str, Row]) -> None:
    """Each part of a native line is in its column, with anything in the parts before it."""
    _, wanted = NATIVE_LINES[case]
    row = rows_by_case[case]
    assert {name: row.get(name) for name in wanted} == wanted
    assert (row["p_date"], row["p_time"]) == ("2026-11-28", "17:44:22")


def test_lines_that_are_no_request_are_rejects(tmp_path: Path) -> None:
    """A reject says why it is one, and doesn't cost the rows beside it."""
    own_error = "no request by a user: Squid logs its own error"
    lines = {
        native(method="-", url="error:transaction-end-before-headers"): own_error,
        native(method="NONE", url="error:invalid-request"): own_error,
        native(method="-", url="-", server="HIER_NONE/-"): "no request: the method is missing",
        r" [Host: h\r\n] [HTTP/1.1 400 Bad\r\n]": "the headers of the line before, which the proxy had cut",
        native().split(" http")[0]: "the line isn't as the logformat says, from %ru on",
        "hello": "the line isn't as the logformat says, from %ts.%tu on",
        "": "the line isn't as the logformat says, from %ts.%tu on",
    }
    content = "".join(f"{native()}\n{line}\n" for line in lines).encode()
    found = log_rows(content, declaration("squid"), tmp_path)
    assert [reason for _, _, reason, _ in found.rejects] == list(lines.values())
    assert [int(number) for number, *_ in found.rejects] == [2, 4, 6, 8, 10, 12, 14]
    assert len(found.rows) == len(lines)


@pytest.mark.parametrize(
    ("format_", "line", "wanted"),
    [
        pytest.param(
            "squid",
            native()[:60] + "A" * (8191 - 60),
            {
                "clientip": "10.0.0.1",
                "respcode": "200",
                "scbytes": 281,
                "serverip": None,
                "resconttype": None,
            },
            id="native",
        ),
        pytest.param(
            "squid",
            native(url="http://h.example/" + "A" * 8102)[:8191],
            {"uriquery": None, "serverip": None},
            id="native, cut in the server's address",
        ),
        pytest.param(
            "squid",
            native(url="http://h.example/" + "A" * 4000 + " u HIER_6.6.6.6 " + "t" * 9000)[:8191],
            {"username": None, "serverip": None, "resconttype": None, "uriquery": None},
            id="native, cut in a URL whose blanks stand for the missing fields",
        ),
        pytest.param(
            "squid-combined",
            ('10.0.0.1 - jd [28/Nov/2026:17:44:22 +0000] "GET http://h.example/' + "A" * 9000)[:8191],
            {"username": "jd", "reqmethod": "GET", "host": "h.example", "respcode": None, "useragent": None},
            id="combined, cut in the URL",
        ),
        pytest.param(
            "squid-combined",
            (
                '10.0.0.1 - - [28/Nov/2026:17:44:22 +0000] "GET http://h.example/a HTTP/1.1" 200 5 '
                '"http://r/" "' + 'x" "y" ' * 2000
            )[:8191],
            {"uripath": "/a", "respcode": "200", "referer": "http://r/", "action": None},
            id="combined, cut in the user agent",
        ),
        pytest.param(
            "squid:[%tl] %>a %>rm [%>ru] %>Hs",
            ("[28/Nov/2026:17:44:22 +0000] 10.0.0.1 - [http://h.example/" + "A" * 9000)[:8191],
            {"host": "h.example", "clientip": "10.0.0.1", "reqmethod": None, "respcode": None},
            id="a URL in brackets, of a request that Squid couldn't read",
        ),
        pytest.param(
            "squid-common",
            (
                '10.0.0.1 - - [28/Nov/2026:17:44:22 +0000] "GET http://h.example/a HTTP/1.1" 200 5 '
                "TCP_MISS:HIER_NONE [User-Agent: " + "U" * 9000
            )[:8191],
            {"uripath": "/a", "respcode": "200", "action": "TCP_MISS"},
            id="common, cut in the headers behind it",
        ),
        pytest.param(
            "squid-agents",
            (native(tail=' "-" "' + 'U\\"' * 4000))[:8191],
            {"uripath": "/a", "serverip": "1.2.3.4", "resconttype": "text/html", "referer": None},
            id="with agents, cut in the user agent",
        ),
    ],
)
def test_a_cut_line_is_a_row_with_what_is_left(
    format_: str, line: str, wanted: dict[str, Any], tmp_path: Path
) -> None:
    """Squid cuts a line at 8,191 bytes: what stands behind is NULL, and a text that was cut is kept."""
    assert len(line) == 8191
    row = row_of(line, tmp_path, format_)
    assert {name: row.get(name) for name in wanted} == wanted
    assert max(len(str(value)) for value in row.values()) > 5000


def test_a_row_glued_to_a_cut_one_is_found_and_counted(tmp_path: Path) -> None:
    """A NUL 8,191 bytes behind a line's begin is a line end, as often as it comes; another NUL is data."""
    cut = native(url="http://h.example/" + "A" * 9000)[:8191]
    behind, with_nul = native(url="http://c2.example/x"), native(url="http://h/a\0b")
    content = f"{cut}\0{cut}\0{behind}\n{with_nul}\n".encode()
    found = log_rows(content, declaration("squid"), tmp_path)
    assert [row["host"] for row in found.rows].count("c2.example") == 1
    assert len(found.rows) == 4
    assert any(row.get("uripath") == "/a\0b" for row in found.rows)
    assert found.reading.warnings == [
        "2 rows stood behind a line that the proxy had cut, without a line feed between"
    ]


@pytest.mark.parametrize("case", RAW)
def test_raw_quotes_in_combined_shift_no_column(case: str, rows_by_case: dict[str, Row]) -> None:
    """Status and size come from the left, the result from the right; the first `" "` ends the referer."""
    given, row = {**REQUEST, **RAW[case]}, rows_by_case[case]
    assert (row["p_time"], row["respcode"], row["scbytes"], row["action"]) == (
        "17:44:22",
        "200",
        281,
        "TCP_MISS",
    )
    assert row["host"] == "h.example"
    for column, name in (("username", "user"), ("referer", "referer"), ("useragent", "agent")):
        assert row.get(column) == (None if given[name] == "-" else given[name])
