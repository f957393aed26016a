"""Logs of key=value pairs: each vendor's field in its column, in any order and quotes."""

from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.log_rows import Row, log_rows

from proxy_oa_assets.ingest.declaration import declaration
from proxy_oa_assets.ingest.families.key_value import pairs, parse
from proxy_oa_assets.ingest.layout import Layout
from proxy_oa_assets.ingest.recognition import recognize

AGENT = "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101"
AT = {"p_date": "2026-11-28", "p_time": "17:44:22"}
FORTIGATE = (
    'logid="0317013312" type="utm" subtype="webfilter" eventtype="ftgd_allow" level="notice" vd="root" '
    'policyid=1 sessionid=764 user="ada" group="staff" srcip=10.1.100.11 srcport=59194 dstip=203.0.113.5 '
    'dstport={port} proto=6 service="{service}" hostname="a.example" profile="default" action="passthrough" '
    'reqtype="direct" url="{url}" sentbyte=96 rcvdbyte=1200 direction="outgoing" msg="URL belongs to '
    "an allowed "
    'category" method="domain" cat=26 catdesc="Search Engines and Portals"'
)
FORTIGATE_ROW = {
    **AT,
    "username": "ada",
    "authgroup": "staff",
    "clientip": "10.1.100.11",
    "serverip": "203.0.113.5",
    "host": "a.example",
    "action": "passthrough",
    "filterresult": "ftgd_allow",
    "csbytes": 96,
    "scbytes": 1200,
    "webcat": "Search Engines and Portals",
}


class Case(NamedTuple):
    """A line, the format it is recognized as, and its row."""

    format: str
    line: str
    row: Row


