from collections.abc import Callable
from contextlib import suppress

import duckdb
import pytest
from support.analysts_day import AnalystsDay
from support.cluster_home import ClusterHome
from support.home import Home
from support.storyboard_days import HOSTILE

from proxy_oa_assets.investigation.filters import Filters, exactly
from proxy_oa_assets.investigation.score import score
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.model.tables import PROXY, records
from proxy_oa_assets.sql.day_requests import requests_at

DAY = Day.parse("2016-01-01")
# The name of each row is its user.
ROWS: dict[str, dict[str, object]] = {
    "gate": {
        "fulluri": "Evil.example/Gate.php?id=7",
        "host": "Evil.example",
        "clientip": "10.55.1.7",
        "p_time": "7:05:03",
        "reqmethod": "POST",
        "respcode": "404",
        "useragent": "Mozilla/5.0 (Windows NT 5.1, old) Trident",
        "referer": "http://lure.example:8080/start",
        "resconttype": "application/x-shockwave-flash",
        "csbytes": 2_000_000,
        "scbytes": 512,
        "webcat": "Suspicious",
    },
    "start": {
        "fulluri": "evil.example",
        "host": "evil.example",
        "clientip": "10.55.16.1",
        "p_time": "10:00:59",
        "respcode": "200",
        "useragent": "curl/8",
        "scbytes": 1_500,
    },
    "below": {
        "fulluri": "cdn.evil.example/a,b;c d/x.swf",
        "host": "cdn.evil.example",
        "clientip": "10.56.0.1",
        "p_time": "11:30:30",
        "respcode": "304",
    },
    "port": {
        "fulluri": "other.example/x",
        "host": "other.example",
        "uriport": "8080",
        "clientip": "fe80::1",
        "p_time": "23:30:00",
    },
    "notevil": {
        "fulluri": "notevil.example/Straße",
        "host": "notevil.example",
        "clientip": "2001:DB8:0:1::7",
        "p_time": "00:10:00",
        "respcode": "503.0",
    },
    "umlaut": {
        "fulluri": "xn--bcher-kva.example/q",
        "host": "xn--bcher-kva.example",
        "clientip": "laptop-7",
        "p_time": "12:00:00",
    },
    "kyrillic": {
        "fulluri": "пример.example/",
        "host": "пример.example",
        "clientip": "10.55.255.255",
        "p_time": "12:00:01",
    },
    "ipv6": {
        "fulluri": "[2001:db8::5]/x?y=1",
        "host": "[2001:db8::5]",
        "clientip": "::ffff:10.55.2.2",
        "p_time": "12:00:02",
    },
    "nothing": dict.fromkeys(
        (
            *("fulluri", "host", "clientip", "p_time", "reqmethod", "respcode", "useragent", "referer"),
            *("resconttype", "csbytes", "scbytes", "webcat"),
        )
    ),
}
EVERY = " ".join(ROWS)
LONG = '"mozilla/5.0 (windows nt 5.1, OLD)"'

