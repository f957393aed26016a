"""Feedback from an analyst's click to the next day's ranking, and back."""

from collections.abc import Iterator

import pytest
from support.home import SAMPLE_DAY, Home, failures, metadata

from proxy_oa_assets.investigation.reset import reset_scored_connections
from proxy_oa_assets.investigation.score import score
from proxy_oa_assets.investigation.search import suspicious

TOMORROW = SAMPLE_DAY.plus(1)
HOST = "updates.vendor.example"


@pytest.fixture
def home(tmp_path) -> Iterator[Home]:
    """Two sample days that are ranked here."""
    home = Home(tmp_path / "home")
    for day in (SAMPLE_DAY, TOMORROW):
        home.write_sample(day, ranked=False)
    assert home.materialize(SAMPLE_DAY, last=TOMORROW).success
    yield home
    home.deployment.impala.close()


def place(home: Home) -> tuple[int, set[str]]:
    """Return the place of the host's first client tomorrow, and what feedback does to its connections."""
    found = suspicious(TOMORROW, deployment=home.deployment, limit=5_000)
    hosts = found.drop_duplicates(["clientip", "host"])["host"].tolist()
    return hosts.index(HOST), set(found[found["host"] == HOST]["feedback"])


def stored(home: Home) -> set[tuple[float, bool]]:
    """Return the host's scores, and whether their words have feedback."""
    rows = home.rows("proxy_scores", TOMORROW)
    return {(row["ml_score"], ";feedback=-" in row["word"]) for row in rows if row["host"] == HOST}


def test_a_low_severity_counts_the_same_before_and_after_ranking_again(home: Home) -> None:
    """A ranked day is read as if it were ranked with it; a reset takes it out of both."""
    before, scores = place(home), stored(home)
    assert before[1] == {""}
    uris = suspicious(SAMPLE_DAY, uri=HOST, deployment=home.deployment)["fulluri"].tolist()
    score(SAMPLE_DAY, 3, uris, deployment=home.deployment)

    lowered = place(home)
    assert lowered[0] > before[0]
    assert lowered[1] == {"feedback=-3"}
    assert stored(home) == scores

    ranked = home.materialize(TOMORROW)
    assert failures(ranked) == {}
    assert metadata(ranked, "ml_results")["feedback"].records[0].data["host"] == HOST
    assert place(home) == lowered
    assert {with_feedback for _, with_feedback in stored(home)} == {True}

    reset_scored_connections(SAMPLE_DAY, deployment=home.deployment)
    assert place(home) == before
