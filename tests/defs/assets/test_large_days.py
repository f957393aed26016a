"""Days of many more scored rows than the usual 500."""

from pathlib import Path

import pytest
from support.home import SAMPLE_DAY, Home

from proxy_oa_assets.defs.assets import edge_details
from proxy_oa_assets.investigation.score import score, threats
from proxy_oa_assets.investigation.search import suspicious


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with one generated day."""
    home = Home(tmp_path / "home")
    home.write_sample()
    return home


def exported_rows(home: Home) -> tuple[set[str], list[str]]:
    """Return the names of the day's edge files, and their rows, sorted."""
    files = list(home.data(SAMPLE_DAY).glob("edge-*.tsv"))
    rows = [line for file in files for line in file.read_text(encoding="utf-8").split("\n")[1:-1]]
    return {file.name for file in files}, sorted(rows)


def test_a_day_of_many_scored_rows_has_an_edge_file_a_client(home, monkeypatch):
    """100,000 files in a folder are slow to list and copy; the usual day keeps the contract's names."""
    assert home.materialize(SAMPLE_DAY, limit=200).success
    usual, rows = exported_rows(home)
    clients = {str(row["clientip"]) for row in home.rows("proxy_scores", SAMPLE_DAY)}
    assert len(usual) > len(clients) > 10

    monkeypatch.setattr(edge_details, "_MOST_FILES", 100)
    assert home.materialize(SAMPLE_DAY, limit=200).success
    large, same_rows = exported_rows(home)
    assert {name.split("-")[1] for name in large} == {client.replace(":", "_") for client in clients}
    assert len(large) == len(clients)
    assert same_rows == rows

    assert home.materialize(SAMPLE_DAY, limit=50).success
    assert exported_rows(home)[0] < usual


def test_all_uris_of_a_large_day_can_be_scored_at_once(home):
    """More URIs than one statement takes: each is recorded, with all of its rows in the feedback."""
    assert home.materialize(SAMPLE_DAY, limit=2_000).success
    listed = suspicious(SAMPLE_DAY, limit=2_000, deployment=home.deployment)
    uris = listed["fulluri"].fillna("null").drop_duplicates()
    assert len(uris) > 200

    assert score(SAMPLE_DAY, 3, uris, deployment=home.deployment) == listed["scored_rows"].sum()
    assert len(threats(SAMPLE_DAY, deployment=home.deployment)) == len(uris)
    assert suspicious(SAMPLE_DAY, deployment=home.deployment).empty
    feedback = home.root / home.deployment.workspace.feedback(SAMPLE_DAY).lstrip("/")
    assert feedback.read_bytes().count(b"\n") == 1 + listed["scored_rows"].sum()
