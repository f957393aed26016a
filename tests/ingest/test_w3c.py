"""Logs of the W3C's extended format: each vendor's field in its column."""

from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.log_rows import Row, log_rows

from proxy_oa_assets.ingest.declaration import declaration
from proxy_oa_assets.ingest.families.delimited import UNIT, parse, prepare, split
from proxy_oa_assets.ingest.layout import Layout
from proxy_oa_assets.ingest.log_lines import blocks
from proxy_oa_assets.ingest.recognition import recognize
from proxy_oa_assets.model.errors import IngestError

AGENT = "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101"
MAIN = (
    "date time time-taken c-ip sc-status s-action sc-bytes cs-bytes cs-method cs-uri-scheme cs-host "
    "cs-uri-port "
    "cs-uri-path cs-uri-query cs-username cs-auth-group s-supplier-name rs(Content-Type) cs(Referer) "
    "cs(User-Agent) sc-filter-result cs-categories x-virus-id s-ip"
)
REPORTER = (
    "date time time-taken c-ip cs-username cs-auth-group s-supplier-name s-supplier-ip s-supplier-country "
    "s-supplier-failures x-exception-id sc-filter-result cs-categories cs(Referer) sc-status s-action "
    "cs-method "
    "rs(Content-Type) cs-uri-scheme cs-host cs-uri-port cs-uri-path cs-uri-query cs-uri-extension "
    "cs(User-Agent) s-ip sc-bytes cs-bytes x-virus-id x-bluecoat-application-name "
    "x-bluecoat-application-operation"
)
NETSKOPE = (
    "date time time-taken cs-bytes sc-bytes bytes c-ip s-ip cs-username cs-method cs-uri-scheme cs-uri-query "
    "cs-user-agent cs-content-type sc-status sc-content-type cs-dns cs-host cs-uri cs-uri-port cs-referer "
    "x-cs-session-id x-cs-app x-cs-timestamp x-cs-userip x-category x-policy-action x-cs-src-ip "
    "x-cs-src-ip-egress x-cs-dst-ip x-cs-ssl-version rs-status x-cs-app-activity"
)
ISA = (
    "c-ip cs-username c-agent sc-authenticated date time s-svcname s-computername cs-referred r-host r-ip "
    "r-port time-taken cs-bytes sc-bytes cs-protocol cs-transport s-operation cs-uri cs-mime-type "
    "s-object-source sc-status s-cache-info rule action UrlCategory"
)
CISCO = (
    "timestamp x-elapsed-time c-ip x-resultcode-httpstatus sc-bytes cs-method cs-url cs-username "
    "x-hierarchy-origin cs-mime-type x-acltag s-ip cs(User-Agent) cs(Referer) x-webcat-code-full"
)
AT = {"p_date": "2026-11-28", "p_time": "17:44:22"}


class Case(NamedTuple):
    """A log's lines, the format it is recognized as, and its rows."""

    format: str
    lines: list[str]
    rows: list[Row]


def headed(fields: str, *lines: str) -> list[str]:
    return ["#Software: SGOS 7.3.9.1", "#Version: 1.0", f"#Fields: {fields}", '#Remark: 417 "sg1"', *lines]


