"""Who ranks a day: this project, or another system, by PROXY_OA_RANKING and by what is there."""

from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
from support.cluster_home import ClusterHome
from support.home import SAMPLE_DAY, Home, check_evaluations, failures, metadata

from proxy_oa_assets.defs.assets.upstream_days import recorded_versions
from proxy_oa_assets.defs.build import build_definitions
from proxy_oa_assets.ranking.own_results import is_ours
from proxy_oa_assets.ranking.reasons import parsed
from proxy_oa_assets.settings import load_settings

OURS = ("proxy_history", "ml_results")


@pytest.fixture
def home(new_home: Callable[..., Home]) -> Home:
    return new_home()


def has_ours(home: Home) -> bool:
    return is_ours(home.deployment.hdfs, home.deployment.workspace.results(SAMPLE_DAY))


def test_a_day_without_results_is_ranked(home: Home) -> None:
    """From raw requests alone: a scored day with reasons, the day's statement, no check failed.

    The same day again is the same file, which isn't even written.
    """
    home.write_sample(ranked=False)
    result = home.materialize(SAMPLE_DAY)
    assert failures(result) == {}
    wrong = {name for name, check in check_evaluations(result).items() if not check.passed}
    assert wrong == {"yesterday_is_materialized"}
    found = metadata(result, "ml_results")
    assert found["ranked_by"] == "proxy-oa"
    assert "stand" in found["statement"]
    assert found["history_days"] == 0
    assert 0 < found["pairs_that_stand_out"] < found["pairs"]
    assert metadata(result, "proxy_results")["lines_read"] == min(500, found["dagster/partition_row_count"])
    scores = home.rows("proxy_scores", SAMPLE_DAY)
    assert all(parsed(row["word"]) for row in scores)
    assert all(0 < row["ml_score"] < 1 for row in scores)
    assert len({(row["clientip"], row["host"]) for row in scores}) >= 50
    before, status = home.results(SAMPLE_DAY).read_bytes(), home.deployment.hdfs.status
    path = home.deployment.workspace.results(SAMPLE_DAY)
    modified = status(path).modified
    assert home.materialize(SAMPLE_DAY, assets=list(OURS)).success
    assert (home.results(SAMPLE_DAY).read_bytes(), status(path).modified) == (before, modified)
    assert has_ours(home)


def test_another_system_s_results_are_taken_as_they_are(home: Home) -> None:
    """In `auto`: never overwritten, and no raw request is needed, as before there was a ranking here."""
    home.write_sample()
    content = home.results(SAMPLE_DAY).read_bytes()
    for path in home.raw_files(SAMPLE_DAY):
        path.unlink()
    result = home.materialize(SAMPLE_DAY)
    assert set(failures(result)) == {"edge_details", "ingest_summary"}
    assert metadata(result, "ml_results")["ranked_by"] == "another system"
    assert (home.data(SAMPLE_DAY) / "proxy_results.csv").read_bytes() == content
    assert home.results(SAMPLE_DAY).read_bytes() == content
    assert home.made("proxy_scores", SAMPLE_DAY)
    assert not has_ours(home)


def test_another_system_s_results_fail_a_day_that_must_be_ranked_here(tmp_path: Path) -> None:
    """In `builtin`: they stay, and the failure names the file; once it is away, ours follow."""
    home = Home(tmp_path / "home", PROXY_OA_RANKING="builtin")
    home.write_sample(views=15)
    content = home.results(SAMPLE_DAY).read_bytes()
    message = failures(home.materialize(SAMPLE_DAY))["ml_results"]
    assert str(home.results(SAMPLE_DAY)) in message
    assert "Move it away" in message
    assert home.results(SAMPLE_DAY).read_bytes() == content
    home.results(SAMPLE_DAY).rename(tmp_path / "away.csv")
    assert failures(home.materialize(SAMPLE_DAY, assets=list(OURS))) == {}
    assert has_ours(home)


