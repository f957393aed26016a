"""The 17 odd requests that went through Debian's Squid, in each of its four logs."""

import json
from pathlib import Path

import pytest
from support.log_rows import LogRows, log_rows

from proxy_oa_assets.ingest.declaration import declaration
from proxy_oa_assets.ingest.recognition import recognize

FORMATS = {
    "native": "squid",
    "combined": "squid-combined",
    "plus": "squid-agents",
    "proxyoa": "squid-proxyoa",
}
IMITATION = 'x" 200 5 "-" "evil" TCP_MISS:HIER_DIRECT'
# Path, method, status and, where the log has it, duration in ms of each request, in the log's order.
REQUESTS = [
    ("/a.exe", "GET", "200", 2),
    ("/slow.json", "GET", "200", 1203),
    ("/up.php", "POST", "200", 9),
    ("/noua", "GET", "200", 14),
    (None, "CONNECT", "200", 43),
    (None, "CONNECT", "503", 0),
    ("/", "GET", "502", 1),
    ("/slow", "GET", None, 992),
    ("/v6", "GET", "503", 0),
    ("/space", "GET", "200", 19),
    ("/\ufffd\ufffd\ufffd", "GET", "200", 1),
    ("/AAA", "GET", "400", 12),
    ("/cr", "GET", "200", 9),
    ("/method", "FOO", "501", 28),
    ("/ua", "GET", "200", 35),
]


@pytest.fixture(params=FORMATS)
def log(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def sample(test_data: Path, tmp_path: Path, log: str) -> LogRows:
    content = (test_data / "logs" / "squid" / f"debian12-squid5.7-{log}.log").read_bytes()
    return log_rows(content, recognize(content).declaration, tmp_path)


def test_each_log_is_recognized_by_its_content(test_data: Path, log: str) -> None:
    """The four logs differ in their fields alone; the most fitting format is taken."""
    content = (test_data / "logs" / "squid" / f"debian12-squid5.7-{log}.log").read_bytes()

    assert recognize(content).declaration.name == FORMATS[log]
    assert "17 of 17 lines fit" in recognize(content).why


def test_each_request_is_a_row_also_the_one_behind_the_cut_row(sample: LogRows, log: str) -> None:
    """A URL of 9,000 bytes hides no other client's request, and is a row itself, with what is left of it."""
    found = {
        (
            row.get("uripath", "")[:4] if "AAA" in row.get("uripath", "") else row.get("uripath"),
            row["reqmethod"],
            row.get("respcode"),
        )
        for row in sample.rows
    }
    wanted = {(path, method, status) for path, method, status, _ in REQUESTS}
    if log == "combined":
        # The status stands behind the cut URL.
        wanted = wanted - {("/AAA", "GET", "400")} | {("/AAA", "GET", None)}
    if log == "proxyoa":
        wanted = wanted - {("/\ufffd\ufffd\ufffd", "GET", "200")} | {("/%FF%FE%E9", "GET", "200")}
    assert found == wanted
    assert len(sample.rows) == len(REQUESTS)
    (cut,) = (row for row in sample.rows if "AAA" in row.get("uripath", ""))
    assert len(cut["uripath"]) > 8000
    assert not {"useragent", "referer", "resconttype", "serverip", "username"} & set(cut)


def test_what_is_no_request_is_kept_aside(sample: LogRows) -> None:
    """A connection without a request and an unreadable one are rejects with a reason."""
    assert [(number, reason) for number, _, reason, _ in sample.rejects] == [
        ("11", "no request by a user: Squid logs its own error"),
        ("17", "no request by a user: Squid logs its own error"),
    ]


def test_times_are_requests_starts(sample: LogRows, log: str) -> None:
    """Squid logs a request's end; the start is that less the duration, where the log has it."""
    (slow,) = (row for row in sample.rows if row.get("uripath") == "/slow.json")
    started = "17:44:24" if log == "combined" else "17:44:22"
    assert (slow["p_date"], slow["p_time"]) == ("2026-11-28", started)
    assert slow.get("duration") == (None if log == "combined" else 1203)


def test_agents_and_referers_are_what_the_client_sent(sample: LogRows, log: str) -> None:
    """An agent that imitates the rest of the line shifts no column."""
    if log == "native":
        assert not any("useragent" in row or "referer" in row for row in sample.rows)
        return
    rows = {row.get("uripath"): row for row in sample.rows}
    assert rows["/a.exe"]["referer"] == 'http://ref.example/a b?x="1"'
    assert rows["/a.exe"]["useragent"] == 'Mozilla/5.0 (X) a"b\\c'
    assert rows["/ua"]["useragent"] == IMITATION
    assert (rows["/ua"]["respcode"], rows["/ua"]["scbytes"], rows["/ua"]["action"]) == (
        "200",
        268,
        "TCP_MISS_ABORTED",
    )
    assert rows["/cr"]["useragent"] == "a b"
    assert "useragent" not in rows["/noua"]


def test_hosts_ports_and_servers(sample: LogRows, log: str) -> None:
    """An IPv6 host has no brackets, percent-encoded or not; a server that wasn't reached has no address."""
    rows = {row.get("uripath"): row for row in sample.rows}
    v6 = rows["/v6"]
    assert (v6["host"], v6["uriport"], v6.get("serverip")) == (
        "::1",
        "3985",
        None if log == "combined" else "::1",
    )
    assert "serverip" not in rows["/"]
    tunnels = [row for row in sample.rows if row["reqmethod"] == "CONNECT"]
    assert [(row["host"], row["uriport"], row["fulluri"]) for row in tunnels] == [
        ("127.0.0.1", "3985", "127.0.0.1:3985"),
        ("127.0.0.1", "9", "127.0.0.1:9"),
    ]


def test_the_recommended_format_has_queries_and_sent_bytes(test_data: Path, tmp_path: Path) -> None:
    """`%>ru` keeps the query that Squid strips from the others, and `%>st` is what the client sent."""
    content = (test_data / "logs" / "squid" / "debian12-squid5.7-proxyoa.log").read_bytes()
    rows = {row.get("uripath"): row for row in log_rows(content, declaration("squid-proxyoa"), tmp_path).rows}

    assert rows["/a.exe"]["fulluri"] == "127.0.0.1/a.exe?q=1&b=%20x"
    assert rows["/up.php"]["csbytes"] == 12660
    assert json.dumps(rows["/slow.json"], sort_keys=True) == json.dumps(
        {
            "action": "TCP_MISS",
            "clientip": "127.0.0.1",
            "csbytes": 148,
            "duration": 1203,
            "fulluri": "127.0.0.1/slow.json?token=abc",
            "host": "127.0.0.1",
            "p_date": "2026-11-28",
            "p_time": "17:44:22",
            "reqmethod": "GET",
            "resconttype": "application/json",
            "respcode": "200",
            "scbytes": 288,
            "serverip": "127.0.0.1",
            "uriextension": "json",
            "uripath": "/slow.json",
            "uriport": "3985",
            "uriquery": "?token=abc",
            "urischeme": "http",
            "useragent": "curl/7.88.1",
        }
    )
