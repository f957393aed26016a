"""Debian's Squid with real traffic through it: every request that was sent is found in each of its logs."""

import re
import socket
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.browser import new_page
from support.home import Home, parquet_rows
from support.log_rows import LogRows, Row, log_rows
from support.squid_server import Origin, Squid, origin, squid

from proxy_oa_assets.cli.main import main
from proxy_oa_assets.ingest.declaration import declaration
from proxy_oa_assets.ingest.recognition import recognize

PROXYOA = declaration("squid-proxyoa").logformat
# A site's own format, whose fields neither blanks nor quotes alone divide.
JSON = (
    '{"time":"%{%Y-%m-%dT%H:%M:%S}tg","ms":%tr,"client":"%>a","result":"%Ss/%03>Hs","sent":%>st,"got":%<st,'
    '"method":"%rm","url":"%>ru","user":"%un","server":"%Sh/%<a","type":"%mt","agent":"%{User-Agent}>h",'
    '"referer":"%{Referer}>h"}'
)
FORMATS = {"native": "squid", "combined": "combined", "common": "common", "proxyoa": PROXYOA, "own": JSON}
IMITATION = 'x" 200 5 "-" "evil" TCP_MISS:HIER_DIRECT'


@dataclass(frozen=True)
class Sent:
    """A request that was sent: its URL as Squid has it, without the query that Squid strips."""

    method: str
    path: str
    query: str = ""
    agent: str | None = None
    referer: str | None = None
    status: str | None = "200"


@dataclass
class Traffic:
    """What was sent, and the logs' content, by name."""

    sent: list[Sent]
    logs: dict[str, bytes]
    authority: str


@pytest.fixture(scope="module")
def traffic() -> Traffic:
    """Send requests by curl, by raw bytes and by a browser through a Squid that writes five logs."""
    with origin() as server, squid(FORMATS) as proxy:
        sent = [*_by_curl(proxy, server), *_by_bytes(proxy, server), *_by_browser(proxy, server)]
        proxy.stop()
        return Traffic(sent, {name: proxy.log(name).read_bytes() for name in FORMATS}, server.authority)


def _by_curl(proxy: Squid, server: Origin) -> list[Sent]:
    agent = 'Mozilla/5.0 (X) a"b\\c'
    referer = 'http://ref.example/a b?x="1"'
    assert proxy.curl("-A", agent, "-e", referer, f"{server.address}/a.exe?q=1&b=%20x").stdout == "200"
    assert proxy.curl("-A", "up/1", "--data-binary", "y" * 20_000, f"{server.address}/up.php").stdout == "200"
    assert proxy.curl("-A", "put/1", "-T", __file__, f"{server.address}/put").stdout == "200"
    assert proxy.curl("-A", "", f"{server.address}/missing").stdout == "404"
    assert proxy.curl("-A", "tunnel/1", "-p", f"{server.address}/inside").stdout == "200"
    assert proxy.curl("-A", "v6/1", "http://[::1]:9/v6").stdout == "503"
    aborted = proxy.curl("-A", "abort/1", "-m", "0.4", f"{server.address}/slow?abort")
    assert aborted.returncode == 28, aborted
    return [
        Sent("GET", "/a.exe", "?q=1&b=%20x", agent, referer),
        Sent("POST", "/up.php", agent="up/1"),
        Sent("PUT", "/put", agent="put/1"),
        Sent("GET", "/missing", status="404"),
        Sent("CONNECT", server.authority, agent="tunnel/1"),
        Sent("GET", "/v6", agent="v6/1", status="503"),
        Sent("GET", "/slow", "?abort", "abort/1", status=None),
    ]


def _by_bytes(proxy: Squid, server: Origin) -> list[Sent]:
    def get(target: bytes, agent: bytes = b"", method: bytes = b"GET") -> None:
        head = b"User-Agent: " + agent + b"\r\n" if agent else b""
        url = b"http://" + server.authority.encode() + target
        proxy.send(method + b" " + url + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + head + b"\r\n")

    get(b"/sp ace?x y")
    get(b"/\xff\xfe\xe9", b"a\xff\tb\xe9")
    # Behind the row that Squid cuts, an attacker's request: native and combined glue it on.
    get(b"/" + b"A" * 9000, b"B" * 9000)
    get(b"/c2-beacon", b"beacon/1")
    get(b"/" + b"A" * 9000, IMITATION.encode())
    get(b"/ua", IMITATION.encode())
    get(b"/long-agent", b'C" "D' * 3000)
    get(b"/method", method=b"FOO")
    proxy.send(b"\x16\x03\x01junk\r\n\r\n")
    socket.create_connection(("127.0.0.1", proxy.port)).close()
    return [
        Sent("GET", "/space", "?xy"),
        Sent("GET", "/\udcff\udcfe\udce9", agent="a\ufffd\tb\ufffd"),
        Sent("GET", "/" + "A" * 9000, agent="B" * 9000, status="400"),
        Sent("GET", "/c2-beacon", agent="beacon/1"),
        Sent("GET", "/" + "A" * 9000, agent=IMITATION, status="400"),
        Sent("GET", "/ua", agent=IMITATION),
        Sent("GET", "/long-agent", agent='C" "D' * 3000),
        Sent("FOO", "/method", status="501"),
    ]


