"""Reputation of a day: what is looked up, what is cached, and what a day says whose service was down."""

import pytest
from support.day_checks import check_results
from support.home import SAMPLE_DAY, Home, check_evaluations, failures, metadata
from support.reputation_server import Asked, Reply, answering

from proxy_oa_assets.enrichment.reputation.privacy import Privacy
from proxy_oa_assets.enrichment.reputation.service import Send
from proxy_oa_assets.enrichment.reputation.verdict import decode

CHECK = "every_uri_has_a_reputation"
KEY = "the-key-of-vt-0123456789"
CLEAN = Reply({"data": {"attributes": {"last_analysis_stats": {"malicious": 0, "suspicious": 0}}}})
FILE = """
[[services]]
service = "blocklist"
lists = [{{ path = "domains.txt", kind = "domains", name = "ours" }}]

[[services]]
service = "vt"
url = "{url}"
key_env = "THE_KEY"
per_minute = 1000000
per_day = {per_day}
threads = 1
attempts = 1
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Return what makes a home whose reputation file names a list of domains, and a server as VirusTotal."""
    monkeypatch.setenv("THE_KEY", KEY)
    (tmp_path / "domains.txt").write_text("badhost.example\nhttp://a.example/b\n")

    def made(url: str, per_day: int = 1_000_000, **variables: str) -> Home:
        file = tmp_path / "reputation.toml"
        file.write_text(FILE.format(url=url, per_day=per_day))
        return Home(tmp_path / "home", PROXY_OA_REPUTATION=str(file), **variables)

    return made


def _risks(uri_rep):
    return {verdict.service: verdict.risk for verdict in decode(uri_rep)}


def _answers(home: Home) -> list[dict[str, int]]:
    return [_risks(row["uri_rep"]) for row in home.rows("proxy_scores", SAMPLE_DAY)]


def test_each_service_is_asked_once_and_its_figures_are_shown(home):
    """Every row has both answers; metadata counts what was asked and known; again, nothing is asked."""
    with answering(lambda _: CLEAN) as server:
        ours = home(server.url)
        ours.write_sample()
        result = ours.materialize(SAMPLE_DAY, limit=60)
        asked = len(server.asked)
        again = ours.materialize(SAMPLE_DAY, limit=60)
        assert len(server.asked) == asked

    assert result.success
    assert {tuple(answer) for answer in _answers(ours)} == {("blocklist", "vt")}
    shown = metadata(result, "scored_connections")
    uris = len({row["fulluri"] for row in ours.rows("proxy_scores", SAMPLE_DAY)})
    assert shown["reputation/vt/cached"] == 0
    assert shown["reputation/vt/asked"] == shown["reputation/vt/ok"]
    assert shown["reputation/vt/ok"] + shown["reputation/vt/not_sent"] == uris
    assert [shown[f"reputation/vt/{status}"] for status in ("failed", "over_quota")] == [0, 0]
    assert shown["reputation/blocklist/ok"] == uris
    assert shown["reputation/blocklist/ignored_lines"] == 1
    assert "domains.txt:2: 'http://a.example/b'" in shown["reputation/blocklist/first_ignored_lines"]
    assert 0 < asked <= shown["reputation/vt/asked"]
    assert metadata(again, "scored_connections")["reputation/vt/cached"] == shown["reputation/vt/asked"]
    assert check_evaluations(result)[CHECK].passed
    assert check_evaluations(result)[CHECK].metadata["coverage/vt"].value == 1


