import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from support.reputation_server import Reply, answering

from proxy_oa_assets.reputation.fb import ThreatExchange
from proxy_oa_assets.reputation.panel import HARMLESS
from proxy_oa_assets.reputation.trouble import RefusedError, ServiceError
from proxy_oa_assets.reputation.verdict import Status

SECRET = "aSdF123GhK"
UNKNOWN = "fb:UNKNOWN:-1"
# Pauses pass at once.
pytestmark = pytest.mark.usefixtures("waits")


@pytest.fixture
def fb(asking_of):
    """Return what makes the service at an address."""

    def made(url, **entry):
        app = {"app_id": "555", "app_secret_env": "FB_SECRET"}
        return asking_of({"service": "fb", "url": url, **app, **entry}, FB_SECRET=SECRET)

    return made


def _descriptor(text, status):
    """Return a descriptor as ThreatExchange documents it."""
    return {
        "id": "881335228606937",
        "indicator": {"id": "501655576609539", "indicator": text, "type": "URI"},
        "owner": {"id": "588498724619612", "name": "X"},
        "confidence": 50,
        "status": status,
        "severity": "SEVERE",
        "share_level": "GREEN",
        "privacy_type": "VISIBLE",
        "raw_indicator": text,
        "type": "URI",
        "added_on": "2015-07-07T22:36:04+0000",
        "last_updated": "2020-07-24T05:25:48+0000",
    }


def _entry(*descriptors):
    body = {"data": descriptors, "paging": {"cursors": {"before": "MAZDZD", "after": "MjQZD"}}}
    return {"code": 200, "body": json.dumps(body)}


def _error(code):
    return {"error": {"message": SECRET, "type": "OAuthException", "code": code, "fbtrace_id": "EJplcsCHuLu"}}


def _failed(code, error):
    return {"code": code, "body": json.dumps(_error(error))}


def _searches(asked):
    """Return the query of each operation of a request."""
    operations = json.loads(asked.form["batch"])
    return [parse_qs(urlsplit(each["relative_url"]).query, strict_parsing=True) for each in operations]


def _texts(asked):
    return [search["text"][0] for search in _searches(asked)]


def _members_say(**statuses):
    """Return what answers each search with descriptors of these statuses, by host."""

    def respond(asked):
        return Reply(
            [
                _entry(
                    *(_descriptor(text, status) for status in statuses[urlsplit(text).netloc.split(".")[0]])
                )
                for text in _texts(asked)
            ]
        )

    return respond


def _says(panel, *values):
    found = panel.look_up(values)
    return [found.uri_rep[value] for value in values], found.tallies["fb"]


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
    """Each status has its label and value; nobody's opinion is "no data", which isn't asked again."""
    with answering(_members_say(evil=statuses)) as server:
        panel = fb(server.url)
        answer, tally = _says(panel, "evil.example/a")
        assert (answer, tally.statuses) == ([said], {status: 1})
        again, tally = _says(panel, "evil.example/a")
    assert (again, tally.asked, len(server.asked)) == ([said], 0, 1)


def test_values_are_asked_by_a_batch_of_searches(fb):
    """One POST, the token in its form, one operation a value; answers are told apart by their order."""
    with answering(_members_say(evil=["MALICIOUS"], good=["NON_MALICIOUS"])) as server:
        answer, _ = _says(fb(server.url), "evil.example/a", "good.example/")
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
    """Whatever stands in a path, it stays within `text`: nothing of it is read as anything else."""
    with answering(_members_say(evil=["MALICIOUS"])) as server:
        assert _says(fb(server.url), value)[0] == ["fb:MALICIOUS:3"]
    (search,) = _searches(server.asked[0])
    assert set(search) == {"type", "strict_text", "text", "fields", "limit"}
    assert search["text"][0].startswith("http://evil.example/")
    (operation,) = json.loads(server.asked[0].form["batch"])
    assert not set(operation["relative_url"]) & set("{}#+ \"'\\")


@given(st.text())
def test_whatever_is_searched_for_is_quoted(text):
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
    with answering(lambda _: Reply([_entry(_descriptor(text, "MALICIOUS"))])) as server:
        assert _says(fb(server.url), "evil.example/a")[0] == [UNKNOWN]


@pytest.mark.parametrize("text", ["http://evil.example/a", "https://EVIL.example:443/a", "evil.example/a"])
def test_a_descriptor_of_the_same_uri_counts(fb, text):
    """Scheme, case of the host and the scheme's own port don't make another URI."""
    with answering(lambda _: Reply([_entry(_descriptor(text, "MALICIOUS"))])) as server:
        assert _says(fb(server.url), "evil.example:80/a")[0] == ["fb:MALICIOUS:3"]