CASES = {
    "main": Case(
        "w3c",
        headed(
            MAIN,
            "2026-11-28 17:44:22 48 10.8.1.36 302 TCP_NC_MISS 1242 969 GET https Pixel.Example 443 "
            "/sync/a.gif ?u=1"
            " CORP%5Cada admins pixel.example application/json;%20charset=UTF-8 https://ref.example/ "
            f'"{AGENT}" '
            f'OBSERVED "Web Ads/Analytics;News" - 198.51.100.1',
        ),
        [
            {
                **AT,
                "duration": 48,
                "clientip": "10.8.1.36",
                "respcode": "302",
                "action": "TCP_NC_MISS",
                "scbytes": 1242,
                "csbytes": 969,
                "reqmethod": "GET",
                "urischeme": "https",
                "host": "pixel.example",
                "uriport": "443",
                "uripath": "/sync/a.gif",
                "uriquery": "?u=1",
                "uriextension": "gif",
                "username": "CORP\\ada",
                "authgroup": "admins",
                "resconttype": "application/json; charset=UTF-8",
                "referer": "https://ref.example/",
                "useragent": AGENT,
                "filterresult": "OBSERVED",
                "webcat": "Web Ads/Analytics;News",
                "fulluri": "pixel.example/sync/a.gif?u=1",
            }
        ],
    ),
    "tunnels": Case(
        "w3c",
        headed(
            f"{MAIN} r-ip",
            "2026-11-28 17:44:22 382 10.8.1.36 200 TCP_ACCELERATED 39 356 CONNECT tcp a.example 443 / "
            "- - - - - - - "
            'OBSERVED "-" - 198.51.100.1 203.0.113.7',
            "2026-11-28 17:44:22 1407 10.8.1.36 0 TUNNELED 4897 5784 unknown ssl a.example 443 / - - - "
            "a.example - - "
            "- OBSERVED - - 198.51.100.1 203.0.113.7",
        ),
        [
            {
                **AT,
                "duration": 382,
                "clientip": "10.8.1.36",
                "respcode": "200",
                "action": "TCP_ACCELERATED",
                "scbytes": 39,
                "csbytes": 356,
                "reqmethod": "CONNECT",
                "urischeme": "tcp",
                "host": "a.example",
                "uriport": "443",
                "filterresult": "OBSERVED",
                "serverip": "203.0.113.7",
                "fulluri": "a.example:443",
            },
            {
                **AT,
                "duration": 1407,
                "clientip": "10.8.1.36",
                "action": "TUNNELED",
                "scbytes": 4897,
                "csbytes": 5784,
                "reqmethod": "unknown",
                "urischeme": "ssl",
                "host": "a.example",
                "uriport": "443",
                "filterresult": "OBSERVED",
                "serverip": "203.0.113.7",
                "fulluri": "a.example:443",
            },
        ],
    ),
    "reporter": Case(
        "w3c",
        headed(
            REPORTER,
            '2026-11-28 17:44:22 6 10.8.1.2 ada staff www.a.example 203.0.113.8 "None" - '
            "virus_detected DENIED "
            '"Chat (IM)/SMS" https://ref.example/  403 TCP_DENIED POST text/html "http" www.a.example 8080 '
            f'/up.php ?a=b php "{AGENT}" 198.51.100.1 1297 582 EICAR "Snapchat" "none"',
        ),
        [
            {
                **AT,
                "duration": 6,
                "clientip": "10.8.1.2",
                "username": "ada",
                "authgroup": "staff",
                "exceptionid": "virus_detected",
                "filterresult": "DENIED",
                "webcat": "Chat (IM)/SMS",
                "referer": "https://ref.example/",
                "respcode": "403",
                "action": "TCP_DENIED",
                "reqmethod": "POST",
                "resconttype": "text/html",
                "urischeme": "http",
                "host": "www.a.example",
                "uriport": "8080",
                "uripath": "/up.php",
                "uriquery": "?a=b",
                "uriextension": "php",
                "useragent": AGENT,
                "serverip": "203.0.113.8",
                "scbytes": 1297,
                "csbytes": 582,
                "virusid": "EICAR",
                "bcappname": "Snapchat",
                "fulluri": "www.a.example/up.php?a=b",
            }
        ],
    ),
    "netskope": Case(
        "netskope",
        [
            f"#Fields: {NETSKOPE}",
            (
                "2026-11-28 17:44:59 589 234 683 917 198.51.100.9 203.0.113.9 ada@example.com GET https "
                f'q=1 "{AGENT}" '
                "- 200 application/json a.example a.example /api/x.js 443 https://ref.example/ 38664702 "
                '"Google Maps" 1795887862 NotAvailable "Cloud Storage" allow 172.17.25.6 192.0.2.1 '
                "203.0.113.10 "
                "NotChecked 200 Upload"
            ),
            (
                f'2026-11-28 17:44:22 - 1 2 3 198.51.100.9 N/A - CONNECT https - "{AGENT}" - NotChecked - '
                "- a.example - "
                "443 - 38664703 - - - - - NotAvailable 192.0.2.1 203.0.113.10 NoSSL - -"
            ),
        ],
        [
            {
                **AT,
                "duration": 589,
                "clientip": "172.17.25.6",
                "csbytes": 234,
                "scbytes": 683,
                "username": "ada@example.com",
                "reqmethod": "GET",
                "urischeme": "https",
                "useragent": AGENT,
                "respcode": "200",
                "resconttype": "application/json",
                "host": "a.example",
                "uripath": "/api/x.js",
                "uriextension": "js",
                "uriquery": "?q=1",
                "uriport": "443",
                "referer": "https://ref.example/",
                "serverip": "203.0.113.9",
                "webcat": "Cloud Storage",
                "action": "allow",
                "bcappname": "Google Maps",
                "bcappoper": "Upload",
                "fulluri": "a.example/api/x.js?q=1",
            },
            {
                **AT,
                "clientip": "198.51.100.9",
                "csbytes": 1,
                "scbytes": 2,
                "reqmethod": "CONNECT",
                "urischeme": "https",
                "useragent": AGENT,
                "host": "a.example",
                "uriport": "443",
                "serverip": "203.0.113.10",
                "fulluri": "a.example:443",
            },
        ],
    ),
    "isa": Case(
        "isa",
        [
            "#Software: Microsoft(R) Internet Security and Acceleration Server 2006",
            "#Fields: " + ISA.replace(" ", "\t"),
            f"10.2.3.4 CORP\\ada? {AGENT} N 2026-11-28 17:44:22 w3proxy ISA1 http://ref.example/ a.example "
            "203.0.113.5 80 78 489 5591 http TCP GET http://a.example/new.dll?f1 "
            "application/octet-stream Inet 200 "
            "0x40000005 Allow#all Allowed News".replace(AGENT, "AGENT")
            .replace(" ", "\t")
            .replace("AGENT", AGENT),
            "10.2.3.5 anonymous - N 2026-11-28 17:44:22 w3proxy ISA1 - a.example 192.0.2.7 443 0 1 2 "
            "SSL-tunnel TCP "
            "CONNECT a.example:443 - Upstream 407 0x0 - Denied -".replace(" ", "\t"),
        ],
        [
            {
                **AT,
                "clientip": "10.2.3.4",
                "username": "CORP\\ada",
                "useragent": AGENT,
                "referer": "http://ref.example/",
                "host": "a.example",
                "serverip": "203.0.113.5",
                "uriport": "80",
                "duration": 78,
                "csbytes": 489,
                "scbytes": 5591,
                "urischeme": "http",
                "reqmethod": "GET",
                "uripath": "/new.dll",
                "uriextension": "dll",
                "uriquery": "?f1",
                "resconttype": "application/octet-stream",
                "respcode": "200",
                "action": "Allowed",
                "webcat": "News",
                "fulluri": "a.example/new.dll?f1",
            },
            {
                **AT,
                "clientip": "10.2.3.5",
                "host": "a.example",
                "uriport": "443",
                "duration": 0,
                "csbytes": 1,
                "scbytes": 2,
                "urischeme": "ssl-tunnel",
                "reqmethod": "CONNECT",
                "respcode": "407",
                "action": "Denied",
                "fulluri": "a.example:443",
            },
        ],
    ),
    "cisco": Case(
        "cisco-w3c",
        [
            "#Version: 1.0",
            "#Date: 2026-11-28 17:40:00",
            "#System: 10.1.1.1 - wsa.example",
            "#Software: AsyncOS for Web 15.0.0",
            f"#Fields: {CISCO}",
            (
                "1795887863.150 1150 10.2.3.4 TCP_MISS/200 8187 GET http://a.example:8080/x.html?q=1 "
                '"CORP\\ada@realm" '
                f'DIRECT/a.example text/html DEFAULT_CASE_12-Policy 203.0.113.5 "{AGENT}" '
                'http://ref.example/ "News"'
            ),
            (
                "1795887862.150 0 10.2.3.4 NONE/000 0 TCP_CONNECT tunnel://a.example:443/ - "
                "DEFAULT_PARENT/parent.example - DECRYPT 192.0.2.7 - - -"
            ),
        ],
        [
            {
                **AT,
                "duration": 1150,
                "clientip": "10.2.3.4",
                "action": "TCP_MISS",
                "respcode": "200",
                "scbytes": 8187,
                "reqmethod": "GET",
                "urischeme": "http",
                "host": "a.example",
                "uriport": "8080",
                "uripath": "/x.html",
                "uriquery": "?q=1",
                "uriextension": "html",
                "username": "CORP\\ada@realm",
                "serverip": "203.0.113.5",
                "resconttype": "text/html",
                "filterresult": "DEFAULT_CASE_12-Policy",
                "useragent": AGENT,
                "referer": "http://ref.example/",
                "webcat": "News",
                "fulluri": "a.example/x.html?q=1",
            },
            {
                **AT,
                "duration": 0,
                "clientip": "10.2.3.4",
                "action": "NONE",
                "scbytes": 0,
                "reqmethod": "TCP_CONNECT",
                "urischeme": "tunnel",
                "host": "a.example",
                "uriport": "443",
                "filterresult": "DECRYPT",
                "fulluri": "a.example:443",
            },
        ],
    ),
}


