"""Lines as cloud proxies and sensors write them, after their documentation, and each one's row of `proxy`."""

import base64
import json
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class VendorLine:
    """A log's line, the lines of its header, and the columns of its row that have a value."""

    format: str
    case: str
    line: str
    row: Row
    header: str = ""

    @property
    def content(self) -> bytes:
        """The log that has this line alone."""
        return f"{self.header}{self.line}\n".encode()


AGENT = "Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0"


def _json(**fields: object) -> str:
    return json.dumps(fields, separators=(",", ":"))


def _base64(text: bytes) -> str:
    return base64.b64encode(text).decode()


_ZEEK_HTTP = {
    "ts": 1789000000.25,
    "uid": "CHhAvVGS1DHFjwGM9",
    "id.orig_h": "10.1.2.3",
    "id.orig_p": 49152,
    "id.resp_h": "203.0.113.7",
    "id.resp_p": 8080,
    "trans_depth": 1,
    "method": "POST",
    "host": "Shop.Example.com:8080",
    "uri": "/cart/add.php?id=7",
    "referrer": "http://shop.example.com/",
    "version": "1.1",
    "user_agent": AGENT,
    "request_body_len": 12,
    "response_body_len": 345,
    "status_code": 201,
    "status_msg": "Created",
    "tags": [],
    "username": "ann",
    "password": "<hidden>",
    "resp_mime_types": ["text/html", "text/plain"],
}
_ZEEK_ROW = {
    "p_date": "2026-09-10",
    "p_time": "00:26:40",
    "clientip": "10.1.2.3",
    "host": "shop.example.com",
    "reqmethod": "POST",
    "useragent": AGENT,
    "resconttype": "text/html",
    "username": "ann",
    "referer": "http://shop.example.com/",
    "respcode": "201",
    "urischeme": "http",
    "uriport": "8080",
    "uripath": "/cart/add.php",
    "uriquery": "?id=7",
    "uriextension": "php",
    "serverip": "203.0.113.7",
    "scbytes": 345,
    "csbytes": 12,
    "fulluri": "shop.example.com/cart/add.php?id=7",
}
_ZEEK_SSL = {
    "ts": "2026-09-10T00:26:40.250000Z",
    "uid": "CAOvs1BMFCX2Eh0Y3",
    "id.orig_h": "10.1.2.3",
    "id.orig_p": 49153,
    "id.resp_h": "2001:db8::7",
    "id.resp_p": 8443,
    "version": "TLSv13",
    "cipher": "TLS_AES_128_GCM_SHA256",
    "server_name": "Login.Example.com",
    "resumed": False,
    "established": True,
}
_TLS_ROW = {
    "p_date": "2026-09-10",
    "p_time": "00:26:40",
    "clientip": "10.1.2.3",
    "host": "login.example.com",
    "reqmethod": "CONNECT",
    "uriport": "8443",
    "serverip": "2001:db8::7",
    "fulluri": "login.example.com:8443",
}
_UNNAMED = {name: value for name, value in _ZEEK_SSL.items() if name != "server_name"}
_UNNAMED_ROW = _TLS_ROW | {"host": "2001:db8::7", "fulluri": "[2001:db8::7]:8443"}
_SSL_FIELDS = ("ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "version", "server_name")
_SSL_HEADER = "".join(
    f"{line}\n"
    for line in (
        r"#separator \x09",
        "#set_separator\t,",
        "#empty_field\t(empty)",
        "#unset_field\t-",
        "#path\tssl",
        "#open\t2026-09-10-00-00-00",
        "#fields\t" + "\t".join(_SSL_FIELDS),
        "#types\ttime\tstring\taddr\tport\taddr\tport\tstring\tstring",
    )
)
_SSL_LINE = "1789000000.250000\tCAOvs1\t10.1.2.3\t49153\t2001:db8::7\t8443\tTLSv13\t"

ZEEK = [
    VendorLine("zeek-http-json", "epoch", _json(**_ZEEK_HTTP), _ZEEK_ROW),
    VendorLine(
        "zeek-http-json",
        "names without dots, milliseconds",
        _json(
            **{name.replace(".", "_"): value for name, value in (_ZEEK_HTTP | {"ts": 1789000000250}).items()}
        ),
        _ZEEK_ROW,
    ),
    VendorLine(
        "zeek-http-json",
        "ISO 8601, of a stream",
        _json(**{"_path": "http", **_ZEEK_HTTP, "ts": "2026-09-10T02:26:40.25+02:00"}),
        _ZEEK_ROW,
    ),
    VendorLine("zeek-http-json", "in an event of Splunk", _json(time=1, event=_ZEEK_HTTP), _ZEEK_ROW),
    VendorLine(
        "zeek-http-json",
        "exported by Splunk",
        _json(preview=False, result={"_raw": _json(**_ZEEK_HTTP), "host": "sensor", "source": "http.log"}),
        _ZEEK_ROW,
    ),
    VendorLine("zeek-ssl-json", "server name", _json(**_ZEEK_SSL), _TLS_ROW),
    VendorLine("zeek-ssl-json", "no server name", _json(**_UNNAMED), _UNNAMED_ROW),
    VendorLine("zeek-ssl", "server name", f"{_SSL_LINE}Login.Example.com", _TLS_ROW, header=_SSL_HEADER),
    VendorLine("zeek-ssl", "no server name", f"{_SSL_LINE}-", _UNNAMED_ROW, header=_SSL_HEADER),
]

_NSS = {
    "time": "Thu Sep 10 02:26:40 2026",
    "tz": "Europe/Berlin",
    "login": "ann@example.com",
    "proto": "HTTPS",
    "b64url": _base64(b'Shop.Example.com/cart/add.php?q=a%20b&x={"y":1}'),
    "host": "shop.example.com",
    "action": "Allowed",
    "reason": "Allowed",
    "appname": "General Browsing",
    "reqsize": "600",
    "respsize": "65000",
    "ctime": "31",
    "urlcat": "Online Shopping",
    "threatname": "None",
    "cltip": "198.51.100.9",
    "cltintip": "10.1.2.3",
    "serverip": "203.0.113.7",
    "reqmethod": "GET",
    "respcode": "200",
    "useragent": AGENT,
    "b64referer": _base64(b"www.example.com/"),
    "contenttype": "text/html",
}
_NSS_ROW = {
    "p_date": "2026-09-10",
    "p_time": "00:26:40",
    "clientip": "10.1.2.3",
    "host": "shop.example.com",
    "reqmethod": "GET",
    "useragent": AGENT,
    "resconttype": "text/html",
    "duration": 31,
    "username": "ann@example.com",
    "filterresult": "Allowed",
    "webcat": "Online Shopping",
    "referer": "www.example.com/",
    "respcode": "200",
    "action": "Allowed",
    "urischeme": "https",
    "uriport": "443",
    "uripath": "/cart/add.php",
    "uriquery": '?q=a%20b&x={"y":1}',
    "uriextension": "php",
    "serverip": "203.0.113.7",
    "scbytes": 65000,
    "csbytes": 600,
    "bcappname": "General Browsing",
    "fulluri": 'shop.example.com/cart/add.php?q=a%20b&x={"y":1}',
}
_OLD_NSS = {
    "time": "Thu Sep 10 00:26:40 2026",
    "login": "ann@example.com",
    "proto": "HTTP_PROXY",
    "eurl": "www.example.com:443",
    "action": "Blocked",
    "reqsize": "555",
    "respsize": "65",
    "stime": "0",
    "urlcat": "Web Search",
    "threatname": "None",
    "cip": "10.1.2.3",
    "sip": "203.0.113.7",
    "reqmethod": "CONNECT",
    "respcode": "403",
    "ua": "Windows Microsoft Windows 10 Pro ZTunnel/1.0",
    "ereferer": "None",
    "contenttype": "NA",
}
_OLD_NSS_ROW = {
    "p_date": "2026-09-10",
    "p_time": "00:26:40",
    "clientip": "10.1.2.3",
    "host": "www.example.com",
    "reqmethod": "CONNECT",
    "useragent": "Windows Microsoft Windows 10 Pro ZTunnel/1.0",
    "username": "ann@example.com",
    "webcat": "Web Search",
    "respcode": "403",
    "action": "Blocked",
    "urischeme": "http_proxy",
    "uriport": "443",
    "serverip": "203.0.113.7",
    "scbytes": 65,
    "csbytes": 555,
    "fulluri": "www.example.com:443",
}
_SPLUNK_NSS = {
    "datetime": "2026-09-10 00:26:40",
    "reason": "Allowed",
    "event_id": "7",
    "protocol": "HTTP",
    "action": "Allowed",
    "transactionsize": "1300",
    "responsesize": "1200",
    "requestsize": "100",
    "urlcategory": "Shareware Download",
    "serverip": "203.0.113.7",
    "clienttranstime": "20",
    "requestmethod": "GET",
    "refererURL": "None",
    "useragent": "Mozilla/5.0%20(X11;%20Linux%20x86_64)",
    "ClientIP": "198.51.100.9",
    "clientpublicIP": "10.1.2.3",
    "status": "200",
    "user": "ann%40example.com",
    "url": "files.example.com/a.exe",
    "hostname": "files.example.com",
    "contenttype": "application/octet-stream",
    "threatname": "None",
    "appname": "None",
}
_SPLUNK_NSS_ROW = {
    "p_date": "2026-09-10",
    "p_time": "00:26:40",
    "clientip": "10.1.2.3",
    "host": "files.example.com",
    "reqmethod": "GET",
    "useragent": "Mozilla/5.0 (X11; Linux x86_64)",
    "resconttype": "application/octet-stream",
    "duration": 20,
    "username": "ann@example.com",
    "filterresult": "Allowed",
    "webcat": "Shareware Download",
    "respcode": "200",
    "action": "Allowed",
    "urischeme": "http",
    "uriport": "80",
    "uripath": "/a.exe",
    "uriextension": "exe",
    "serverip": "203.0.113.7",
    "scbytes": 1200,
    "csbytes": 100,
    "fulluri": "files.example.com/a.exe",
}
_CLOUDFLARE = {
    "AccountID": "0123456789abcdef",
    "Action": "allow",
    "Datetime": "2026-09-10T00:26:40Z",
    "DestinationIP": "203.0.113.7",
    "DestinationPort": 443,
    "DeviceID": "083a8354-d56c-11ed-9771-6a842b100cff",
    "DownloadedFileNames": [],
    "Email": "ann@example.com",
    "HTTPHost": "shop.example.com",
    "HTTPMethod": "GET",
    "HTTPStatusCode": 302,
    "HTTPVersion": "HTTP/2",
    "Referer": "https://www.example.com/",
    "SourceIP": "198.51.100.9",
    "SourceInternalIP": "10.1.2.3",
    "SourcePort": 47924,
    "URL": "https://Shop.example.com/cart?id=7",
    "UserAgent": AGENT,
    "UserID": "166befbb",
}
_CLOUDFLARE_ROW = {
    "p_date": "2026-09-10",
    "p_time": "00:26:40",
    "clientip": "10.1.2.3",
    "host": "shop.example.com",
    "reqmethod": "GET",
    "useragent": AGENT,
    "username": "ann@example.com",
    "referer": "https://www.example.com/",
    "respcode": "302",
    "action": "allow",
    "urischeme": "https",
    "uriport": "443",
    "uripath": "/cart",
    "uriquery": "?id=7",
    "serverip": "203.0.113.7",
    "fulluri": "shop.example.com/cart?id=7",
}
_EVE = {
    "timestamp": "2026-09-09T20:26:40.690014-0400",
    "flow_id": 2115002772430095,
    "event_type": "http",
    "src_ip": "10.1.2.3",
    "src_port": 56119,
    "dest_ip": "203.0.113.7",
    "dest_port": 8080,
    "proto": "TCP",
    "http": {
        "hostname": "shop.example.com",
        "url": "/cart/add.php?id=7",
        "http_user_agent": AGENT,
        "http_refer": "http://shop.example.com/",
        "http_content_type": "text/html",
        "http_method": "GET",
        "protocol": "HTTP/1.1",
        "status": 200,
        "length": 1155,
    },
}
_EVE_ROW = {
    "p_date": "2026-09-10",
    "p_time": "00:26:40",
    "clientip": "10.1.2.3",
    "host": "shop.example.com",
    "reqmethod": "GET",
    "useragent": AGENT,
    "resconttype": "text/html",
    "referer": "http://shop.example.com/",
    "respcode": "200",
    "urischeme": "http",
    "uriport": "8080",
    "uripath": "/cart/add.php",
    "uriquery": "?id=7",
    "uriextension": "php",
    "serverip": "203.0.113.7",
    "scbytes": 1155,
    "fulluri": "shop.example.com/cart/add.php?id=7",
}
_EVE_TLS = {
    **{name: value for name, value in _EVE.items() if name != "http"},
    "event_type": "tls",
    "dest_port": 443,
    "tls": {"sni": "login.example.com", "version": "TLS 1.3"},
}
_EVE_TLS_ROW = {
    "p_date": "2026-09-10",
    "p_time": "00:26:40",
    "clientip": "10.1.2.3",
    "host": "login.example.com",
    "reqmethod": "CONNECT",
    "uriport": "443",
    "serverip": "203.0.113.7",
    "fulluri": "login.example.com:443",
}
_CLOUD_SWG = {
    "x-bluecoat-request-tenant-id": "7",
    "date": "2026-09-10",
    "time": "00:26:40",
    "time-taken": "31",
    "c-ip": "10.1.2.3",
    "cs-userdn": "ann@example.com",
    "cs-auth-groups": "-",
    "x-exception-id": "-",
    "sc-filter-result": "OBSERVED",
    "cs-categories": "Shopping",
    "cs(Referer)": "https://www.example.com/",
    "sc-status": "200",
    "s-action": "TCP_NC_MISS",
    "cs-method": "GET",
    "rs(Content-Type)": "text/html;%20charset=utf-8",
    "cs-uri-scheme": "https",
    "cs-host": "shop.example.com",
    "cs-uri-port": "443",
    "cs-uri-path": "/cart/add.php",
    "cs-uri-query": "?id=7",
    "cs-uri-extension": "php",
    "cs(User-Agent)": AGENT,
    "s-ip": "192.0.2.1",
    "sc-bytes": "65000",
    "cs-bytes": "600",
    "x-virus-id": "-",
    "x-bluecoat-application-name": "Shop",
    "x-bluecoat-application-operation": "Add",
    "r-ip": "203.0.113.7",
}
_CLOUD_SWG_ROW = {
    "p_date": "2026-09-10",
    "p_time": "00:26:40",
    "clientip": "10.1.2.3",
    "host": "shop.example.com",
    "reqmethod": "GET",
    "useragent": AGENT,
    "resconttype": "text/html; charset=utf-8",
    "duration": 31,
    "username": "ann@example.com",
    "filterresult": "OBSERVED",
    "webcat": "Shopping",
    "referer": "https://www.example.com/",
    "respcode": "200",
    "action": "TCP_NC_MISS",
    "urischeme": "https",
    "uriport": "443",
    "uripath": "/cart/add.php",
    "uriquery": "?id=7",
    "uriextension": "php",
    "serverip": "203.0.113.7",
    "scbytes": 65000,
    "csbytes": 600,
    "bcappname": "Shop",
    "bcappoper": "Add",
    "fulluri": "shop.example.com/cart/add.php?id=7",
}

CLOUDS = [
    VendorLine("zscaler-web", "in an event", _json(sourcetype="zscalernss-web", event=_NSS), _NSS_ROW),
    VendorLine("zscaler-web", "by syslog", f"<13>Sep 10 00:26:41 nss zscaler-nss: {_json(**_NSS)}", _NSS_ROW),
    VendorLine("zscaler-web", "names of older feeds", _json(**_OLD_NSS), _OLD_NSS_ROW),
    VendorLine(
        "zscaler-web",
        "CONNECT without a port",
        _json(**_OLD_NSS | {"proto": "HTTP", "eurl": "www.example.com"}),
        _OLD_NSS_ROW | {"urischeme": "http"},
    ),
    VendorLine("zscaler-web", "feed for Splunk", _json(event=_SPLUNK_NSS), _SPLUNK_NSS_ROW),
    VendorLine(
        "zscaler-web",
        "feed for Splunk whose names say what is in them",
        _json(**_SPLUNK_NSS | {"ClientIP": "10.1.2.3", "clientpublicIP": "198.51.100.9"}),
        _SPLUNK_NSS_ROW,
    ),
    VendorLine(
        "zscaler-web",
        "a URL that is no UTF-8",
        _json(**_NSS | {"b64url": _base64(b"shop.example.com/\xff")}),
        {
            **{k: v for k, v in _NSS_ROW.items() if k not in ("uriquery", "uriextension")},
            "uripath": r"/\xFF",
            "fulluri": r"shop.example.com/\xFF",
        },
    ),
    VendorLine("cloudflare-gateway", "ISO 8601", _json(**_CLOUDFLARE), _CLOUDFLARE_ROW),
    VendorLine(
        "cloudflare-gateway", "seconds", _json(**_CLOUDFLARE | {"Datetime": "1789000000"}), _CLOUDFLARE_ROW
    ),
    VendorLine(
        "cloudflare-gateway",
        "nanoseconds, no internal address",
        _json(**_CLOUDFLARE | {"Datetime": 1789000000250000000, "SourceInternalIP": ""}),
        _CLOUDFLARE_ROW | {"clientip": "198.51.100.9"},
    ),
    VendorLine("suricata-eve", "http", _json(**_EVE), _EVE_ROW),
    VendorLine("suricata-eve", "http of AWS", _json(firewall_name="fw", event=_EVE), _EVE_ROW),
    VendorLine("suricata-eve", "tls", _json(**_EVE_TLS), _EVE_TLS_ROW),
    VendorLine("cloud-swg-json", "texts", _json(**_CLOUD_SWG), _CLOUD_SWG_ROW),
]


def _quoted(*fields: str) -> str:
    return ",".join(f'"{field}"' for field in fields)


_UMBRELLA = (
    *("2026-09-10 00:26:40", "ann", "10.1.2.3", "198.51.100.9", "203.0.113.7", "text/html", "ALLOWED"),
    *("https://Shop.example.com/cart?q=a,b", "https://www.example.com/", AGENT, "200", "562", "1489", "1020"),
    *("a459e1374395119b", "Shopping,Business", "", "", "UNKNOWN", "", "0", "Roaming Computers", ""),
    *("ann,HQ", "Roaming Computers,Sites"),
)
_UMBRELLA_ROW = {
    "p_date": "2026-09-10",
    "p_time": "00:26:40",
    "clientip": "10.1.2.3",
    "host": "shop.example.com",
    "reqmethod": "GET",
    "useragent": AGENT,
    "resconttype": "text/html",
    "username": "ann",
    "filterresult": "ALLOWED",
    "webcat": "Shopping,Business",
    "referer": "https://www.example.com/",
    "respcode": "200",
    "urischeme": "https",
    "uriport": "443",
    "uripath": "/cart",
    "uriquery": "?q=a,b",
    "serverip": "203.0.113.7",
    "scbytes": 1489,
    "csbytes": 562,
    "fulluri": "shop.example.com/cart?q=a,b",
}
_BARE_UMBRELLA = {k: v for k, v in _UMBRELLA_ROW.items() if k not in ("useragent", "referer")}
_UMBRELLA_AGENT = _quoted(*_UMBRELLA).replace(f'"{AGENT}"', '"odd ""agent"", 1"')

_PAN_HEAD = "1,2026/09/10 00:26:41,012801096514,THREAT,url,2561,2026/09/10 00:26:40,10.1.2.3,203.0.113.7"
_PAN = (
    f"{_PAN_HEAD},198.51.100.9,203.0.113.7,allow-out,example\\ann,,web-browsing,vsys1,trust,untrust,ae1,ae2,fwd,"
    "2026/09/10 00:26:40,28191,1,52984,80,37679,80,0x403000,tcp,alert,"
    '"Shop.example.com:80/cart?a=1,2",(9999),shopping,informational,client-to-server,7726,0x0,'
    '10.0.0.0-10.255.255.255,United States,0,text/html,0,,,1,"Mozilla/5.0 (""odd"", 1)",,"192.0.2.9",'
    '"http://www.example.com/",,,,0,0,0,0,0,,PA-220,,,,get,0,,0,,N/A,N/A,AppThreat-0-0,0x0,0,4294967295'
)
_PAN_ROW = {
    "p_date": "2026-09-10",
    "p_time": "00:26:40",
    "clientip": "10.1.2.3",
    "host": "shop.example.com",
    "reqmethod": "get",
    "useragent": 'Mozilla/5.0 ("odd", 1)',
    "resconttype": "text/html",
    "username": "example\\ann",
    "webcat": "shopping",
    "referer": "http://www.example.com/",
    "action": "alert",
    "uriport": "80",
    "uripath": "/cart",
    "uriquery": "?a=1,2",
    "serverip": "203.0.113.7",
    "bcappname": "web-browsing",
    "fulluri": "shop.example.com/cart?a=1,2",
}
_PAN_TLS = (
    f"{_PAN_HEAD},0.0.0.0,0.0.0.0,allow-out,,,ssl,vsys1,trust,untrust,ae1,ae2,fwd,"
    "2026/09/10 00:26:40,28191,1,52984,443,37679,443,0x403000,tcp,block-url,"
    '"login.example.com/",(9999),unknown,informational,client-to-server,7726,0x0,'
    "10.0.0.0-10.255.255.255,United States,0,"
)
_PAN_TLS_ROW = {
    "p_date": "2026-09-10",
    "p_time": "00:26:40",
    "clientip": "10.1.2.3",
    "host": "login.example.com",
    "reqmethod": "CONNECT",
    "webcat": "unknown",
    "action": "block-url",
    "uriport": "443",
    "serverip": "203.0.113.7",
    "bcappname": "ssl",
    "fulluri": "login.example.com:443",
}
_PAN_NAMELESS_ROW = _PAN_TLS_ROW | {
    "host": "203.0.113.7",
    "fulluri": "203.0.113.7:443",
}

_NSS_CSV = _quoted(
    *("Thu Sep 10 00:26:40 2026", "ann@example.com", "HTTPS", "shop.example.com/a,b?x=1", "Blocked", "Shop"),
    *(
        "General Browsing",
        "72",
        "14061",
        "0",
        "12",
        "Productivity Loss",
        "Shopping",
        "Online Shopping",
        "None",
    ),
    *("EICAR", "0", "None", "None", "HQ", "Sales", "10.1.2.3", "203.0.113.7", "GET", "403", "curl/8.5.0"),
    *("www.example.com/", "FwFilter", "Firewall_1", "text/html", "None", "NA", "NA", "N/A"),
)
_NSS_CSV_ROW = {
    "p_date": "2026-09-10",
    "p_time": "00:26:40",
    "clientip": "10.1.2.3",
    "host": "shop.example.com",
    "reqmethod": "GET",
    "useragent": "curl/8.5.0",
    "resconttype": "text/html",
    "duration": 12,
    "username": "ann@example.com",
    "webcat": "Online Shopping",
    "referer": "www.example.com/",
    "respcode": "403",
    "action": "Blocked",
    "urischeme": "https",
    "uriport": "443",
    "uripath": "/a,b",
    "uriquery": "?x=1",
    "serverip": "203.0.113.7",
    "scbytes": 14061,
    "csbytes": 72,
    "virusid": "EICAR",
    "bcappname": "Shop",
    "fulluri": "shop.example.com/a,b?x=1",
}

CSV = [
    VendorLine("zscaler-csv", "the default feed", _NSS_CSV, _NSS_CSV_ROW),
    VendorLine("umbrella-proxy", "25 fields and the method", _quoted(*_UMBRELLA, "GET"), _UMBRELLA_ROW),
    VendorLine(
        "umbrella-proxy",
        "49 fields",
        _quoted(*_UMBRELLA, "GET", *("",) * 9, "PAC", "SWG", *("",) * 11),
        _UMBRELLA_ROW,
    ),
    VendorLine(
        "umbrella-proxy",
        "a method further behind",
        _quoted(*_UMBRELLA, "", "", "", "", "GET", "", ""),
        _UMBRELLA_ROW,
    ),
    VendorLine(
        "umbrella-proxy",
        "blanks behind commas",
        ", ".join(f'"{field}"' for field in (*_UMBRELLA, "GET", *("",) * 9)),
        _UMBRELLA_ROW,
    ),
    VendorLine(
        "umbrella-proxy",
        "blank agent, no internal address",
        _quoted(*_UMBRELLA[:2], "", *_UMBRELLA[3:8], "", " ", *_UMBRELLA[10:], "GET", *("",) * 6),
        _BARE_UMBRELLA | {"clientip": "198.51.100.9"},
    ),
    VendorLine(
        "umbrella-proxy",
        "quotes in an agent",
        f'{_UMBRELLA_AGENT},"GET"',
        _UMBRELLA_ROW | {"useragent": 'odd "agent", 1'},
    ),
    VendorLine("pan-url", "decrypted", _PAN, _PAN_ROW),
    VendorLine("pan-url", "by syslog", f"<14>Sep 10 00:26:41 PA-220 {_PAN}", _PAN_ROW),
    VendorLine("pan-url", "by syslog, without a host", f"Sep 10 00:26:41 {_PAN}", _PAN_ROW),
    VendorLine("pan-url", "not decrypted, of an old version", _PAN_TLS, _PAN_TLS_ROW),
    VendorLine("pan-url", "host unknown", _PAN_TLS.replace("login.example.com/", "-/"), _PAN_NAMELESS_ROW),
]

LINES = [*ZEEK, *CLOUDS, *CSV]