def test_a_host_is_searched_among_domains_or_addresses(fb):
    """`send` is host: no path leaves, and the type is the host's."""
    values = ["evil.example/a?b", "8.8.8.8/a", "[2001:4860:4860::8888]/"]

    def respond(asked):
        return Reply([_entry(_descriptor(text, "SUSPICIOUS")) for text in _texts(asked)])

    with answering(respond) as server:
        answer, _ = _says(fb(server.url, send="host"), *values)
    assert answer == ["fb:SUSPICIOUS:2"] * 3
    assert [(search["type"], search["text"]) for search in _searches(server.asked[0])] == [
        (["DOMAIN"], ["evil.example"]),
        (["IP_ADDRESS"], ["8.8.8.8"]),
        (["IP_ADDRESS"], ["2001:4860:4860::8888"]),
    ]


def test_three_thousand_values_are_sixty_requests(fb):
    """50 operations each, every value once."""
    values = [f"evil.example/{number}" for number in range(3000)]
    with answering(_members_say(evil=["MALICIOUS"])) as server:
        answer, tally = _says(fb(server.url), *values, *values)
    assert set(answer) == {"fb:MALICIOUS:3"}
    assert tally.asked == 3000
    assert [len(_texts(asked)) for asked in server.asked] == [50] * 60
    assert {text for asked in server.asked for text in _texts(asked)} == {
        f"http://{value}" for value in values
    }


@pytest.mark.parametrize(
    ("entry", "status"),
    [
        (None, Status.FAILED),
        ({"code": 500, "body": "<html>"}, Status.FAILED),
        ({"code": 404}, Status.FAILED),
        ({"code": 200, "body": "{"}, Status.FAILED),
        ({"code": 200, "body": None}, Status.FAILED),
        ({"code": 200, "body": '{"data": {}}'}, Status.FAILED),
        (_failed(400, 100), Status.FAILED),
        (_failed(500, 2), Status.FAILED),
        (_failed(400, 4), Status.OVER_QUOTA),
        (_failed(403, 613), Status.OVER_QUOTA),
    ],
)
def test_an_operation_that_failed_costs_its_own_value_alone(fb, entry, status):
    """Null, or a code of its own: that value is -1 and asked again the next time; the others are kept."""
    with answering(
        lambda asked: Reply([_entry(_descriptor(_texts(asked)[0], "MALICIOUS")), entry])
    ) as server:
        panel = fb(server.url)
        answer, tally = _says(panel, "evil.example/a", "evil.example/b")
    assert (answer, tally.statuses) == (["fb:MALICIOUS:3", UNKNOWN], {Status.OK: 1, status: 1})
    assert tally.troubles == ["it gave no answer for some values of a request"]
    assert not tally.down
    with answering(_members_say(evil=["SUSPICIOUS"])) as server:
        answer, tally = _says(fb(server.url), "evil.example/a", "evil.example/b")
    assert (answer, tally.cached) == (["fb:MALICIOUS:3", "fb:SUSPICIOUS:2"], 1)
    assert _texts(server.asked[0]) == ["http://evil.example/b"]


@pytest.mark.parametrize("code", [102, 190])
@pytest.mark.parametrize(
    "refusing",
    [
        lambda code: Reply(_error(code), 400),
        lambda code: Reply(_error(code)),
        lambda code: Reply([_failed(400, code)]),
    ],
)
def test_a_bad_token_ends_asking(fb, refusing, code):
    """As the whole answer or as an operation's: one request, all values failed; Meta's words stay out."""
    with answering(lambda _: refusing(code)) as server:
        values = [f"evil.example/{number}" for number in range(20)]
        answer, tally = _says(fb(server.url, batch=1, threads=1), *values)
    assert (set(answer), tally.statuses, tally.down) == ({UNKNOWN}, {Status.FAILED: 20}, True)
    assert len(server.asked) == 1
    assert tally.troubles == [f"it answered error {code}: the app's id or secret is wrong"]


