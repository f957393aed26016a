"""A home as release 0.1.0 left it: a day of `proxy-oa run`, scored, with a story and an edited notebook."""

import json
import shutil
from pathlib import Path

import pytest
from support.home import SAMPLE_DAY, Home, failures

from proxy_oa_assets.cli.upgrade_probes import days_before, notebooks_before
from proxy_oa_assets.investigation.journal import history
from proxy_oa_assets.investigation.score import threats
from proxy_oa_assets.investigation.search import details, expanded_search, suspicious
from proxy_oa_assets.investigation.storyboard import incident_progression, storyboard, timeline

LEFT = Path(__file__).parents[1] / "data" / "home_0_1_0"
URI = "203.0.113.66/invoice_2291.pdf.exe"
SEVERITIES = {URI: 1, "t.mailing-list.example/c/8812": 3}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    shutil.copytree(LEFT, tmp_path / "home")
    return Home(tmp_path / "home")


def _probed(home: Home) -> dict[str, str]:
    return {
        "notebooks": notebooks_before(home.deployment),
        "earlier days": days_before(home.settings, home.deployment),
    }


def test_a_day_of_0_1_0_is_read(home: Home) -> None:
    """Lists, searches, severities and the story of its day are there, without a run."""
    at = {"deployment": home.deployment}

    assert len(suspicious(SAMPLE_DAY, **at)) == 10
    assert len(details(SAMPLE_DAY, URI, "10.20.1.17", **at)) == 1
    assert len(expanded_search(SAMPLE_DAY, URI, **at)) == 1
    found = threats(SAMPLE_DAY, **at)
    assert dict(zip(found["fulluri"], found["uri_sev"], strict=True)) == SEVERITIES
    assert storyboard(SAMPLE_DAY, **at)["title"].tolist() == ["Invoice"]
    assert timeline(SAMPLE_DAY, URI, **at)["clientip"].tolist() == ["10.20.1.17"]
    assert incident_progression(SAMPLE_DAY, URI, **at)["fulluri"] == URI
    # 0.1.0 kept no journal.
    assert history(SAMPLE_DAY, URI, **at).empty


def test_a_day_of_0_1_0_is_materialized_to_the_same_rows_and_keeps_what_analysts_did(home: Home) -> None:
    """Results of another system stay; an edited notebook stays, others and the history become this release's.

    Before that, doctor's probes say what the day lacks, and afterwards that it lacks nothing.
    """
    tables = ("proxy_scores", "proxy_edge", "proxy_ingest_summary", "proxy_storyboard", "proxy_timeline")
    before = {name: home.rows(name, SAMPLE_DAY) for name in tables}
    feedback = (home.results(SAMPLE_DAY).parents[1] / "feedback" / "ml_feedback.csv").read_bytes()
    folder = home.deployment.workspace.notebooks(SAMPLE_DAY)
    edited = (folder / "Advanced_Mode.ipynb").read_bytes()
    probed = _probed(home)
    assert "of 2016-09-12 import what this release doesn't have (proxy_oa_assets." in probed["notebooks"]
    assert "proxy_history lacks 2016-09-12" in probed["earlier days"]

    assert failures(home.materialize(SAMPLE_DAY)) == {}

    assert {name: home.rows(name, SAMPLE_DAY) for name in tables} == before
    assert (home.results(SAMPLE_DAY).parents[1] / "feedback" / "ml_feedback.csv").read_bytes() == feedback
    found = threats(SAMPLE_DAY, deployment=home.deployment)
    assert dict(zip(found["fulluri"], found["uri_sev"], strict=True)) == SEVERITIES
    assert (folder / "Advanced_Mode.ipynb").read_bytes() == edited
    assert sorted(path.name for path in folder.glob("*.new.ipynb")) == ["Advanced_Mode.new.ipynb"]
    fresh = json.loads((folder / "Edge_Investigation.ipynb").read_bytes())
    assert "proxy_oa_assets.investigation.notebook" in json.dumps(fresh)
    probed = _probed(home)
    assert "proxy_history has all" in probed["earlier days"]
    # The edited one is the analyst's to change.
    assert "<name>.new.ipynb beside it" in probed["notebooks"]