def content(lines: list[str], end: str = "\n") -> bytes:
    return "".join(f"{line}{end}" for line in lines).encode()


@pytest.mark.parametrize("name", CASES)
def test_each_field_is_in_its_column(name: str, tmp_path: Path) -> None:
    """A vendor's lines, recognized by their header, give exactly these rows."""
    case = CASES[name]
    log = content(case.lines)

    assert recognize(log).declaration.name == case.format
    assert log_rows(log, recognize(log).declaration, tmp_path).rows == case.rows


@pytest.mark.parametrize(
    ("named", "name"),
    [("bluecoat-main", "main"), ("bluecoat-reporter", "reporter")],
)
def test_a_log_without_its_header_is_read_by_the_product_s_own(named: str, name: str, tmp_path: Path) -> None:
    """What a collector takes from syslog has no header; the same rows come out, also behind a prefix."""
    lines = [line for line in CASES[name].lines if not line.startswith("#")]
    if name == "reporter":
        lines = [line.replace('EICAR "Snapchat"', 'EICAR - - - - "Snapchat"') for line in lines]
    log = content([f"<134>Nov 28 17:45:00 sg1 bluecoat[0]: {line}" for line in lines])

    assert recognize(log).declaration.name == named
    assert log_rows(log, recognize(log).declaration, tmp_path).rows == CASES[name].rows


