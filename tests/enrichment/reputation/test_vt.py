import json

import pytest
from pydantic import ValidationError
from support.reputation_server import Reply

from proxy_oa_assets.enrichment.reputation.lookup import PROBED
from proxy_oa_assets.enrichment.reputation.service_errors import RefusedError
from proxy_oa_assets.enrichment.reputation.verdict import Status

UNVERIFIED = "vt:UNVERIFIED:-1"
KEY = "0123456789abcdef-the-vt-key"
URL = "http://www.somedomain.com/this/is/my/url"
# The identifier that VirusTotal's own documentation gives for it.
IDENTIFIER = "aHR0cDovL3d3dy5zb21lZG9tYWluLmNvbS90aGlzL2lzL215L3VybA"
NOT_FOUND = {"error": {"code": "NotFoundError", "message": f'URL "{URL}" not found'}}


def _report(*, malicious=0, suspicious=0, categories=None):
    return {
        "data": {
            "id": "2b2f1f47",
            "type": "url",
            "attributes": {
                "url": "http://evil.example/",
                "last_analysis_date": 1635971126,
                "last_analysis_stats": {
                    "harmless": 77,
                    "malicious": malicious,
                    "suspicious": suspicious,
                    "timeout": 0,
                    "undetected": 8,
                },
                "categories": categories or {},
                "reputation": 0,
                "threat_names": ["Mal/HTMLGen-A"],
                "tags": [],
            },
        }
    }


@pytest.mark.parametrize(
    ("malicious", "suspicious", "said"),
    [
        *[(7, 0, "vt:HIGH:3"), (3, 0, "vt:HIGH:3"), (2, 0, "vt:MEDIUM:2"), (1, 0, "vt:MEDIUM:2")],
        *[(0, 2, "vt:MEDIUM:2"), (0, 1, "vt:LOW:1"), (0, 0, "vt:NONE:0")],
    ],
)
def test_scanners_make_the_risk(service, malicious, suspicious, said):
    """3 that say malicious are high; 1, or 2 that say suspicious, medium; 1 suspicious low."""
    with service("vt", lambda _: Reply(_report(malicious=malicious, suspicious=suspicious)), KEY) as asking:
        assert asking.said("evil.example/") == [said]


def test_a_url_is_looked_up_by_its_identifier_with_the_key_in_a_header(service):
    """GET /urls/<unpadded URL-safe base64>, header x-apikey; nothing is submitted."""
    with service("vt", lambda _: Reply(_report()), KEY) as asking:
        asking.said(URL)
    (asked,) = asking.server.asked
    assert (asked.method, asked.target) == ("GET", f"/urls/{IDENTIFIER}")
    assert asked.headers["x-apikey"] == KEY


def _refusal(code, status):
    """Return an error as VirusTotal documents it."""
    return Reply({"error": {"code": code, "message": KEY}}, status)


@pytest.mark.parametrize("categories", [None, [], "malware", {"a vendor": None}, {"a vendor": ["x"]}])
def test_categories_of_another_type_cost_no_verdict(service, categories):
    """The risk doesn't depend on them: four scanners that say malicious stay four."""
    report = _report(malicious=4)
    report["data"]["attributes"]["categories"] = categories
    with service("vt", lambda _: Reply(report), KEY) as asking:
        assert asking.said("evil.example/") == ["vt:HIGH:3"]


def test_half_a_surrogate_pair_costs_no_verdict(service):
    """JSON can escape one, and a title or a name can hold it; it becomes U+FFFD, a whole pair stays."""
    report = _report(
        malicious=4, categories={"a": "lone \ud83d", "b": "whole \U0001f600", "c": r"\ud83d as text"}
    )
    body = json.dumps(report).encode()
    assert rb"\ud83d\ude00" in body
    with service("vt", lambda _: Reply(body), KEY) as asking:
        (said,) = asking.said("evil.example/")
    assert said == "vt:HIGH:3:lone \ufffd;whole \U0001f600;\\ud83d as text"


@pytest.mark.parametrize(
    ("value", "target"),
    [
        ("www.evil.example/a?b", "/domains/www.evil.example"),
        ("8.8.8.8:8080/a", "/ip_addresses/8.8.8.8"),
        ("[2001:4860:4860::8888]/a", "/ip_addresses/2001:4860:4860::8888"),
    ],
)
def test_a_host_is_looked_up_by_its_name_or_address(service, value, target):
    """`send` is host: no path leaves."""
    with service("vt", lambda _: Reply(_report(malicious=3)), KEY, send="host") as asking:
        assert asking.said(value) == ["vt:HIGH:3"]
    assert [asked.target for asked in asking.server.asked] == [target]


def test_the_categories_of_all_vendors_are_named_once_each(service):
    """Vendors that agree count once; separators of uri_rep in a category become a space."""
    categories = {
        "Webroot": "Phishing and Other Frauds",
        "BitDefender": "misc",
        "Sophos": "misc",
        "X": "a:b|c",
    }
    report = Reply(_report(malicious=3, categories=categories))
    with service("vt", lambda _: report, KEY) as asking:
        assert asking.said("evil.example/") == ["vt:HIGH:3:Phishing and Other Frauds;misc;a b c"]


