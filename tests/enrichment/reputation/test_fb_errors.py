import pytest
from pydantic import ValidationError
from support.looking_up import says
from support.reputation_server import Reply, answering
from support.threat_exchange import answered, descriptor, error_of, failed, members_say, texts

from proxy_oa_assets.enrichment.reputation.lookup import PROBED
from proxy_oa_assets.enrichment.reputation.service_errors import RefusedError, ServiceError
from proxy_oa_assets.enrichment.reputation.verdict import Status

UNKNOWN = "fb:UNKNOWN:-1"
# Waits pass at once.
pytestmark = pytest.mark.usefixtures("waits")


@pytest.mark.parametrize(
    ("entry", "status"),
    [
        (None, Status.FAILED),
        ({"code": 500, "body": "<html>"}, Status.FAILED),
        ({"code": 404}, Status.FAILED),
        ({"code": 200, "body": "{"}, Status.FAILED),
        ({"code": 200, "body": None}, Status.FAILED),
        ({"code": 200, "body": '{"data": {}}'}, Status.FAILED),
        (failed(400, 100), Status.FAILED),
        (failed(500, 2), Status.FAILED),
        (failed(400, 4), Status.OVER_QUOTA),
        (failed(403, 613), Status.OVER_QUOTA),
    ],
)
def test_a_failed_operation_costs_only_its_value(fb, entry, status):
    """Null, or an error code: that value is -1 and looked up again next time; the others are cached."""
    later = members_say(evil=["SUSPICIOUS"])

    def respond(asked):
        if len(server.asked) > 1:
            return later(asked)
        return Reply([answered(descriptor(texts(asked)[0], "MALICIOUS")), entry])

    with answering(respond) as server:
        answer, stats = says(fb(server.url), "evil.example/a", "evil.example/b")
        assert (answer, stats.statuses) == (["fb:MALICIOUS:3", UNKNOWN], {Status.OK: 1, status: 1})
        assert stats.errors == ["it gave no answer for some values of a request"]
        assert not stats.down
        answer, stats = says(fb(server.url), "evil.example/a", "evil.example/b")
    assert (answer, stats.cached) == (["fb:MALICIOUS:3", "fb:SUSPICIOUS:2"], 1)
    assert texts(server.asked[1]) == ["http://evil.example/b"]


@pytest.mark.parametrize("code", [102, 190])
@pytest.mark.parametrize(
    "refusing",
    [
        lambda code: Reply(error_of(code), 400),
        lambda code: Reply(error_of(code)),
        lambda code: Reply([failed(400, code)]),
    ],
)
def test_a_bad_token_ends_the_lookup(fb, refusing, code):
    """As the whole response or an operation's: one request, all values failed, no text of Meta's."""
    with answering(lambda _: refusing(code)) as server:
        values = [f"evil.example/{number}" for number in range(20)]
        answer, stats = says(fb(server.url, batch=1, threads=1), *values)
    assert (set(answer), stats.statuses, stats.down) == ({UNKNOWN}, {Status.FAILED: 20}, True)
    assert len(server.asked) == 1
    assert stats.errors == [f"it answered error {code}: the app's id or secret is wrong"]


@pytest.mark.parametrize(
    "refusing", [lambda code: Reply(error_of(code), 403), lambda code: Reply([failed(403, code)])]
)
def test_an_app_without_permission_ends_the_lookup(fb, refusing):
    """403 with Meta's own error, such as a missing permission: no further request in this run."""
    with answering(lambda _: refusing(10)) as server:
        values = [f"evil.example/{number}" for number in range(20)]
        answer, stats = says(fb(server.url, batch=1, threads=1), *values)
    assert (set(answer), len(server.asked), stats.down) == ({UNKNOWN}, 1, True)
    assert stats.errors == ["it answered error 10: the app may not ask this"]


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
        lambda code: Reply(error_of(code), 400),
        lambda code: Reply(error_of(code), 403),
        lambda code: Reply([failed(400, code), None]),
    ],
)
def test_transient_errors_are_retried(fb, waits, passing, code, status):
    """Meta is down or limits calls: three attempts at most, with pauses between them."""
    replies = [passing(code), passing(code)]
    good = members_say(evil=["MALICIOUS"])
    values = ["evil.example/a", "evil.example/b"]
    with answering(lambda asked: replies.pop() if replies else good(asked)) as server:
        assert says(fb(server.url), *values)[0] == ["fb:MALICIOUS:3"] * 2
        assert (len(server.asked), len(waits)) == (3, 2)
    with answering(lambda _: passing(code)) as server:
        answer, stats = says(fb(server.url), "evil.example/c", "evil.example/d")
    assert (answer, stats.statuses, len(server.asked)) == ([UNKNOWN] * 2, {status: 2}, 3)
    assert stats.errors == [f"it answered error {code}"]


def test_an_http_status_without_an_error_of_meta_s_counts_as_such(fb):
    """A company's proxy can answer 403 with a page; 500 is retried."""
    with answering(lambda _: Reply(b"<html>", 403)) as server:
        _, stats = says(fb(server.url), "evil.example/")
    assert (len(server.asked), stats.down) == (1, True)
    assert stats.errors == ["it answered 403: the key is wrong, or may not ask this"]
    with answering(lambda _: Reply({}, 500)) as server:
        _, stats = says(fb(server.url), "evil.example/")
    assert (len(server.asked), stats.errors) == (3, ["it answered 500"])


@pytest.mark.parametrize("content", [{}, {"error": {}}, {"error": "no"}, [1], [{"body": "{}"}], "no", b"[{"])
def test_an_undocumented_response_is_no_verdict(fb, content):
    """It gives no verdict, and is looked up again next time."""
    with answering(lambda _: Reply(content)) as server:
        client = fb(server.url)
        answer, stats = says(client, "evil.example/")
        assert (answer, stats.statuses) == ([UNKNOWN], {Status.FAILED: 1})
        assert stats.errors[0].startswith("its answer isn't as documented")
        assert says(client, "evil.example/")[1].requested == 1


@pytest.mark.parametrize("entries", [0, 1, 3])
def test_each_value_needs_a_response(fb, entries):
    """Responses are matched by position, so one too few or too many makes all of them doubtful."""
    with answering(
        lambda _: Reply([answered(descriptor("http://evil.example/", "MALICIOUS"))] * entries)
    ) as server:
        answer, stats = says(fb(server.url), "evil.example/", "evil.example/a")
    assert answer == [UNKNOWN] * 2
    assert stats.errors == [f"it gave {entries} answers to 2 questions"]


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


def test_doctor_reports_the_response(fb):
    """One harmless value is looked up; Meta's refusal is the finding."""
    with answering(lambda _: Reply([answered(descriptor(f"http://{PROBED}/", "NON_MALICIOUS"))])) as server:
        assert fb(server.url).probes()["fb"]() == f"says NON_MALICIOUS of http://{PROBED}/"
    with answering(lambda _: Reply([answered()])) as server:
        assert fb(server.url).probes()["fb"]() == f"says UNKNOWN of http://{PROBED}/"
    with (
        answering(lambda _: Reply(error_of(190), 400)) as server,
        pytest.raises(RefusedError, match="error 190: the app's id or secret is wrong"),
    ):
        fb(server.url).probes()["fb"]()
    with answering(lambda _: Reply([None])) as server, pytest.raises(ServiceError, match="unanswered"):
        fb(server.url).probes()["fb"]()