def _by_browser(proxy: Squid, server: Origin) -> list[Sent]:
    with new_page(proxy=proxy.address) as page:
        page.goto(f"{server.address}/page?user=1")
        page.wait_for_function("document.title === 'sent'")
        agent = page.evaluate("navigator.userAgent")
    referer = f"{server.address}/page?user=1"
    return [
        Sent("GET", "/page", "?user=1", agent),
        Sent("GET", "/picture.png", "?of=page", agent, referer),
        Sent("POST", "/api/send", "?x=1", agent, referer),
    ]


Found = tuple[str, str | None, str | None, str | None, str | None, str | None]


def _short(text: str | None) -> str | None:
    """Return the beginning of a text that Squid cuts."""
    return f"{text[:40]}..." if text and len(text) > 5000 else text


def _found(row: Row) -> Found:
    path = None if row["reqmethod"] == "CONNECT" else row.get("uripath")
    return (
        row["reqmethod"],
        _short(path),
        row.get("uriquery"),
        _short(row.get("useragent")),
        row.get("referer"),
        row.get("respcode"),
    )


def _wanted(sent: Sent, log: str) -> Found:
    """Return what a log has of a request that was sent."""
    raw, cut = log in ("native", "combined", "common"), len(sent.path) > 5000
    path = None if sent.method == "CONNECT" else sent.path
    if path and log != "proxyoa":
        path = path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    elif path:
        path = re.sub("[\udc80-\udcff]", lambda byte: f"%{ord(byte[0]) - 0xDC00:02X}", path)
    query = ("?" if sent.query else None) if raw else sent.query or None
    heard = log not in ("native", "common") and not cut
    status = None if cut and log in ("combined", "common") else sent.status
    agent, referer = (sent.agent, sent.referer) if heard else (None, None)
    return sent.method, _short(path), query, _short(agent), referer, status


@pytest.fixture(scope="module", params=FORMATS)
def log(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def read(traffic: Traffic, log: str, tmp_path_factory: pytest.TempPathFactory) -> LogRows:
    """A log's rows, in the format that it was taken for; a site's own format is given."""
    content = traffic.logs[log]
    if log == "own":
        return log_rows(content, declaration(f"squid:{JSON}"), tmp_path_factory.mktemp("rows"))
    format_ = recognize(content).declaration
    assert format_.name == ("squid" if log == "native" else f"squid-{log}")
    return log_rows(content, format_, tmp_path_factory.mktemp("rows"))


def test_every_request_that_was_sent_is_a_row(traffic: Traffic, read: LogRows, log: str) -> None:
    """Also the one behind a row that Squid cuts together with its line feed, and those of a browser."""
    ours = [row for row in read.rows if row.get("uriport") in (traffic.authority.split(":")[1], "9")]
    wanted = Counter(_wanted(sent, log) for sent in traffic.sent)
    found = Counter(_found(row) for row in ours)
    assert wanted - found == Counter()
    assert {path for _, path, *_ in found - wanted} <= {"/favicon.ico"}


def test_what_is_kept_aside_is_no_request(read: LogRows) -> None:
    """Junk, connections without a request, and nothing else."""
    assert len(read.rejects) >= 3
    assert {reason for _, _, reason, _ in read.rejects} == {"no request by a user: Squid logs its own error"}


def test_columns_say_what_was_measured(traffic: Traffic, read: LogRows, log: str) -> None:
    """Sizes, types, server and start of an upload and of a slow request."""
    rows = {row.get("uripath"): row for row in read.rows}
    upload, slow = rows["/up.php"], rows["/slow"]
    assert upload["host"] == upload["clientip"] == "127.0.0.1"
    assert (upload["uriport"], upload["uriextension"]) == (traffic.authority.split(":")[1], "php")
    assert upload["action"] == "TCP_MISS"
    if log in ("proxyoa", "own"):
        assert 20_000 < upload["csbytes"] < 20_500
    if log in ("native", "proxyoa", "own"):
        assert (upload["resconttype"], upload["serverip"]) == ("application/x-oa", "127.0.0.1")
        assert 300 <= slow["duration"] <= 1000
        assert "serverip" in slow
    tunnels = [row["fulluri"] for row in read.rows if row["reqmethod"] == "CONNECT"]
    assert tunnels.count(traffic.authority) == 1


def test_the_command_takes_the_logs_of_the_server(
    traffic: Traffic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`proxy-oa ingest` recognizes each; a format of the site's own is given as in squid.conf."""
    home = Home(tmp_path / "home")
    monkeypatch.setenv("PROXY_OA_HOME", str(home.path))
    folder = tmp_path / "logs"
    folder.mkdir()
    for name in ("native", "combined", "proxyoa"):
        (folder / name).write_bytes(traffic.logs[name])
    own = tmp_path / "own.log"
    own.write_bytes(traffic.logs["own"])

    for arguments in ([str(folder)], ["--format", f"squid:logformat own {JSON}", str(own)]):
        done = CliRunner().invoke(main, ["ingest", *arguments])
        assert done.exit_code == 0, done.output
    rows = [row for file in home.root.rglob("*.parquet") for row in parquet_rows(file)]
    beacons = [row for row in rows if row["uripath"] == "/c2-beacon"]
    assert len(beacons) == 4
    assert {row["useragent"] for row in beacons} == {None, "beacon/1"}