# What each filter finds. Those before the mark are tried on a cluster as well.
MANY = ", ".join(f"no{n}.example/(x)+" for n in range(5))
PORTABLE = {
    f'{MANY}, EVIL[.]example/gate, "b;c d/x"': "gate below",
    f"-{MANY}, evil, =other.example/x, null, 10.55.255.255, http://a.example:80/": "umlaut ipv6",
    "hXXps[:]//EVIL[.]example/gate": "gate",
    "/gate.*id=[0-9]+$/": "gate",
    "NOT evil": "port umlaut kyrillic ipv6 nothing",
    "client:10.55.": "gate start kyrillic ipv6",
    "client:10.55.0.0/20": "gate ipv6",
    "client:2001:db8::/32": "notevil",
    "-client:10.55.0.0/16": "below port notevil umlaut nothing",
    "host:evil.example": "gate start below",
    "-host:evil.example": "port notevil umlaut kyrillic ipv6 nothing",
    "method:post": "gate",
    "code:4xx,500-599": "gate notevil",
    "code:-": "port umlaut kyrillic ipv6 nothing",
    f"agent:{LONG}": "gate",
    r"agent:/windows nt 5\.\d/": "gate",
    "time:10:00-11:30": "start below",
    "time:23:00-01:00": "port notevil",
    "sent:>=1MB": "gate",
    "received:512-1.5kB": "gate start",
    "null": "nothing",
    "ПРИМЕР": "kyrillic",
    "verdict:>=medium": "gate port",
    "-verdict:high": "start below port notevil umlaut kyrillic ipv6 nothing",
    "reason:rare_host": "gate",
    "severity:high": "gate",
    "severity:none,medium": "start below port notevil umlaut kyrillic ipv6 nothing",
}
FOUND = PORTABLE | {
    "": EVERY,
    # As web addresses and host names are pasted.
    "http://evil.example/": "gate start below notevil",
    "<hxxp://evil[.]example/gate.php?id=7#top>": "gate",
    "(evil.example),": "gate start below notevil",
    "evil [dot] example": "gate start below notevil",
    "evil[.]example.": "gate start below notevil",
    "*.evil.example": "gate start below notevil",
    "evil.example/?": "gate start below notevil",
    "hXXps[:]//evil[.]com/a b": "",
    "cdn.evil.example/a,b;c d/x.swf": "below",
    '"a,b;c d/x"': "below",
    "cdn.evil.example/a,b;c, other.example": "below port",
    "other.example,xn--": "port umlaut",
    "other.example\nxn--\n": "port umlaut",
    "http://other.example:8080/x": "port",
    "other.example:443": "",
    "bücher.example": "umlaut",
    "http://BÜCHER.example/q": "umlaut",
    "xn--e1afmkfd.example": "kyrillic",
    "STRASSE": "",
    "straße": "notevil",
    "[2001:db8::5]": "ipv6",
    "http://[2001:db8::5]/x?y=1": "ipv6",
    "2001:db8::5": "ipv6",
    "\ufeffevil\u200b.example/gate": "gate",
    "“evil.example/Gate.php”": "gate",
    "/a,b;c d/": "below",
    "uri:=evil.example": "start",
    "uri:/^evil/": "gate start",
    "quickr\u2024org, other\uff0eexample/x": "port",
    "evil[.example]/gate": "gate",
    "evil DOT example/gate": "gate",
    r"hxxp:\\evil[.]example/gate": "gate",
    "http://user:pw@evil.example/gate": "gate",
    "[a gate](http://evil.example/gate), other.example": "gate port",
    "[evil.example/gate](http://evil.example/gate)": "gate",
    "• other.example\n• xn--": "port umlaut",
    "* other.example": "port",
    "1. other.example\r\n2. xn--": "port umlaut",
    "other.example;xn--": "port umlaut",
    "other.example/x; xn--": "port umlaut",
    "other.example#top": "port",
    "*other*": "port",
    # An address is a client's, too.
    "10.55.1.7": "gate",
    "-10[.]55[.]1[.]7": "start below port notevil umlaut kyrillic ipv6 nothing",
    "10.55.0.0/16": "gate start kyrillic ipv6",
    "2001:db8:0:1::7": "notevil",
    "uri:10.55.1.7": "",
    # Terms
    "!evil": "port umlaut kyrillic ipv6 nothing",
    "not evil": "port umlaut kyrillic ipv6 nothing",
    "evil and gate": "gate",
    "agent:curl evil.example": "start",
    "agent:curl AND evil": "start",
    "evil AND gate": "gate",
    "evil -gate": "start below notevil",
    'evil -"gate" NOT cdn': "start notevil",
    "evil ,client:10.55.1.7": "gate",
    "evil, client:10.55.1.7": "gate",
    "client: 10.55.1.7": "gate",
    "SRC:10.55.1.7": "gate",
    # Clients
    "client:10.55.1.7,10.56.0.1": "gate below",
    "client:10[.]55[.]1[.]7": "gate",
    "client:10.55": "gate start kyrillic ipv6",
    "client:10.55.*": "gate start kyrillic ipv6",
    "client:10.55.x.x": "gate start kyrillic ipv6",
    "client:10.55.2.2": "ipv6",
    "client:::ffff:10.55.2.2,fe80::1": "port ipv6",
    "client:2001:db8:0:": "notevil",
    "client:10.55.1.0/24": "gate",
    "client:10.55.1.7/32": "gate",
    "client:10.55.1.1-10.55.16.1": "gate start ipv6",
    "client:10.55.1.6-9": "gate",
    "client:[2001:db8:0:1::7]": "notevil",
    "client:2001:0db8:0000:0001::0007": "notevil",
    "client:2001:db8::-2001:db8:0:1::ffff": "notevil",
    "client:fe80:": "port",
    "client:laptop-7": "umlaut",
    "client:null": "nothing",
    "client:/^lap/": "umlaut",
    # Hosts
    "host:hxxps://evil[.]example:443/x": "gate start below",
    "host:.evil.example": "below",
    "host:*.evil.example": "below",
    "host:*evil*": "gate start below notevil",
    "host:=evil.example": "start",
    "host:bücher.example": "umlaut",
    "host:[2001:db8::5]": "ipv6",
    "host:-": "nothing",
    "host:null": "nothing",
    "host:/^not/": "notevil",
    # Other fields
    "method:-": "start below port notevil umlaut kyrillic ipv6 nothing",
    "method:get,post": "gate",
    "code:404": "gate",
    "code:503": "notevil",
    "code:>=400": "gate notevil",
    "code:<300": "start",
    "code:>3xx": "gate notevil",
    "type:FLASH": "gate",
    "agent:=curl/8": "start",
    "agent:curl,trident": "gate start",
    "-agent:curl -agent:mozilla": "below port notevil umlaut kyrillic ipv6 nothing",
    "referer:http://lure.example:8080/": "gate",
    "referer:lure": "gate",
    "-referer:-": "gate",
    "user:gate": "gate",
    "category:susp": "gate",
    "time:10:00": "start",
    "time:10": "start",
    "time:10:00:59": "start",
    "time:7:05": "gate",
    "time:>=23": "port",
    "time:<00:10:01": "notevil",
    "time:>23:30:00": "",
    "time:-": "nothing",
    "sent:2MB": "gate",
    "sent:=1": "start below port notevil umlaut kyrillic ipv6",
    "sent:<2": "start below port notevil umlaut kyrillic ipv6",
    "sent:1 MB": "gate",
    "sent:1, 954KiB": "start below port notevil umlaut kyrillic ipv6 gate",
    "received:>1.4k": "start",
    "received:-": "nothing",
    # Scored connections
    "verdict:high": "gate",
    "verdict:high,medium": "gate port",
    "verdict:none": "start",
    "verdict:<=none": "start",
    "reason:RARE_HOST,beacon": "gate start",
    "reason:rare": "gate",
    "reason:/led_from=lure/": "gate",
    "-reason:rare_host": "start below port notevil umlaut kyrillic ipv6 nothing",
    "severity:>=medium": "gate start",
    "severity:any": "gate start",
    "-severity:any": "below port notevil umlaut kyrillic ipv6 nothing",
    "severity:1,2": "gate start",
}
REFUSED = {
    "--evil": "--evil begins with two negations; write one",
    "not !evil": "begins with two negations",
    "evil or good": "or stands between terms",
    "evil | good": "| stands between terms",
    "client=10.0.0.1": "client= is no term; a colon ends the name of a field: client:...",
    "host != evil": ": -host:...",
    "sent>1000": ": sent:>...",
    "evil.example,user=anna": "user= is no term",
    "client:*": "is no address, prefix, block, range or name",
    "client:300.1.1.1": "is no address, prefix, block, range or name",
    "client:300.1.": "is no address, prefix, block, range or name",
    "client:10.0.0.1:8080": "without a port",
    "host:*": "fits every host",
    "host:hxxp://": "fits every host",
    "hxxp://": "fits every row",
    "[.]": "fits every row",
    "*": "* fits every row",
    "referer:http://": "fits every row",
    "type:image/*": "which is no wildcard here",
    "method:P*": "which is no wildcard here",
    "reason:nonsense": "there are address, ",
    "reason:rarehost": 'stands in quotes: reason:"rarehost"',
    "code:499-400": "the lower one first",
    "sent:10MB-1MB": "the lower first",
    "sent:1,000,000": "can be one number or several; write one without commas",
    "sent:1 000 000": "can be one number or several",
    "received:1,5MB": "can be one number or several",
    "sent:1.000": "sent:1.000 can't be read",
    "agent:Mozilla/4.0 (compatible; MSIE 8.0)": "(compatible; follows agent:Mozilla/4.0 after a blank",
    "user:Nico Rosberg": 'in quotes, user:"Nico ..."',
    "type:text/html; charset=utf-8": "charset=utf-8 follows",
    "agent:=Mozilla/4.0 (compatible": "(compatible follows",
    "client:not 10.0.0.1": "has its negation behind the colon",
    "host:!evil": "write it before the field, as in -host:",
    "host:-evil": "has its negation behind the colon",
    "(evil gate)": "brackets group no terms: leave it out",
    "verdict:>high": "and nothing beyond",
    "severity:<low": "nothing is beyond these",
    "time:12:00 - 12:30": "a range has no blanks: time:10:00-11:30",
    "evil.example\n- bad.example": "- has no term after it",
    "evil\ud83d": "character 5 of the filter is half of one (U+D83D)",
    "clinet:10.0.0.1": "clinet: is no field; there are client, host",
    "intranet:8080": 'stands in quotes: "intranet:...',
    "javascript:alert(1)": "javascript: is no field",
    "evil OR good": "OR stands between terms",
    "evil - good": "- has no term after it",
    "-": "- has no term after it",
    "evil NOT": "NOT has no term after it",
    '"evil': "begins with a quote that nothing ends",
    "host:": "host: has no value",
    '""': "is empty",
    "<>": "is empty",
    "/(/": "is no regular expression",
    "/a*/": "matches an empty text",
    "/a(?=b)/": "which not every SQL engine knows",
    r"/(a)\1/": "which not every SQL engine knows",
    "code:fourofour": "code:fourofour can't be read",
    "time:25:00": "time:25:00 can't be read",
    "time:noon": "write it like time:10:00-11:30",
    "sent:many": "sent:many can't be read",
    "verdict:evil": "there are unverified, none, low, medium, high",
    "severity:4": "severity:4 can't be read",
    "client:10.0.0.0/40": "is no block of addresses",
    "client:10.0.0.9-10.0.0.1": "is no range of addresses",
    "client:10.0.0.9-10.0.0": "is no range of addresses",
    ", ".join(f"evil{n}.test" for n in range(501)): "the filter has 501 values",
}


