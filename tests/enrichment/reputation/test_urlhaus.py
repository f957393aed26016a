import pytest
from support.reputation_server import Reply

from proxy_oa_assets.enrichment.reputation.verdict import Status

KEY = "0123456789abcdef-the-auth-key"
SEEN = {
    "query_status": "ok",
    "id": "105821",
    "url": "http://evil.example/a",
    "url_status": "online",
    "host": "evil.example",
    "date_added": "2019-01-19 01:33:26 UTC",
    "last_online": None,
    "threat": "malware_download",
    "blacklists": {"spamhaus_dbl": "abused_legit_malware", "surbl": "listed"},
    "larted": "true",
    "tags": ["emotet", "heodo"],
    "payloads": [],
}
URL = {
    "id": "121319",
    "url": "http://evil.example/5.exe",
    "url_status": "online",
    "threat": "malware_download",
    "tags": ["exe"],
}
UNVERIFIED = "urlhaus:UNVERIFIED:-1"


def _host(*statuses, spamhaus="not listed"):
    return {
        "query_status": "ok",
        "host": "evil.example",
        "firstseen": "2019-01-15 07:09:01 UTC",
        "url_count": "120",
        "blacklists": {"spamhaus_dbl": spamhaus, "surbl": "not listed"},
        "urls": [URL | {"url_status": status} for status in statuses],
    }


@pytest.fixture
def says(service):
    """Return what `uri_rep` holds of a URL when URLhaus answers so."""

    def asked(answer, value="evil.example/a", **entry):
        with service("urlhaus", lambda _: Reply(answer), KEY, **entry) as asking:
            return asking.said(value)[0]

    return asked


@pytest.mark.parametrize(
    ("status", "said"),
    [("online", "HIGH:3"), ("offline", "MEDIUM:2"), ("unknown", "LOW:1"), (None, "LOW:1"), ("new", "LOW:1")],
)
def test_a_url_that_serves_malware_still_is_high(says, status, said):
    """Online 3, offline 2, unknown 1; the threat and the tags are the categories."""
    assert says(SEEN | {"url_status": status}) == f"urlhaus:{said}:malware_download;emotet;heodo"


def test_a_url_without_tags_has_its_threat_alone(says):
    """`tags` may be null."""
    assert says(SEEN | {"tags": None}) == "urlhaus:HIGH:3:malware_download"


def test_a_url_that_is_not_there_is_none(says):
    """`no_results` is an answer."""
    assert says({"query_status": "no_results"}) == "urlhaus:NONE:0"
    assert says({"query_status": "no_results"}, send="host") == "urlhaus:NONE:0"


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        (["online"], "MEDIUM:2:malware_download"),
        (["unknown", "offline"], "MEDIUM:2:malware_download"),
        (["unknown"], "LOW:1:malware_download"),
        ([], "LOW:1"),
    ],
)
def test_a_host_of_bad_urls_is_medium_at_most(says, statuses, said):
    """Other people's pages may stand there, too."""
    assert says(_host(*statuses), send="host") == f"urlhaus:{said}"
    abused = _host(*statuses, spamhaus="abused_legit_malware")
    assert says(abused, send="host") == f"urlhaus:{said}"


@pytest.mark.parametrize("listing", ["spammer_domain", "phishing_domain", "botnet_cc_domain"])
def test_a_host_that_spamhaus_lists_as_a_whole_is_high(says, listing):
    """Even if its URLs are offline; the listing comes first among the categories."""
    said = says(_host("offline", spamhaus=listing), send="host")
    assert said == f"urlhaus:HIGH:3:{listing};malware_download"


def test_a_host_without_blacklists_is_judged_by_its_urls(says):
    """Fields that are missing are no fault."""
    assert says({"query_status": "ok", "blacklists": None}, send="host") == "urlhaus:LOW:1"


@pytest.mark.parametrize("outcome", ["invalid_url", "invalid_host"])
def test_what_urlhaus_cannot_judge_is_no_failure(service, outcome):
    """It is unverified, isn't kept, and doesn't count against the service."""
    with service("urlhaus", lambda _: Reply({"query_status": outcome}), KEY) as asking:
        stats = asking.look_up("evil.example/a").stats["urlhaus"]
        assert (stats.statuses, stats.errors) == ({Status.UNSUPPORTED: 1}, [])
        assert asking.said("evil.example/a") == [UNVERIFIED]
    assert len(asking.server.asked) == 2


def test_an_unknown_key_ends_the_lookup_although_the_answer_is_200(service):
    """Nothing more is asked in this run, and the key isn't repeated."""
    answer = Reply({"query_status": "unknown_auth_key"})
    with service("urlhaus", lambda _: answer, KEY, threads=1) as asking:
        found = asking.look_up("a.example/", "b.example/")
    stats = found.stats["urlhaus"]
    assert set(found.uri_rep.values()) == {UNVERIFIED}
    assert (len(asking.server.asked), stats.down) == (1, True)
    assert stats.errors == ["it doesn't know the key"]


@pytest.mark.parametrize("answer", [{"query_status": "http_post_expected"}, {}, {"query_status": 3}])
def test_an_undocumented_response_is_no_verdict(service, answer):
    """-1, a failure; what the server wrote isn't passed on."""
    with service("urlhaus", lambda _: Reply(answer), KEY) as asking:
        stats = asking.look_up("evil.example/a").stats["urlhaus"]
    assert stats.statuses == {Status.FAILED: 1}
    assert "http_post_expected" not in stats.errors[0]
    assert "documented" in stats.errors[0]


@pytest.mark.parametrize(
    ("send", "path", "form"),
    [
        ("url_no_query", "/url/", {"url": "http://evil.example/a"}),
        ("host", "/host/", {"host": "evil.example"}),
    ],
)
def test_a_value_is_posted_as_a_form_and_the_key_stands_in_a_header(service, send, path, form):
    """POST /url/ or /host/, header Auth-Key."""
    with service("urlhaus", lambda _: Reply({"query_status": "no_results"}), KEY, send=send) as asking:
        asking.said("evil.example/a?secret=1")
    (asked,) = asking.server.asked
    assert (asked.method, asked.target, asked.form) == ("POST", path, form)
    assert asked.headers["Auth-Key"] == KEY


def test_thousands_of_tags_do_not_fill_the_tables(says):
    """Anyone can report a URL with any tags: twenty categories are kept, each of a hundred characters."""
    tags = [f"{number:04}{'x' * 1000}" for number in range(5000)]
    _, _, _, categories = says(SEEN | {"tags": [*tags[:3], *tags]}).split(":")
    assert [len(category) for category in categories.split(";")] == [len("malware_download"), *[100] * 19]
    assert len(set(categories.split(";"))) == 20
