import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.looking_up import says
from support.reputation_server import Reply, answering
from support.threat_exchange import (
    SECRET,
    answered,
    descriptor,
    members_say,
    searches,
    texts,
)

from proxy_oa_assets.enrichment.reputation.services.fb import ThreatExchange
from proxy_oa_assets.enrichment.reputation.verdict import Status

UNKNOWN = "fb:UNKNOWN:-1"
# Waits pass at once.
pytestmark = pytest.mark.usefixtures("waits")


@pytest.mark.parametrize(
    ("statuses", "said", "status"),
    [
        (["MALICIOUS"], "fb:MALICIOUS:3", Status.OK),
        (["SUSPICIOUS"], "fb:SUSPICIOUS:2", Status.OK),
        (["NON_MALICIOUS"], "fb:NON_MALICIOUS:0", Status.OK),
        (["UNKNOWN"], UNKNOWN, Status.NO_DATA),
        (["A_LATER_VERSIONS"], UNKNOWN, Status.NO_DATA),
        ([], UNKNOWN, Status.NO_DATA),
        (["NON_MALICIOUS", "MALICIOUS", "SUSPICIOUS"], "fb:MALICIOUS:3", Status.OK),
        (["UNKNOWN", "NON_MALICIOUS", "SUSPICIOUS"], "fb:SUSPICIOUS:2", Status.OK),
        (["UNKNOWN", "NON_MALICIOUS"], "fb:NON_MALICIOUS:0", Status.OK),
    ],
)
def test_the_gravest_status_of_the_members_decides(fb, statuses, said, status):
    """Each status has its label and risk; without any it is "no data", which is cached."""
    with answering(members_say(evil=statuses)) as server:
        client = fb(server.url)
        answer, stats = says(client, "evil.example/a")
        assert (answer, stats.statuses) == ([said], {status: 1})
        again, stats = says(client, "evil.example/a")
    assert (again, stats.requested, len(server.asked)) == ([said], 0, 1)


def test_values_are_searched_in_a_batch(fb):
    """One POST, the token in its form, one operation a value; responses are matched by position."""
    with answering(members_say(evil=["MALICIOUS"], good=["NON_MALICIOUS"])) as server:
        answer, _ = says(fb(server.url), "evil.example/a", "good.example/")
    assert answer == ["fb:MALICIOUS:3", "fb:NON_MALICIOUS:0"]
    (asked,) = server.asked
    assert (asked.method, asked.target) == ("POST", "/")
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    batch = asked.form.pop("batch")
    assert json.loads(batch)[0] == {
        "method": "GET",
        "relative_url": "v26.0/threat_descriptors?type=URI&strict_text=true"
        "&text=http%3A%2F%2Fevil.example%2Fa&fields=raw_indicator%2Ctype%2Cstatus%2Cconfidence%2Cseverity%2Cindicator&limit=20",
    }
    assert asked.form == {"access_token": f"555|{SECRET}", "batch": batch, "include_headers": "false"}


@pytest.mark.parametrize(
    "value",
    [
        "evil.example/a&text=good.example&type=DOMAIN",
        "evil.example/100%/%26%00",
        "evil.example/\"]'}{\\",
        # Meta replaces such a thing in an operation's address by another operation's result.
        "evil.example/{result=x:$.data.*.id}",
        "evil.example/ü/😀+ +\n\t",
        "evil.example/;=:@!$()*,|<>^`",
    ],
)
def test_a_hostile_uri_is_one_text_of_one_search(fb, value):
    """A path stays within `text`: no part of it is read as another parameter."""
    with answering(members_say(evil=["MALICIOUS"])) as server:
        assert says(fb(server.url), value)[0] == ["fb:MALICIOUS:3"]
    (search,) = searches(server.asked[0])
    assert set(search) == {"type", "strict_text", "text", "fields", "limit"}
    assert search["text"][0].startswith("http://evil.example/")
    (operation,) = json.loads(server.asked[0].form["batch"])
    assert not set(operation["relative_url"]) & set("{}#+ \"'\\")


@given(st.text())
def test_any_searched_text_is_quoted(text):
    """The service doesn't rely on what privacy has quoted already: any text comes out as it went in."""
    entry = {"service": "fb", "app_id": "555", "app_secret_env": "X"}
    service = ThreatExchange.model_validate(entry, context={"environ": {"X": SECRET}})
    search = service._search(text)
    assert re.fullmatch(r"[A-Za-z0-9/?=&%_.~-]+", search)
    assert parse_qs(urlsplit(search).query, keep_blank_values=True)["text"] == [text]


@pytest.mark.parametrize(
    "text", ["http://evil.example/a/b", "http://evil.example/", "evil.example", "http://a.evil.example/a", ""]
)
def test_a_descriptor_of_another_text_does_not_count(fb, text):
    """The search finds a text within other fields, too."""
    with answering(lambda _: Reply([answered(descriptor(text, "MALICIOUS"))])) as server:
        assert says(fb(server.url), "evil.example/a")[0] == [UNKNOWN]


@pytest.mark.parametrize("text", ["http://evil.example/a", "https://EVIL.example:443/a", "evil.example/a"])
def test_a_descriptor_of_the_same_uri_counts(fb, text):
    """Scheme, case of the host and the scheme's own port don't make another URI."""
    with answering(lambda _: Reply([answered(descriptor(text, "MALICIOUS"))])) as server:
        assert says(fb(server.url), "evil.example:80/a")[0] == ["fb:MALICIOUS:3"]


def test_a_host_is_searched_among_domains_or_addresses(fb):
    """`send` is host: no path leaves, and the type is the host's."""
    values = ["evil.example/a?b", "8.8.8.8/a", "[2001:4860:4860::8888]/"]

    def respond(asked):
        return Reply([answered(descriptor(text, "SUSPICIOUS")) for text in texts(asked)])

    with answering(respond) as server:
        answer, _ = says(fb(server.url, send="host"), *values)
    assert answer == ["fb:SUSPICIOUS:2"] * 3
    assert [(search["type"], search["text"]) for search in searches(server.asked[0])] == [
        (["DOMAIN"], ["evil.example"]),
        (["IP_ADDRESS"], ["8.8.8.8"]),
        (["IP_ADDRESS"], ["2001:4860:4860::8888"]),
    ]


def test_three_thousand_values_are_sixty_requests(fb):
    """50 operations each, every value once; once they are known, none."""
    values = [f"evil.example/{number}" for number in range(3000)]
    with answering(members_say(evil=["MALICIOUS"])) as server:
        answer, stats = says(fb(server.url), *values, *values)
        asked = list(server.asked)
        again, known = says(fb(server.url), *values)
        assert server.asked == asked
    assert set(answer) == set(again) == {"fb:MALICIOUS:3"}
    assert (stats.requested, known.requested, known.cached) == (3000, 0, 3000)
    assert [len(texts(asked)) for asked in server.asked] == [50] * 60
    assert {text for asked in server.asked for text in texts(asked)} == {
        f"http://{value}" for value in values
    }
