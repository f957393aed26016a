"""What reads a value that a client wrote, and shapes of values that cost careless readers quadratic time.

A reader that joins `READERS` is measured by `benchmarks.hostile_line`, and held to linear time by a test.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial

from proxy_oa_assets.enrichment.address_ranges import address_range
from proxy_oa_assets.enrichment.reputation.indicators import domains, refanged, url
from proxy_oa_assets.enrichment.reputation.uri import parse_uri
from proxy_oa_assets.enrichment.reputation.verdict import decode
from proxy_oa_assets.enrichment.score_columns import edge_file_name, response_code_name
from proxy_oa_assets.ingest.declaration import shipped
from proxy_oa_assets.ingest.families.registry import parse_line
from proxy_oa_assets.ingest.layout import Layout
from proxy_oa_assets.ingest.rejects import without_secrets
from proxy_oa_assets.ingest.syslog import time_of
from proxy_oa_assets.investigation.defanging import defanged, refang
from proxy_oa_assets.investigation.filter_text import terms
from proxy_oa_assets.investigation.filters import exactly
from proxy_oa_assets.investigation.handover.web_addresses import addressed, strict_url
from proxy_oa_assets.investigation.pasted_uris import client_readings, host_readings, uri_readings
from proxy_oa_assets.investigation.story.linking import host_of, page_of
from proxy_oa_assets.model.clock import second_of
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import ProxyOaError
from proxy_oa_assets.model.spreadsheet import safe_cell
from proxy_oa_assets.model.text import literal, printable
from proxy_oa_assets.model.tsv import field
from proxy_oa_assets.ranking.feedback import Feedback, Seen
from proxy_oa_assets.ranking.letters import marked
from proxy_oa_assets.ranking.reasons import in_words

_FEEDBACK = Feedback(
    Day.parse("2016-09-12"), 30, (), frozenset({"own.example"}), ("*a*b*c*", "Agent/*", "* *;*(*")
)
_ZEEK = (
    "#separator \\x09\n#set_separator\t,\n#path\thttp\n"
    "#fields\tts\tuid\tid.orig_h\tmethod\thost\turi\tuser_agent"
)
# A line of each family of formats, with the value of a field that a client writes left open.
_LINES = {
    "squid": ("", "1473681600.000 9 10.0.0.1 TCP_MISS/200 99 GET {} - HIER_DIRECT/192.0.2.1 text/html"),
    "squid-combined": (
        "",
        (
            '10.0.0.1 - - [12/Sep/2016:12:00:00 +0000] "GET http://a.example/{0} HTTP/1.1" 200 9 "{0}" "{0}" '
            "TCP_MISS:HIER_DIRECT"
        ),
    ),
    "zeek-http": (_ZEEK, "1473681600.000\tC1\t10.0.0.1\tGET\ta.example\t/{0}\t{0}"),
    "zeek-http-json": ("", '{"ts":1473681600,"id.orig_h":"10.0.0.1","method":"GET","host":"a","uri":"{}"}'),
    "w3c": (
        "#Fields: date time c-ip cs-method cs-uri sc-status cs(User-Agent)",
        '2016-09-12 12:00:00 10.0.0.1 GET http://a.example/{0} 200 "{0}"',
    ),
    "fortigate": (
        "",
        (
            'date=2016-09-12 time=12:00:00 type="utm" subtype="webfilter" srcip=10.0.0.1 host="a.example" '
            'url="/{0}" agent="{0}"'
        ),
    ),
    "cef": ("", "CEF:0|Vendor|Proxy|1|100|web|3|src=10.0.0.1 request=http://a.example/{0} msg={0}"),
    "umbrella-proxy": (
        "",
        '"2016-09-12 12:00:00","a","10.0.0.1","","","","ALLOWED","http://a.example/{0}","{0}"',
    ),
}
Read = Callable[[str], object]


def _layout(name: str, header: str) -> Layout:
    layout = Layout.of(shipped()[name])
    for line in header.splitlines():
        layout = layout.after(line)
    return layout


def _line(layout: Layout, line: str, value: str) -> object:
    return parse_line(line.replace("{0}", value).replace("{}", value), layout)


READERS: Mapping[str, Read] = {
    **{
        f"a line of {name}": partial(_line, _layout(name, head), line)
        for name, (head, line) in _LINES.items()
    },
    "a rejected line's secrets": without_secrets,
    "a syslog time": time_of,
    "a URI for reputation": lambda text: parse_uri(text).normalized(),
    "an indicator of a list": refanged,
    "a domain of a list": domains,
    "a URL of a list": url,
    "a verdict": decode,
    "a client of the network context": address_range,
    "a response code": response_code_name,
    "an edge file's name": lambda text: edge_file_name(text, "hash"),
    "a time": second_of,
    "the reasons of a row": in_words,
    "letters that imitate": marked,
    "a site's own domains": lambda text: _FEEDBACK.points(Seen.of("", text, [""], "")),
    "known agents": _FEEDBACK.concerns_agent,
    "a cell of a table": printable,
    "Markdown code": literal,
    "a field of TSV": field,
    "a spreadsheet's cell": safe_cell,
    "defanging": defanged,
    "refanging": refang,
    "a pasted URI": uri_readings,
    "a pasted host": host_readings,
    "a pasted client": client_readings,
    "a filter made of a cell": lambda text: terms(exactly("uri", text), {"uri": "uri"}),
    "a referer": page_of,
    "a page's host": host_of,
    "an exported address": lambda text: addressed({"fulluri": text, "host": text}),
    "an exported URL": lambda text: strict_url(f"http://{text}"),
}

_REPEATED = (
    *"a1 \t\"'\\[](){}<>%=|/.-:@,;*#?&+~^$é中",
    *(
        "a.",
        "1.",
        "[.",
        "[.]",
        " dot ",
        "] [",
        '" ',
        '","',
        " a=",
        " 0|",
        "- ",
        "://",
        "//",
        "::",
        "%2f",
        "%zz",
    ),
    *(
        "\\x",
        "(a",
        "a b",
        "a@",
        "xn--",
        "www.",
        "é.",
        "h[x",
        "://a@",
        "Cookie: ",
        "[]",
        "\u202e",
        "\U0001f600",
    ),
)
# What stands before and after: a search that begins everywhere fails at the end.
_AROUND = (("", ""), ("a", "x"), ("a.example/", "\x00"), ("[", " x"))


def shapes(length: int) -> Mapping[str, str]:
    """Return a value of about that many characters for each shape, by a description of the shape."""
    return {
        f"{before!r}, {text!r} repeated, {after!r}": f"{before}{text * (length // len(text))}{after}"
        for text in _REPEATED
        for before, after in _AROUND
    }


def seconds(read: Read, value: str) -> float:
    """Return the processor seconds that a reader takes for a value, which it may refuse."""
    begin = time.process_time()
    with suppress(ProxyOaError, ValueError):  # refused, with a message
        read(value)
    return time.process_time() - begin


def slowest(read: Read, length: int) -> tuple[float, str]:
    """Return the most seconds that a reader takes for a value of that length, and the value's shape."""
    return max((seconds(read, value), shape) for shape, value in shapes(length).items())