@pytest.fixture(scope="module")
def day(new_module_home: Callable[..., Home]) -> AnalystsDay:
    """A day of requests and scored connections, on this machine and on a cluster."""
    today = AnalystsDay(new_module_home(), DAY)
    today.write_raw(*({**row, "username": name} for name, row in ROWS.items()))
    today.write_scores(
        {
            **{name: ROWS["gate"][name] for name in ("fulluri", "clientip")},
            "word": "rare_host=2.2;led_from=lure.example;near",
            "uri_rep": "a:GOOD:0::b:BAD:3:malware|evil;more",
        },
        {
            **{name: ROWS["start"][name] for name in ("fulluri", "clientip")},
            "word": "beacon:slow=1;popular=-1.2",
            "uri_rep": "a:GOOD:0",
        },
        {
            **{name: ROWS["port"][name] for name in ("fulluri", "clientip")},
            "word": "word_of_another_ranking",
            "uri_rep": "a:ODD:2::b:NEW:-1",
        },
    )
    score(DAY, 1, str(ROWS["gate"]["fulluri"]), deployment=today.deployment)
    score(DAY, 2, str(ROWS["start"]["fulluri"]), deployment=today.deployment)
    return today


def found(day: AnalystsDay, text: str, column: str = "username") -> list[object]:
    """Return a column of the raw rows that fit a filter, in time order."""
    condition = Filters.parse(text).condition(PROXY, day.day, day.deployment)
    rows = day.deployment.impala.query(requests_at(day.day, condition, None, None))
    return [value for (value,) in records(rows[[column]])]