def test_spots_27_fields_and_the_ssl_log_are_read_without_a_header(tmp_path: Path) -> None:
    """Apache Spot's own input, and bcreporterssl_v1, which has neither path nor query."""
    spot = (
        '2026-11-28 17:44:22 5 10.0.0.1 ada staff - OBSERVED "News" http://ref.example/ 200 TCP_MISS '
        "GET text/html "
        'http a.example 80 /x.html ?q=1 html "UA 1" 198.51.100.1 10 20 - "App" "Read"\n'
    )
    ssl = (
        '2026-11-28 17:44:22 63703 10.0.1.1 user1 - a.example 10.1.1.2 "None" - - OBSERVED "Sports" 0 '
        "TUNNELED "
        'unknown - "ssl" a.example 443 - - 10.0.1.3 42796 3174 - - - - - none - - high b.example "CDN" '
        "1 1 - -\n"
    )
    for named, line, fulluri, sizes in [
        ("bluecoat-spot", spot, "a.example/x.html?q=1", (20, 10)),
        ("bluecoat-reporter-ssl", ssl, "a.example:443", (3174, 42796)),
    ]:
        assert recognize(line.encode()).declaration.name == named
        [row] = log_rows(line.encode(), declaration(named), tmp_path / named).rows
        assert (row["fulluri"], (row["csbytes"], row["scbytes"])) == (fulluri, sizes)
        assert row["host"] == "a.example"