@pytest.mark.parametrize(
    "refusing", [lambda code: Reply(_error(code), 403), lambda code: Reply([_failed(403, code)])]
)
def test_an_app_that_may_not_ask_is_not_asked_on(fb, refusing):
    """403 with Meta's own error, a missing permission say: nothing more goes out in this run."""
    with answering(lambda _: refusing(10)) as server:
        values = [f"evil.example/{number}" for number in range(20)]
        answer, tally = _says(fb(server.url, batch=1, threads=1), *values)
    assert (set(answer), len(server.asked), tally.down) == ({UNKNOWN}, 1, True)
    assert tally.troubles == ["it answered error 10: the app may not ask this"]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        *[(1, Status.FAILED), (2, Status.FAILED), (4, Status.OVER_QUOTA)],
        *[(17, Status.OVER_QUOTA), (32, Status.OVER_QUOTA), (613, Status.OVER_QUOTA)],
    ],
)
@pytest.mark.parametrize(
    "passing",
    [
        lambda code: Reply(_error(code), 400),
        lambda code: Reply(_error(code), 403),
        lambda code: Reply([_failed(400, code), None]),
    ],
)
def test_what_may_pass_is_tried_again(fb, waits, passing, code, status):
    """Meta is down or wants fewer calls: after a pause it's asked again, three times at most."""
    replies = [passing(code), passing(code)]
    good = _members_say(evil=["MALICIOUS"])
    values = ["evil.example/a", "evil.example/b"]
    with answering(lambda asked: replies.pop() if replies else good(asked)) as server:
        assert _says(fb(server.url), *values)[0] == ["fb:MALICIOUS:3"] * 2
        assert (len(server.asked), len(waits)) == (3, 2)
    with answering(lambda _: passing(code)) as server:
        answer, tally = _says(fb(server.url), "evil.example/c", "evil.example/d")
    assert (answer, tally.statuses, len(server.asked)) == ([UNKNOWN] * 2, {status: 2}, 3)
    assert tally.troubles == [f"it answered error {code}"]


def test_an_http_status_without_an_error_of_meta_s_counts_as_such(fb):
    """A company's proxy may say 403 in its own words; 500 is tried again."""
    with answering(lambda _: Reply(b"<html>", 403)) as server:
        _, tally = _says(fb(server.url), "evil.example/")
    assert (len(server.asked), tally.down) == (1, True)
    assert tally.troubles == ["it answered 403: the key is wrong, or may not ask this"]
    with answering(lambda _: Reply({}, 500)) as server:
        _, tally = _says(fb(server.url), "evil.example/")
    assert (len(server.asked), tally.troubles) == (3, ["it answered 500"])


@pytest.mark.parametrize("content", [{}, {"error": {}}, {"error": "no"}, [1], [{"body": "{}"}], "no", b"[{"])
def test_an_answer_in_another_shape_is_none(fb, content):
    """Nothing is made of it, and it is asked again the next time."""
    with answering(lambda _: Reply(content)) as server:
        panel = fb(server.url)
        answer, tally = _says(panel, "evil.example/")
        assert (answer, tally.statuses) == ([UNKNOWN], {Status.FAILED: 1})
        assert tally.troubles[0].startswith("its answer isn't as documented")
        assert _says(panel, "evil.example/")[1].asked == 1


@pytest.mark.parametrize("entries", [0, 1, 3])
def test_as_many_answers_as_questions_are_expected(fb, entries):
    """Answers are told apart by their order alone, so one too few or too many makes all of them doubtful."""
    with answering(
        lambda _: Reply([_entry(_descriptor("http://evil.example/", "MALICIOUS"))] * entries)
    ) as server:
        answer, tally = _says(fb(server.url), "evil.example/", "evil.example/a")
    assert answer == [UNKNOWN] * 2
    assert tally.troubles == [f"it gave {entries} answers to 2 questions"]


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"version": "26.0"}, "version"),
        ({"version": "v26.0/../me?x="}, "version"),
        ({"app_id": "<app_id>"}, "app_id"),
        ({"app_id": "1|2"}, "app_id"),
        ({"app_secret_env": "NOT_SET"}, "app_secret_env"),
        ({"batch": 51}, "batch"),
        ({"batch": 0}, "batch"),
        ({"send": "url"}, "`send`"),
        ({"url": "http://graph.example"}, "https"),
    ],
)
def test_a_wrong_setting_is_named(fb, changed, named):
    """An entry that can't be used says which setting it is."""
    with pytest.raises(ValidationError, match=named):
        fb(**{"url": "http://127.0.0.1:1", **changed})


def test_doctor_says_what_came_back(fb):
    """One harmless value is asked; Meta's refusal is the finding."""
    with answering(lambda _: Reply([_entry(_descriptor(f"http://{HARMLESS}/", "NON_MALICIOUS"))])) as server:
        assert fb(server.url).trials()["fb"]() == f"says NON_MALICIOUS of http://{HARMLESS}/"
    with answering(lambda _: Reply([_entry()])) as server:
        assert fb(server.url).trials()["fb"]() == f"says UNKNOWN of http://{HARMLESS}/"
    with (
        answering(lambda _: Reply(_error(190), 400)) as server,
        pytest.raises(RefusedError, match="error 190: the app's id or secret is wrong"),
    ):
        fb(server.url).trials()["fb"]()
    with answering(lambda _: Reply([None])) as server, pytest.raises(ServiceError, match="unanswered"):
        fb(server.url).trials()["fb"]()
