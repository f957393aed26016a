import pytest

from proxy_oa_assets.investigation.story import related as found
from proxy_oa_assets.investigation.story.related import chain, related

CLIENT = "10.0.0.5"


def request(time, uri, referer="-", client=CLIENT, **more):
    """Return a raw request of a client."""
    host = uri.partition("/")[0]
    return {
        "p_time": time,
        "clientip": client,
        "host": host,
        "fulluri": uri,
        "referer": referer,
        "respcode": "200",
        **more,
    }


INCIDENT = [
    request("12:00:00", "landing.example/page", "https://www.bing.com/search?q=x"),
    request("12:00:02", "gate.example/go", "http://landing.example/page", respcode="302"),
    request("12:00:02", "kit.example/e.html?x", "http://landing.example/page"),
    request("12:00:04", "kit.example/e.swf", "http://kit.example/e.html?x"),
    request("12:00:20", "payload.example/p.exe"),
    request("12:04:00", "home.example/in.php", "http://www.google.com/"),
    request("15:00:00", "home.example/in.php", "http://www.google.com/"),
]
ORDINARY = [
    request("08:00:00", "mail.example/new"),
    request("11:59:00", "news.example/"),
    request("11:59:30", "ads.example/a.js", "http://news.example/"),
    request("12:00:10", "ads.example/b.js", "http://news.example/"),
    request("12:00:12", "mail.example/new"),
    request("12:00:15", "ocsp.digicert.com/abc", client="10.0.0.6"),
    request("14:00:00", "other.example/"),
]


@pytest.fixture
def day(today):
    """A day with an incident in a client's ordinary traffic."""
    today.write_raw(*INCIDENT, *ORDINARY)
    scored = [row for row in INCIDENT if "payload" in row["fulluri"] or "kit" in row["fulluri"]]
    today.write_scores(*({name: row[name] for name in ("clientip", "host", "fulluri")} for row in scored))
    return today


def test_from_any_row_of_an_incident_the_whole_chain_is_proposed_without_ordinary_traffic(day):
    """Referers, redirects and times lead from each of its rows to all of its rows, and to no others."""
    whole = list(dict.fromkeys((CLIENT, str(each["fulluri"])) for each in INCIDENT))
    for _, uri in whole:
        assert chain(day.day, CLIENT, uri, deployment=day.deployment) == whole


def test_a_connection_that_the_log_lacks_is_a_chain_of_its_own(day):
    """Another system's ranking can have rows that the raw log lost."""
    alone = chain(day.day, CLIENT, "nowhere.example/", deployment=day.deployment)
    assert alone == [(CLIENT, "nowhere.example/")]


def test_related_requests_say_how_they_are_linked(day):
    """A referer that names the URI, one that names its host, and the client's time are told apart."""
    rows = related(day.day, [(CLIENT, "kit.example/e.html?x")], deployment=day.deployment)
    links = dict(zip(rows["fulluri"], rows["link"], strict=True))
    assert links == {
        "landing.example/page": found.LED_HERE,
        "kit.example/e.swf": found.CAME_FROM_HERE,
        "gate.example/go": found.SAME_TIME,
        "payload.example/p.exe": found.SAME_TIME,
        "news.example/": found.SAME_TIME,
        "ads.example/a.js": found.SAME_TIME,
        "ads.example/b.js": found.SAME_TIME,
        "mail.example/new": found.SAME_TIME,
    }
    assert rows["p_time"].is_monotonic_increasing
    by_host = related(day.day, [(CLIENT, "kit.example/e.swf")], deployment=day.deployment)
    assert by_host["link"].value_counts()[found.LED_HERE] == 1