CASES = {
    "edge-swg": Case(
        "edge-swg",
        "<111>1 2026-11-28T17:44:22.000z sg1 ProxySG - splunk_format - c-ip=10.8.1.36 "
        'rs-Content-Type="text/html;%20charset=UTF-8"  cs-auth-groups=staff cs-bytes=969 '
        'cs-categories="Web Ads/Analytics;News" cs-host=a.example cs-ip=10.0.0.6 cs-method=GET '
        "cs-uri-port=8080 "
        f'cs-uri-scheme=http cs-User-Agent="{AGENT}" cs-username=CORP%5Cada rs-status=0 s-action=TCP_NC_MISS '
        's-ip=198.51.100.1 service.name="Explicit HTTP" s-supplier-ip=203.0.113.5 s-supplier-name=a.example '
        "sc-bytes=1242 sc-filter-result=OBSERVED sc-status=302 time-taken=48 x-exception-id=- "
        'x-virus-id=- c-url="http://a.example:8080/x.js?a=b&c=d" cs-Referer="https://ref.example/?q=1 2"',
        {
            **AT,
            "clientip": "10.8.1.36",
            "resconttype": "text/html; charset=UTF-8",
            "authgroup": "staff",
            "csbytes": 969,
            "webcat": "Web Ads/Analytics;News",
            "host": "a.example",
            "reqmethod": "GET",
            "uriport": "8080",
            "urischeme": "http",
            "useragent": AGENT,
            "username": "CORP\\ada",
            "action": "TCP_NC_MISS",
            "serverip": "203.0.113.5",
            "scbytes": 1242,
            "filterresult": "OBSERVED",
            "respcode": "302",
            "duration": 48,
            "uripath": "/x.js",
            "uriquery": "?a=b&c=d",
            "uriextension": "js",
            "referer": "https://ref.example/?q=1 2",
            "fulluri": "a.example/x.js?a=b&c=d",
        },
    ),
    "edge-swg, date and time in the line": Case(
        "edge-swg",
        "<134>Nov 28 17:45:00 sg1 bluecoat[0]: SPLV5.1 date=2026-11-28 time=17:44:22 c-ip=10.8.1.36 "
        "cs-bytes=356 "
        "cs-host=a.example cs-method=CONNECT cs-uri-path=/ cs-uri-port=443 cs-uri-scheme=tcp "
        "s-action=TCP_ACCELERATED "
        's-ip=198.51.100.1 sc-bytes=39 sc-status=200 time-taken=382 cs-user-agent="-"',
        {
            **AT,
            "clientip": "10.8.1.36",
            "csbytes": 356,
            "host": "a.example",
            "reqmethod": "CONNECT",
            "uriport": "443",
            "urischeme": "tcp",
            "action": "TCP_ACCELERATED",
            "scbytes": 39,
            "respcode": "200",
            "duration": 382,
            "fulluri": "a.example:443",
        },
    ),
    "fortigate, seconds": Case(
        "fortigate",
        "<189>date=2026-11-28 time=18:44:22 eventtime=1795887862 "
        + FORTIGATE.format(port=80, service="HTTP", url="/search?q=a=b")
        + f' rawdata="Method=POST|User-Agent={AGENT}|Referer=http://ref.example/|Resp-Content-Type=text/html"',
        {
            **FORTIGATE_ROW,
            "uriport": "80",
            "urischeme": "http",
            "uripath": "/search",
            "uriquery": "?q=a=b",
            "reqmethod": "POST",
            "useragent": AGENT,
            "referer": "http://ref.example/",
            "resconttype": "text/html",
            "fulluri": "a.example/search?q=a=b",
        },
    ),
    "fortigate, nanoseconds and an absolute URL": Case(
        "fortigate",
        'date=2026-11-28 time=18:44:22 eventtime=1795887862123456789 tz="+0100" '
        + FORTIGATE.format(port=443, service="HTTPS", url="https://a.example/x.php")
        + f' agent="{AGENT}" httpmethod="GET" referralurl="https://ref.example/page"',
        {
            **FORTIGATE_ROW,
            "uriport": "443",
            "urischeme": "https",
            "uripath": "/x.php",
            "uriextension": "php",
            "reqmethod": "GET",
            "useragent": AGENT,
            "referer": "https://ref.example/page",
            "fulluri": "a.example/x.php",
        },
    ),
    "fortigate, zone": Case(
        "fortigate",
        'date=2026-11-28 time=18:44:22 tz="+0100" '
        + FORTIGATE.format(port=443, service="HTTPS", url="/")
        + f' rawdata="Method=CONNECT|User-Agent={AGENT}"',
        {
            **FORTIGATE_ROW,
            "uriport": "443",
            "urischeme": "https",
            "reqmethod": "CONNECT",
            "useragent": AGENT,
            "fulluri": "a.example:443",
        },
    ),
    "fortigate with commas": Case(
        "fortigate-csv",
        "<189>date=2026-11-28,time=18:44:22,eventtime=1795887862123,"
        'logid="0317013312",type="utm",subtype="webfilter",eventtype="ftgd_blk",srcip=10.1.100.11,dstip=203.0.113.5,'
        'dstport=80,service="HTTP",hostname="a.example",action="blocked",url="/a,b=c",sentbyte=96,rcvdbyte=0,'
        'catdesc="Malicious, Websites"',
        {
            **AT,
            "clientip": "10.1.100.11",
            "serverip": "203.0.113.5",
            "uriport": "80",
            "urischeme": "http",
            "host": "a.example",
            "action": "blocked",
            "filterresult": "ftgd_blk",
            "uripath": "/a,b=c",
            "csbytes": 96,
            "scbytes": 0,
            "webcat": "Malicious, Websites",
            "fulluri": "a.example/a,b=c",
        },
    ),
    "skyhigh": Case(
        "skyhigh",
        "<30>1 2026-11-28T17:44:30Z swg1 mwg - - - date=2026-11-28 17:44:22 hostname=swg1 "
        "username=ada@example.com "
        "source_ip=10.1.2.3 destination_ip=203.0.113.5 destination_host=a.example http_status_code=200 "
        "media_type=text/html source_bytes=279 destination_bytes=1149 "
        'http_request_first_line="GET https://a.example/x.html?q=1 HTTP/1.1" url_categories="Business, '
        'Software" '
        'url_reputation_code=0 rule_name="Allow all" block_id=0 block_reason= virus_names= '
        f'http_referer=https://ref.example/ user_agent="{AGENT}"',
        {
            **AT,
            "username": "ada@example.com",
            "clientip": "10.1.2.3",
            "serverip": "203.0.113.5",
            "host": "a.example",
            "respcode": "200",
            "resconttype": "text/html",
            "csbytes": 279,
            "scbytes": 1149,
            "reqmethod": "GET",
            "urischeme": "https",
            "uriport": "443",
            "uripath": "/x.html",
            "uriextension": "html",
            "uriquery": "?q=1",
            "webcat": "Business, Software",
            "filterresult": "Allow all",
            "referer": "https://ref.example/",
            "useragent": AGENT,
            "fulluri": "a.example/x.html?q=1",
        },
    ),
    "skyhigh, a tunnel to no host": Case(
        "skyhigh",
        "date=2026-11-28T17:44:22Z username= source_ip=10.1.2.3 destination_ip=255.255.255.255 "
        'destination_host=a.example http_status_code=0 http_request_first_line="CONNECT :80 HTTP/1.1"',
        {
            **AT,
            "clientip": "10.1.2.3",
            "host": "a.example",
            "reqmethod": "CONNECT",
            "uriport": "443",
            "fulluri": "a.example:443",
        },
    ),
    "sophos": Case(
        "sophos",
        'h=10.1.2.3 u="CORP\\\\ada" s=200 X=+ t=1795887862 T=123456 Ts=0 act=1 cat="0x23" rsn=- threat="-" '
        'type="-" ctype="text/html" cache=MISS in=123 out=45 meth=GET ref="http://ref.example/" '
        f'ua="{AGENT}" req="GET http://a.example/x?y HTTP/1.1" dom="a.example" target_ip="203.0.113.5"',
        {
            **AT,
            "clientip": "10.1.2.3",
            "username": "CORP\\\\ada",
            "respcode": "200",
            "duration": 123,
            "action": "1",
            "webcat": "0x23",
            "resconttype": "text/html",
            "scbytes": 123,
            "csbytes": 45,
            "referer": "http://ref.example/",
            "useragent": AGENT,
            "reqmethod": "GET",
            "urischeme": "http",
            "uriport": "80",
            "uripath": "/x",
            "uriquery": "?y",
            "host": "a.example",
            "serverip": "203.0.113.5",
            "fulluri": "a.example/x?y",
        },
    ),
    "forcepoint": Case(
        "forcepoint-kv",
        "<159>2026-11-28T17:44:22Z fp1 vendor=Forcepoint product=Security product_version=8.5.0 "
        "action=permitted "
        "severity=1 category=153 user=ada src_host=10.1.2.3 src_port=62189 dst_host=a.example "
        "dst_ip=203.0.113.5 "
        "dst_port=443 bytes_out=197 bytes_in=76 http_response=200 http_method=GET "
        "http_content_type=text/html "
        "http_user_agent=Mozilla/5.0_(X11) http_proxy_status_code=200 reason=- disposition=1034 "
        "policy=- role=8 "
        "duration=0 url=https://a.example/x?a=b",
        {
            **AT,
            "action": "permitted",
            "webcat": "153",
            "username": "ada",
            "clientip": "10.1.2.3",
            "host": "a.example",
            "serverip": "203.0.113.5",
            "uriport": "443",
            "csbytes": 197,
            "scbytes": 76,
            "respcode": "200",
            "reqmethod": "GET",
            "resconttype": "text/html",
            "useragent": "Mozilla/5.0_(X11)",
            "urischeme": "https",
            "uripath": "/x",
            "uriquery": "?a=b",
            "fulluri": "a.example/x?a=b",
        },
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_field_is_in_its_column(name: str, tmp_path: Path) -> None:
    """A vendor's line, recognized by its fields, gives exactly this row."""
    case = CASES[name]
    log = f"{case.line}\n".encode()

    assert recognize(log).declaration.name == case.format
    assert log_rows(log, recognize(log).declaration, tmp_path).rows == [case.row]


def test_a_local_time_is_that_of_the_given_zone(tmp_path: Path) -> None:
    """FortiGate's date and time without tz and eventtime are the device's."""
    log = f"date=2026-11-28 time=12:44:22 {FORTIGATE.format(port=80, service='HTTP', url='/')}\n".encode()
    [row] = log_rows(log, declaration("fortigate"), tmp_path, ZoneInfo("America/New_York")).rows

    assert (row["p_date"], row["p_time"]) == ("2026-11-28", "17:44:22")


def test_lines_of_other_logs_in_the_same_file_are_kept_aside_with_one_reason(tmp_path: Path) -> None:
    """FortiGate writes its traffic among the web filter's lines."""
    web = f"date=2026-11-28 time=17:44:22 {FORTIGATE.format(port=80, service='HTTP', url='/')}"
    traffic = (
        'date=2026-11-28 time=17:44:23 logid="0000000013" type="traffic" subtype="forward" srcip=10.0.0.1'
    )
    log = "".join(f"{line}\n" for line in [traffic, web, traffic, traffic, "junk"]).encode()
    found = log_rows(log, recognize(log).declaration, tmp_path)

    assert recognize(log).declaration.name == "fortigate"
    assert (len(found.rows), found.reading.rejected) == (1, 4)
    assert found.reading.reasons == {
        "a line of another log in the same file": 3,
        "it has no field type": 1,
    }


def test_the_clouds_report_as_csv_is_read_by_its_header(tmp_path: Path) -> None:
    """Skyhigh's reporting API: the device's address, not its site's."""
    log = (
        '"user_id","username","source_ip","http_action","server_to_client_bytes","client_to_server_bytes",'
        '"requested_host","requested_path","result","virus","request_timestamp_epoch","request_timestamp",'
        '"uri_scheme","category","media_type","http_status_code","client_ip","block_reason",'
        '"user_agent_comment","destination_ip","destination_port"\n'
        '"-1","ada","198.51.100.9","GET","414","730","a.example","/x/y.js?q=""1""","OBSERVED","","1795887862",'
        '"2026-11-28 17:44:22","https","Business, Software","text/plain","200","10.0.0.240","",'
        f'"{AGENT}","203.0.113.5","443"\n'
    ).encode()
    [row] = log_rows(log, recognize(log).declaration, tmp_path).rows

    assert recognize(log).declaration.name == "skyhigh-reporting"
    assert row == {
        **AT,
        "username": "ada",
        "clientip": "10.0.0.240",
        "reqmethod": "GET",
        "scbytes": 414,
        "csbytes": 730,
        "host": "a.example",
        "uripath": "/x/y.js",
        "uriextension": "js",
        "uriquery": '?q="1"',
        "action": "OBSERVED",
        "urischeme": "https",
        "uriport": "443",
        "webcat": "Business, Software",
        "resconttype": "text/plain",
        "respcode": "200",
        "useragent": AGENT,
        "serverip": "203.0.113.5",
        "fulluri": 'a.example/x/y.js?q="1"',
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1 b=2", [("a", "1"), ("b", "2")]),
        ('a="x y" b=""', [("a", "x y"), ("b", "")]),
        ('a="x=1 y=2" b=3', [("a", "x=1 y=2"), ("b", "3")]),
        ('a="x \\" b=2" c=3', [("a", 'x " b=2'), ("c", "3")]),
        ('a="x "q" y"  b=2', [("a", 'x "q" y'), ("b", "2")]),
        ('a="x" y b=2', [("a", '"x" y'), ("b", "2")]),
        ("a=x y z b=2", [("a", "x y z"), ("b", "2")]),
        ("a=?q=1&r=2 b==3", [("a", "?q=1&r=2"), ("b", "=3")]),
        ('a="x b=2', [("a", '"x'), ("b", "2")]),
        ("<189>a=1 and words", [("a", "1 and words")]),
        ("prefix: a=1", [("a", "1")]),
        ("a= b= ", [("a", ""), ("b", "")]),
        ("", []),
    ],
)
def test_pairs(text: str, expected: list[tuple[str, str]]) -> None:
    """A quoted value ends at a quote before the next key; another one before the key itself."""
    assert list(pairs(text, " ")) == expected


def test_a_client_overwrites_no_field_that_stands_before_its_own(tmp_path: Path) -> None:
    """Of two fields of one name the first counts: a user agent without quotes can imitate others."""
    log = CASES["forcepoint"].line.replace("Mozilla/5.0_(X11)", "x src_host=192.0.2.66 user=root") + "\n"
    [row] = log_rows(log.encode(), declaration("forcepoint-kv"), tmp_path).rows

    assert (row["clientip"], row["username"], row["useragent"]) == ("10.1.2.3", "ada", "x")


_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\n\r\x00"), max_size=30)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["srcip", "url", "agent", "x", "type", "user"]), _TEXT), max_size=8)
)
def test_any_text_in_a_quoted_value_comes_out_as_it_went_in(found: list[tuple[str, str]]) -> None:
    """With quotes escaped, no value ends early, hides the next one or raises."""
    line = " ".join(
        f'{key}="{value.replace(chr(92), "/").replace(chr(34), chr(92) + chr(34))}"' for key, value in found
    )

    assert list(pairs(line, " ")) == [(key, value.replace("\\", "/")) for key, value in found]
    parse(line, Layout.of(declaration("fortigate")))