def test_filters_find_what_analysts_paste(day: AnalystsDay) -> None:
    """By URI in any spelling, by every field, negated and with several values; on both deployments alike."""
    filters = PORTABLE if isinstance(day.home, ClusterHome) else FOUND
    names = {text: set(found(day, text)) for text in filters}
    assert names == {text: set(expected.split()) for text, expected in filters.items()}


@pytest.mark.parametrize(("text", "message"), REFUSED.items())
def test_a_term_that_cannot_be_read_is_named_with_the_remedy(text: str, message: str) -> None:
    """Before anything is searched."""
    with pytest.raises(InvestigationError) as refused:
        Filters.parse(text)
    assert message in str(refused.value)


def test_values_of_the_data_are_searched_for_as_they_are(embedded_day: AnalystsDay) -> None:
    """Quotes, wildcards, brackets and SQL mean nothing in an exact value; each finds its own row alone."""
    texts = dict.fromkeys((*HOSTILE, '"', '""', "a,b", "/x/", "%_", "“x”", "a\u200bb", "-", " x ", "x\ny"))
    embedded_day.write_raw(*({"fulluri": f"h.test/{text}", "host": text} for text in texts))
    for text in texts:
        assert found(embedded_day, exactly("host", text), "fulluri") == [f"h.test/{text}"]
    several = exactly("uri", *(f"h.test/{text}" for text in texts), *map(str, range(2_000)))
    assert len(found(embedded_day, several)) == len(texts)


def test_hostile_pastes_run_nothing(embedded_day: AnalystsDay) -> None:
    """A paste is a search, which finds nothing here, or is refused with a message."""
    embedded_day.write_raw({"fulluri": "h.test/"})
    for text in (*HOSTILE, "x') OR ('1'='1", "host:x') OR ('1'='1", "client:' OR 1=1", "code:' OR 1=1"):
        if text.strip():
            with suppress(InvestigationError):
                assert found(embedded_day, text) == []


def test_a_regular_expression_leaves_the_notebook_s_connection_alone() -> None:
    """DuckDB's default connection refuses work beside a result that was not read to its end."""
    Filters.parse("/evil/")

    assert duckdb.sql("SELECT 1").fetchall() == [(1,)]
