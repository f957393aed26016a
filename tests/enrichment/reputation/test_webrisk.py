import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from support.reputation_server import Reply

from proxy_oa_assets.enrichment.reputation.verdict import Status

KEY = "0123456789abcdef-the-google-key"
UNVERIFIED = "webrisk:UNVERIFIED:-1"


def _threat(*types, expires="2019-07-17T15:01:23.045123456Z"):
    return {"threat": {"threatTypes": list(types), "expireTime": expires}}


def _invalid(reason=None):
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}] if reason else []
    error = {"code": 400, "message": "Invalid.", "status": "INVALID_ARGUMENT", "details": details}
    return Reply({"error": error}, 400)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (_threat("MALWARE"), "HIGH:3:MALWARE"),
        (_threat("SOCIAL_ENGINEERING"), "HIGH:3:SOCIAL_ENGINEERING"),
        (_threat("UNWANTED_SOFTWARE"), "MEDIUM:2:UNWANTED_SOFTWARE"),
        (_threat("UNWANTED_SOFTWARE", "MALWARE"), "HIGH:3:UNWANTED_SOFTWARE;MALWARE"),
        ({}, "NONE:0"),
        ({"threat": {}}, "NONE:0"),
    ],
)
def test_the_worst_list_decides(service, answer, said):
    """MALWARE and SOCIAL_ENGINEERING are high, UNWANTED_SOFTWARE is medium; on no list is none."""
    with service("webrisk", lambda _: Reply(answer), KEY) as asking:
        assert asking.said("evil.example/a") == [f"webrisk:{said}"]


@pytest.mark.parametrize("answer", [_threat("THREAT_TYPE_UNSPECIFIED"), {"threat": 3}, []])
def test_an_undocumented_response_is_no_verdict(service, answer):
    """-1, a failure."""
    with service("webrisk", lambda _: Reply(answer), KEY) as asking:
        found = asking.look_up("evil.example/a")
    assert found.uri_rep == {"evil.example/a": UNVERIFIED}
    assert found.stats["webrisk"].statuses == {Status.FAILED: 1}


def _kept_until(tmp_path):
    """Return when the cache's only verdict ends; none if there is none."""
    with closing(sqlite3.connect(tmp_path / "state" / "verdicts.sqlite")) as connection:
        rows = connection.execute("SELECT expires FROM verdicts").fetchall()
    return datetime.fromtimestamp(rows[0][0], UTC) if rows else None


def test_a_hit_is_cached_until_google_s_expiry(service, tmp_path):
    """`expireTime`, with nine digits of a second, takes precedence over the cache's lifetimes."""
    ends = datetime.now(UTC) + timedelta(minutes=5)
    answer = _threat("MALWARE", expires=f"{ends:%Y-%m-%dT%H:%M:%S.%f}789Z")
    with service("webrisk", lambda _: Reply(answer), KEY) as asking:
        asking.said("evil.example/a")
        assert asking.said("evil.example/a") == ["webrisk:HIGH:3:MALWARE"]
    assert len(asking.server.asked) == 1
    assert _kept_until(tmp_path) == ends


def test_an_expired_verdict_is_looked_up_again(service):
    """The specification's sample ended in 2019."""
    with service("webrisk", lambda _: Reply(_threat("MALWARE")), KEY) as asking:
        asking.said("evil.example/a")
        assert asking.said("evil.example/a") == ["webrisk:HIGH:3:MALWARE"]
    assert len(asking.server.asked) == 2


@pytest.mark.parametrize("expires", ["2019-07-17T15:01:23Z", "2019-07-17T15:01:23.045Z"])
def test_an_expiry_may_have_fewer_digits(service, expires):
    """None, three, six or nine digits."""
    with service("webrisk", lambda _: Reply(_threat("MALWARE", expires=expires)), KEY) as asking:
        assert asking.said("evil.example/a") == ["webrisk:HIGH:3:MALWARE"]


def test_a_miss_has_the_lifetime_of_misses(service, tmp_path):
    """Google gives a miss no end: six hours, unless the file says otherwise."""
    with service("webrisk", lambda _: Reply({}), KEY) as asking:
        asking.said("fine.example/a")
    hours = (_kept_until(tmp_path) - datetime.now(UTC)).total_seconds() / 3600
    assert hours == pytest.approx(6, abs=0.1)


@pytest.mark.parametrize(
    ("send", "uri"), [("url_no_query", "http://evil.example/a&b"), ("host", "http://evil.example/")]
)
def test_a_request_names_all_lists_and_has_the_key_in_a_header(service, send, uri):
    """GET /uris:search; a host is looked up as its front page; the key isn't in the URL."""
    with service("webrisk", lambda _: Reply({}), KEY, send=send) as asking:
        asking.said("evil.example/a&b?c=d")
    (asked,) = asking.server.asked
    assert (asked.method, asked.path) == ("GET", "/uris:search")
    assert asked.query == [
        ("uri", uri),
        *(("threatTypes", name) for name in ("MALWARE", "SOCIAL_ENGINEERING", "UNWANTED_SOFTWARE")),
    ]
    assert asked.headers["X-Goog-Api-Key"] == KEY
    assert KEY not in asked.target


def test_an_invalid_key_ends_the_lookup(service):
    """Google answers 400, with the reason in the details."""
    with service("webrisk", lambda _: _invalid("API_KEY_INVALID"), KEY, threads=1) as asking:
        stats = asking.look_up("a.example/", "b.example/").stats["webrisk"]
    assert (len(asking.server.asked), stats.down) == (1, True)
    assert stats.errors == ["it doesn't know the key"]


def test_a_value_that_google_refuses_is_no_failure(service):
    """Otherwise five odd URLs, which anyone can write into a log, would end the lookup."""
    with service("webrisk", lambda _: _invalid(), KEY) as asking:
        found = asking.look_up(*(f"{number}.example/" for number in range(10)))
    stats = found.stats["webrisk"]
    assert set(found.uri_rep.values()) == {UNVERIFIED}
    assert (stats.statuses, stats.requested, stats.down) == ({Status.UNSUPPORTED: 10}, 10, False)
