"""Lines of proxies that write as Squid, Apache or nginx do: recognized, and each field in its column."""

from pathlib import Path
from typing import Any

import pytest
from support.log_rows import log_rows

from proxy_oa_assets.ingest.recognition import recognize
from proxy_oa_assets.model.errors import IngestError

NATIVE = "1795887862.746 2 10.0.0.1 TCP_MISS/200 281 GET http://h.example/a - HIER_DIRECT/1.2.3.4 text/html"
SWA = (
    "1744720338.142 87 10.0.10.42 TCP_MISS/200 14523 {request} {user} DIRECT/198.51.100.10 application/pdf "
    'ALLOW_WBRS_12-DefaultGroup-NONE <"IW_comp",7.1,1,"-",-,"Computers and Internet",0.20,[Local],-> {own}'
)
# A line of each format, and the columns that it fills.
LINES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "Cisco, a request": (
        "cisco-swa",
        SWA.format(
            request="GET http://up.example.com/f.pdf?x",
            user='"ACME\\alice b@realm"',
            own='- "Moz/5.0 (a b)" -',
        ),
        {
            "username": "ACME\\alice b@realm",
            "webcat": "IW_comp",
            "filterresult": "ALLOW_WBRS_12",
            "useragent": "Moz/5.0 (a b)",
            "fulluri": "up.example.com/f.pdf?x",
            "serverip": "198.51.100.10",
            "resconttype": "application/pdf",
            "duration": 87,
        },
    ),
    "Cisco, a tunnel": (
        "cisco-swa",
        "Info: " + SWA.format(request="CONNECT tunnel://www.example.com:443/", user="-", own="- -"),
        {"fulluri": "www.example.com:443", "uriport": "443", "username": None, "useragent": None},
    ),
    "Cisco, by syslog": (
        "cisco-swa",
        "<142>Apr 15 10:32:18 wsa01.acme.example accesslogs: Info: "
        + SWA.format(request="TCP_CONNECT 198.51.100.10:443", user="bob", own="-"),
        {"fulluri": "198.51.100.10:443", "username": "bob", "p_date": "2025-04-15", "p_time": "12:32:18"},
    ),
    "with sizes, ports and headers": (
        "squid-extensive",
        (
            "1773416922.568 158 10.105.21.199 58948 TCP_TUNNEL/200 28854 2051 39 120 - CONNECT "
            "www.example.com:443 1.1 badeyek HIER_DIRECT/198.51.100.20 443 - - - "
            '"-" "curl/8.14.1" "www.example.com:443" "-" "www.example.com" 37 -'
        ),
        {"scbytes": 28854, "csbytes": 2051, "username": "badeyek", "useragent": "curl/8.14.1"},
    ),
    "SslBump": (
        "squid-proxyoa-tls",
        (
            "1795887864.482 1795887864.439 43 10.0.0.1 TCP_TUNNEL/200 629 567 CONNECT www.example.com:443 - "
            'HIER_DIRECT/1.2.3.4 - "-" "curl/7.88.1" splice www.example.com'
        ),
        {"reqmethod": "CONNECT", "host": "www.example.com", "csbytes": 629, "scbytes": 567},
    ),
    "as Splunk recommends it": (
        "squid-splunk",
        (
            "1795887862.746 logformat=splunk_recommended_squid duration=2000 src_ip=10.0.0.5 src_port=51000 "
            'dest_ip=10.9.9.9 dest_port=80 user_ident="-" user="DOM\\\\jane doe" '
            "local_time=[28/Nov/2026:17:44:22 +0000] http_method=GET request_method_from_client=GET "
            'request_method_to_server=GET url="http://h.example/a?b" http_referrer="-" '
            'http_user_agent="Moz \\"q\\" status=999 vendor_action=X" status=200 '
            "vendor_action=TCP_MISS dest_status=FIRSTUP_PARENT total_time_milliseconds=3 "
            'http_content_type="text/html" bytes=500 bytes_in=100 bytes_out=400 sni="-"'
        ),
        {
            "p_time": "17:44:20",
            "username": "DOM\\jane doe",
            "useragent": 'Moz "q" status=999 vendor_action=X',
            "respcode": "200",
            "serverip": None,
            "csbytes": 100,
            "scbytes": 400,
        },
    ),
    "an unknown tail": (
        "squid-more",
        NATIVE + ' some "odd tail" 17',
        {"fulluri": "h.example/a", "serverip": "1.2.3.4", "resconttype": "text/html"},
    ),
    "by syslog": (
        "squid",
        "Nov 28 17:44:22 proxy squid[12]: " + NATIVE,
        {"fulluri": "h.example/a", "clientip": "10.0.0.1"},
    ),
    "a common log with another date": (
        "common-dated",
        (
            '1.2.3.4 - johndoe [05/02/2025 11:30:29] "GET https://sub.example.com/1.png HTTP/1.1" 200 - '
            "- 1000 Business"
        ),
        {"p_date": "2025-02-05", "username": "johndoe", "fulluri": "sub.example.com/1.png", "uriport": "443"},
    ),
    "a forward proxy": (
        "forward-proxy",
        (
            '10.1.2.3 - jd [28/Nov/2026:17:44:22 +0100] "GET http://h.example/a?b HTTP/1.1" 200 12 '
            '"http://r/" "M \\"q\\""'
        ),
        {"p_time": "16:44:22", "username": "jd", "useragent": 'M "q"', "referer": "http://r/", "scbytes": 12},
    ),
    "nginx with its time": (
        "forward-proxy-timed",
        (
            '10.1.2.3 - - [28/Nov/2026:17:44:22 +0000] "CONNECT h.example:443 HTTP/1.1" 200 7 "-" '
            '"M \\x22q\\x22" 1.250'
        ),
        {"p_time": "17:44:20", "duration": 1250, "useragent": 'M "q"', "fulluri": "h.example:443"},
    ),
    "nginx with its sizes": (
        "forward-proxy-sized",
        '10.1.2.3 - - [28/Nov/2026:17:44:22 +0000] "GET http://h.example/ HTTP/1.1" 200 7 "-" "M" 0.01 34 15',
        {"duration": 10, "csbytes": 34, "scbytes": 15},
    ),
    "Kerio": (
        "forward-proxy-common",
        '192.168.64.64 - jfly [18/Apr/2008:15:07:17 +0200] "GET http://www.example.com/ HTTP/1.1" 304 0 +4',
        {"p_time": "13:07:17", "username": "jfly", "respcode": "304", "scbytes": 0},
    ),
}


@pytest.mark.parametrize("case", LINES)
def test_lines_are_recognized_and_each_field_is_in_its_column(case: str, tmp_path: Path) -> None:
    """The format is taken by the content alone."""
    name, line, wanted = LINES[case]
    content = f"{line}\n{line}\n".encode()
    found = recognize(content).declaration
    assert found.name == name
    rows = log_rows(content, found, tmp_path).rows
    assert [{column: row.get(column) for column in wanted} for row in rows] == [wanted, wanted]


def test_a_web_servers_log_is_no_proxys() -> None:
    """Requests of a server's own paths name no host, so they are refused: rows without one say nothing."""
    line = '10.1.2.3 - jd [28/Nov/2026:17:44:22 +0100] "GET /a?b HTTP/1.1" 200 12 "http://r/" "M"\n'
    with pytest.raises(IngestError, match="no known format; the nearest are"):
        recognize(line.encode() * 3)