def test_results_that_another_system_writes_over_ours_are_its_own(tmp_path: Path) -> None:
    """A day that was ranked here is ranked by the other system from then on."""
    home = Home(tmp_path / "home")
    home.write_sample(views=15, ranked=False)
    assert home.materialize(SAMPLE_DAY, assets=list(OURS)).success
    content = b"".join(home.results(SAMPLE_DAY).read_bytes().splitlines(keepends=True)[:9])
    home.results(SAMPLE_DAY).write_bytes(content)
    result = home.materialize(SAMPLE_DAY)
    assert failures(result) == {}
    assert metadata(result, "ml_results")["ranked_by"] == "another system"
    assert home.results(SAMPLE_DAY).read_bytes() == content


@pytest.mark.parametrize("ranking", ["auto", "builtin"])
def test_a_day_without_results_and_without_raw_requests_names_what_is_missing(
    tmp_path: Path, ranking: str
) -> None:
    """There is nothing to rank; the failure names the raw folder, and nothing is written."""
    home = Home(tmp_path / "home", PROXY_OA_RANKING=ranking)
    message = failures(home.materialize(SAMPLE_DAY))["ml_results"]
    assert "y=2016/m=09/d=12" in message
    assert "has no raw request" in message
    assert not home.results(SAMPLE_DAY).exists()


def test_an_external_ranking_is_observed_as_ever(tmp_path: Path) -> None:
    """In `external` no asset of a ranking is made, so an installation needs no new table."""
    defs = build_definitions(load_settings(tmp_path, PROXY_OA_RANKING="external"))
    graph = defs.resolve_asset_graph()
    assert dg.AssetKey("proxy_history") not in graph.get_all_asset_keys()
    assert graph.get(dg.AssetKey("ml_results")).is_observable
    assert not graph.get(dg.AssetKey("ml_results")).is_materializable


def test_a_ranking_reads_the_days_before_in_any_order(tmp_path: Path) -> None:
    """A day ranked after its history is the same in any order of the days around it."""
    ranked = []
    for order in ((0, 1, 2), (2, 0, 1)):
        home = Home(tmp_path / f"home{order[0]}", PROXY_OA_RANKING_HISTORY_DAYS="7")
        days = [home.write_sample(SAMPLE_DAY.plus(offset), views=15, ranked=False) for offset in range(3)]
        for offset in order:
            home.materialize(days[offset], assets=["proxy_history"])
        result = home.materialize(days[1], assets=list(OURS))
        found = metadata(result, "ml_results")
        assert (found["history_days"], found["history_days_asked_for"]) == (1, 7)
        ranked.append(home.results(days[1]).read_bytes())
    assert ranked[0] == ranked[1]


def test_what_is_ranked_here_leaves_no_day_unsynced(tmp_path: Path) -> None:
    """The version in history is that of the file, so the run's own results are what later assets read."""
    home = Home(tmp_path / "home")
    days = [home.write_sample(SAMPLE_DAY.plus(offset), views=15, ranked=False) for offset in range(2)]
    with dg.DagsterInstance.ephemeral() as instance:
        assert home.materialize(days[0], last=days[1], instance=instance).success
        versions = recorded_versions(instance, "ml_results")
        for day in days:
            status = home.deployment.hdfs.status(home.deployment.workspace.results(day))
            assert versions[day] == f"{status.modified}:{status.length}"


@pytest.mark.cluster
def test_both_engines_rank_alike(cluster, tmp_path: Path) -> None:
    """The results of DuckDB and of HiveServer2 are the same, byte for byte, with a day of history."""
    ranked = []
    embedded = Home(tmp_path / "embedded")
    on_cluster = ClusterHome(tmp_path / "cluster", cluster.variables)
    try:
        for home in (embedded, on_cluster):
            days = [home.write_sample(SAMPLE_DAY.plus(at), ranked=False) for at in range(2)]
            assert home.materialize(days[0], assets=["proxy_history"]).success
            assert home.materialize(days[1], assets=list(OURS)).success
            ranked.append(home.results(days[1]).read_bytes())
    finally:
        on_cluster.close()
    assert ranked[0] == ranked[1]