@pytest.mark.parametrize(
    ("hierarchy", "name", "address", "serverip"),
    [
        ("DIRECT", "a.example", "203.0.113.5", "203.0.113.5"),
        ("DIRECT", "203.0.113.5", "-", "203.0.113.5"),
        ("DIRECT", "a.example", "-", None),
        ("DEFAULT_PARENT", "parent.example", "192.0.2.7", None),
        ("-", "a.example", "203.0.113.5", "203.0.113.5"),
        ("-", "A.Example", "203.0.113.5", "203.0.113.5"),
        ("-", "parent.example", "192.0.2.7", None),
        ("-", "-", "203.0.113.5", "203.0.113.5"),
        ("-", "192.0.2.7", "192.0.2.7", None),
        ("-", "-", "-", None),
    ],
)
def test_the_server_is_the_origin_never_the_appliance_nor_a_parent_proxy(
    hierarchy: str, name: str, address: str, serverip: str | None, tmp_path: Path
) -> None:
    """The host that the proxy asked counts if it was asked directly, or is the one that the URL names."""
    fields = "date time c-ip cs-method cs-host cs-uri-path s-hierarchy s-supplier-name s-supplier-ip s-ip"
    line = f"2026-11-28 17:44:22 10.0.0.1 GET a.example / {hierarchy} {name} {address} 198.51.100.1"

    [row] = log_rows(content([f"#Fields: {fields}", line]), declaration("w3c"), tmp_path).rows
    assert row.get("serverip") == serverip


QUOTED = "date time c-ip cs-method cs-host cs-uri-path cs(User-Agent) cs(Referer)"


@pytest.mark.parametrize(
    ("rest", "path", "agent", "referer"),
    [
        ('/a "x y" -', "/a", "x y", None),
        ('/a "" r', "/a", None, "r"),
        ('/a  "x  y"   r', "/a", "x  y", "r"),
        ('/a"b "x y" r', '/a"b', "x y", "r"),
        ('/a "x "" y" r', "/a", 'x " y', "r"),
        ('/a "x "q" y" r', "/a", 'x "q" y', "r"),
        ('/a "x"" r', "/a", 'x"', "r"),
        ('/a "x\\" r', "/a", "x\\", "r"),
        ('/a "x \\" y" r', "/a", 'x \\" y', "r"),
        ('/a "x y "r', "/a", '"x', None),
        ("/a  r", "/a", None, "r"),
        ("#a b #c", "#a", "b", "#c"),
    ],
)
def test_quotes_and_blanks_inside_fields_shift_no_column(
    rest: str, path: str, agent: str | None, referer: str | None, tmp_path: Path
) -> None:
    """A field is what gives the line as many fields as the header names; else the line is rejected."""
    line = f"2026-11-28 17:44:22 10.0.0.1 GET a.example {rest}"
    log = log_rows(content([f"#Fields: {QUOTED}", line]), declaration("w3c"), tmp_path)

    if agent == '"x':
        assert log.reading.reasons == {"9 fields instead of 8 that the header names": 1}
        return
    assert [(row["uripath"], row.get("useragent"), row.get("referer")) for row in log.rows] == [
        (path, agent, referer)
    ]