def test_a_day_whose_service_was_down_asks_later_for_what_is_missing(home):
    """The run goes on with -1 and a warning that names the error; the next run looks up the rest only."""
    requested: list[str] = []
    restored = False

    def dying(asked: Asked) -> Reply:
        requested.append(asked.target)
        return CLEAN if restored or len(requested) <= 10 else Reply(b"", 503)

    # One server: verdicts of a service at another address aren't taken from the cache.
    with answering(dying) as server:
        ours = home(server.url)
        ours.write_sample()
        result = ours.materialize(SAMPLE_DAY, limit=60)
        answers, asked_first, restored = _answers(ours), len(requested), True
        again = ours.materialize(SAMPLE_DAY, limit=60)
    assert result.success
    found = check_evaluations(result)[CHECK]
    assert not found.passed
    assert found.severity.value == "WARN"
    assert "it answered 503" in found.description
    assert "only missing URIs are looked up" in found.description
    shown = metadata(result, "scored_connections")
    assert shown["reputation/vt/ok"] == 10
    assert "it answered 503" in shown["reputation/vt/trouble"]
    assert sum(answer["vt"] == 0 for answer in answers) >= 10
    assert {answer["blocklist"] for answer in answers} == {0, 3}

    assert not {*requested[asked_first:]} & {*requested[:10]}
    assert check_evaluations(again)[CHECK].passed


def test_the_most_suspicious_rows_of_a_day_are_asked_for_first(home):
    """A budget of ten goes to the first ten of what may be sent, in the ranking's order."""
    with answering(lambda _: CLEAN) as server:
        ours = home(server.url, per_day=10)
        ours.write_sample()
        assert ours.materialize(SAMPLE_DAY, limit=60).success

    sent = [
        (Privacy().outgoing(row["fulluri"], Send.URL_NO_QUERY), _risks(row["uri_rep"])["vt"])
        for row in ours.rows("proxy_scores", SAMPLE_DAY)
    ]
    in_order = list(dict.fromkeys(text for text, _ in sent if text))
    assert len(in_order) > 20
    assert {text for text, value in sent if value == 0} == set(in_order[:10])
    assert {value for text, value in sent if text not in in_order[:10]} == {-1}


def test_less_coverage_than_the_setting_wants_is_a_warning(home):
    """A budget that ends before the URIs do: no service was down, and yet too few were answered for."""
    with answering(lambda _: CLEAN) as server:
        ours = home(server.url, per_day=10)
        ours.write_sample()
        found = check_evaluations(ours.materialize(SAMPLE_DAY, limit=60))[CHECK]
        coverage = found.metadata["coverage/vt"].value
        lenient = home(server.url, per_day=10, PROXY_OA_REPUTATION_COVERAGE=str(coverage - 0.01))
        assert check_evaluations(lenient.materialize(SAMPLE_DAY, limit=60))[CHECK].passed
        strict = home(server.url, per_day=10, PROXY_OA_REPUTATION_COVERAGE=str(coverage + 0.01))
        assert not check_evaluations(strict.materialize(SAMPLE_DAY, limit=60))[CHECK].passed
    assert len(server.asked) == 10
    assert 0 < coverage < 0.9
    assert (found.passed, found.severity.value) == (False, "WARN")
    assert f"vt answered for {coverage:.0%} (the day's budget is used up)" in found.description


def test_a_file_that_cannot_be_used_fails_the_day_at_once_in_one_sentence(home, monkeypatch):
    """It doesn't pass by waiting, so nothing is tried again."""
    ours = home("http://127.0.0.1:9")
    ours.write_sample()
    monkeypatch.delenv("THE_KEY")

    result = ours.materialize(SAMPLE_DAY, limit=5)

    assert failures(result)["scored_connections"] == (
        f"{ours.variables['PROXY_OA_REPUTATION']}: services[1].key_env: "
        f"the environment variable that it names isn't set"
    )
    assert not any(event.is_step_up_for_retry for event in result.all_events)


def test_a_day_without_a_report_fails_the_check(home):
    """Without a report of its lookups the day fails the check, which says what to do."""
    with answering(lambda _: CLEAN) as server:
        ours = home(server.url)
        ours.write_sample()
        ours.materialize(SAMPLE_DAY, limit=5)
    for content in (None, "{", '{"vt": {"asked": "x"}}'):
        report = ours.data(SAMPLE_DAY) / "reputation.json"
        report.unlink() if content is None else report.write_text(content)
        result = check_results(ours)[CHECK]
        assert not result.passed
        assert "materialize scored_connections again" in result.description
        report.write_text("{}")
