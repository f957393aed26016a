import pytest
from support.incident_rows import CLIENT, CONNECTIONS, write_incident

from proxy_oa_assets.investigation.story import related as found
from proxy_oa_assets.investigation.story.related import chain, related


@pytest.fixture
def day(today):
    """A day with an incident in a client's ordinary traffic."""
    write_incident(today)
    return today


def test_from_any_row_of_an_incident_the_whole_chain_is_proposed_without_ordinary_traffic(day):
    """Referers, redirects and times lead from each of its rows to all of its rows, and to no others."""
    for _, uri in CONNECTIONS:
        assert chain(day.day, CLIENT, uri, deployment=day.deployment) == CONNECTIONS


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