def test_fields_can_change_in_mid_file_and_a_line_of_data_can_begin_with_a_hash(tmp_path: Path) -> None:
    """The latest #Fields holds; directives are header lines, other lines that begin with # are data."""
    lines = [
        "#Fields: c-ip date time cs-method cs-host cs-uri-path",
        "10.0.0.1 2026-11-28 17:44:22 GET a.example /1",
        "#Remark: restarted",
        "#Fields: date time cs-host c-ip cs-uri-path cs-method",
        "2026-11-28 17:44:23 b.example 10.0.0.2 /2 POST",
        "#FIELDS: CS-USERNAME date time c-ip cs-host cs(user-agent)",
        "#1 2026-11-28 17:44:24 10.0.0.3 c.example -",
        "#nobody 2026-11-28 17:44:25 10.0.0.3",
    ]
    log = log_rows(content(lines, "\r\n"), declaration("w3c"), tmp_path)

    assert [
        (row["clientip"], row["host"], row.get("reqmethod"), row.get("username")) for row in log.rows
    ] == [
        ("10.0.0.1", "a.example", "GET", None),
        ("10.0.0.2", "b.example", "POST", None),
        ("10.0.0.3", "c.example", None, "#1"),
    ]
    assert [reject[0] for reject in log.rejects] == ["8"]
    assert log.reading.header_lines == 4
    assert log.reading.warnings == ["the header's fields change 2 times"]


def test_a_header_that_names_fewer_fields_than_the_rows_have_is_refused_in_words(tmp_path: Path) -> None:
    """Recognition and each reject name both numbers and the header."""
    lines = CASES["main"].lines
    log = content([line.replace(" cs(User-Agent)", "") for line in lines])

    with pytest.raises(IngestError, match=r"w3c: .*24 fields instead of 23 that the header names"):
        recognize(log)
    reading = log_rows(log, declaration("w3c"), tmp_path).reading
    assert reading.reasons == {"24 fields instead of 23 that the header names": 1}


def test_the_sample_of_sgos_3_gives_its_three_rows(test_data: Path, tmp_path: Path) -> None:
    """The three lines of 2005, with the origin's address and not the appliance's."""
    log = (test_data / "logs" / "bluecoat" / "honeynet_2005_3lines.log").read_bytes()
    found = log_rows(log, recognize(log).declaration, tmp_path)

    assert [(row["fulluri"], row.get("serverip"), row["webcat"]) for row in found.rows] == [
        ("hg.travelocity.com.edgesuite.net/graphics/tvly_mc_125x25.gif", "80.67.66.62", "Travel"),
        (
            "images.google.com/images?q=tbn:-dEjG3JAHxgJ:www.kevcom.com/images/linux/linux.logo.2yp.jpg",
            None,
            "Hacking/Proxy Avoidance",
        ),
        ("twinpeaksweather.com/java-sys/Dgclock.class", "66.235.216.135", "News/Media"),
    ]
    assert (found.reading.lines, found.reading.header_lines) == (6, 3)


_FIELD = st.text('a "\\\t\x1f-#,%', max_size=8)
_LINE = st.lists(_FIELD | _FIELD.map(lambda text: f'"{text}"') | st.just('"a b"'), max_size=5).map(" ".join)


@settings(max_examples=300, deadline=None)
@given(st.lists(_LINE, min_size=1, max_size=5))
@example(['""', '"a b" "a b"'])
def test_lines_split_at_once_are_as_the_exact_parser_has_them(lines: list[str]) -> None:
    """A regular line's fields are those that it has when parsed alone; each line is a row or a reject."""
    layout = Layout.of(declaration("w3c"), ("#Fields: date time c-ip",))
    [block] = blocks(["".join(f"{line}\n" for line in lines).encode()])
    marked = split(block, layout.declaration)
    for index, text in enumerate(marked.text.decode().split("\n")[: len(block)]):
        if marked.regular[index] and marked.counts[index] == len(layout.fields):
            fields = [None if each in ("-", "") else each for each in text.split(UNIT)]
            assert fields == parse(lines[index], layout)

    prepared = prepare(block, layout)
    assert len(prepared.block) + len(prepared.rejected) == len(lines)