@pytest.mark.parametrize(
    ("malicious", "suspicious", "said"),
    [
        *[(10, 0, "vt:HIGH:3"), (9, 0, "vt:MEDIUM:2"), (4, 0, "vt:NONE:0"), (0, 8, "vt:MEDIUM:2")],
        *[(5, 0, "vt:MEDIUM:2"), (4, 7, "vt:LOW:1"), (0, 6, "vt:LOW:1"), (0, 5, "vt:NONE:0")],
    ],
)
def test_thresholds_are_settings(service, malicious, suspicious, said):
    """A site can change the numbers of scanners."""
    thresholds = {"malicious_high": 10, "malicious_medium": 5, "suspicious_medium": 8, "suspicious_low": 6}
    report = Reply(_report(malicious=malicious, suspicious=suspicious))
    with service("vt", lambda _: report, KEY, **thresholds) as asking:
        assert asking.said("evil.example/") == [said]


def test_never_seen_is_no_data_and_is_cached(service):
    """404 is a miss, with a miss's lifetime."""
    with service("vt", lambda _: Reply(NOT_FOUND, 404), KEY) as asking:
        first, second = asking.look_up(URL), asking.look_up(URL)
        assert first.uri_rep == second.uri_rep == {URL: UNVERIFIED}
    assert len(asking.server.asked) == 1
    assert [found.stats["vt"].statuses for found in (first, second)] == [{Status.NO_DATA: 1}] * 2
    assert (second.stats["vt"].requested, second.stats["vt"].cached) == (0, 1)


@pytest.mark.parametrize(
    ("code", "status", "how", "error"),
    [
        (
            "WrongCredentialsError",
            401,
            Status.FAILED,
            "it answered 401: the key is wrong, or may not ask this",
        ),
        ("ForbiddenError", 403, Status.FAILED, "it answered 403: the key is wrong, or may not ask this"),
        ("QuotaExceededError", 429, Status.OVER_QUOTA, "it says that the key's quota is used up"),
    ],
)
def test_a_refusal_ends_the_lookup(service, code, status, how, error):
    """One request; every value is -1 with one status, none is cached; a used-up quota isn't "down"."""
    values = [f"evil.example/{number}" for number in range(20)]
    with service("vt", lambda _: _refusal(code, status), KEY, threads=1, per_minute=None) as asking:
        found = asking.look_up(*values)
        stats = found.stats["vt"]
        assert len(asking.server.asked) == 1
        asking.look_up(*values)
        assert len(asking.server.asked) == 2
    assert set(found.uri_rep.values()) == {UNVERIFIED}
    assert (stats.statuses, stats.errors, stats.down) == ({how: 20}, [error], how is Status.FAILED)


@pytest.mark.parametrize(
    ("code", "status", "how"),
    [
        ("TooManyRequestsError", 429, Status.OVER_QUOTA),
        ("TransientError", 503, Status.FAILED),
        ("DeadlineExceededError", 504, Status.FAILED),
    ],
)
def test_transient_errors_are_retried(service, waits, code, status, how):
    """Three attempts at most, with pauses between them; then the lookup goes on."""
    replies = [_refusal(code, status), _refusal(code, status)]
    with service(
        "vt", lambda _: replies.pop() if replies else Reply(_report(malicious=3)), KEY, per_minute=None
    ) as asking:
        assert asking.said("evil.example/a", "evil.example/b") == ["vt:HIGH:3"] * 2
    assert (len(asking.server.asked), len(waits)) == (4, 2)
    with service("vt", lambda _: _refusal(code, status), KEY, per_minute=None) as asking:
        found = asking.look_up("evil.example/c")
    assert (found.stats["vt"].statuses, len(asking.server.asked)) == ({how: 1}, 3)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"key_env": "NOT_SET"}, "key_env"),
        ({"send": "url"}, "`send`"),
        ({"batch": 2}, "batch"),
        ({"malicious_high": 0}, "malicious_high"),
    ],
)
def test_a_wrong_setting_is_named(client_of, changed, named):
    """An entry that can't be used says which setting it is; the key isn't repeated."""
    with pytest.raises(ValidationError, match=named) as caught:
        client_of({"service": "vt", "key_env": "THE_KEY", **changed}, THE_KEY=KEY)
    assert KEY not in str(caught.value)


def test_doctor_reports_the_response(service):
    """One harmless value is looked up; a refusal is the finding."""
    with service("vt", lambda _: Reply(_report()), KEY) as asking:
        assert asking.client.probes()["vt"]() == f"says NONE of http://{PROBED}/"
    with (
        service("vt", lambda _: _refusal("WrongCredentialsError", 401), KEY) as asking,
        pytest.raises(RefusedError, match="401: the key is wrong"),
    ):
        asking.client.probes()["vt"]()
