"""Upstream days in Dagster's history: what exists, and which days were made from something else."""

import os
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest
from support.engine_files import hour_file
from support.home import Home, failures

from proxy_oa_assets.defs.assets.upstream_days import UpstreamDay, raw_day, recorded_versions
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY

DAYS = [Day.parse("2016-09-12"), Day.parse("2016-09-13")]
READERS = ["proxy_results", "edge_details", "ingest_summary"]


class Site:
    """A home with its history; what Dagster says about a day's assets."""

    def __init__(self, home: Home, instance: dg.DagsterInstance) -> None:
        self.home, self.instance = home, instance

    def unsynced(self, day: Day) -> set[str]:
        """Return the assets whose day the web UI marks as unsynced."""
        resolver = CachingStaleStatusResolver(
            self.instance,
            self.home.definitions.resolve_asset_graph(),
            LoadingContextForTest(self.instance),
        )
        assets = [*READERS, "scored_connections", "notebooks"]
        return {
            asset for asset in assets if resolver.get_status(dg.AssetKey(asset), day.key) is StaleStatus.STALE
        }

    def observe(self, asset: str) -> dg.ExecuteInProcessResult:
        """Do what "Observe" in the web UI does."""
        job = self.home.definitions.resolve_implicit_global_asset_job_def()
        return job.execute_in_process(
            asset_selection=[dg.AssetKey(asset)], instance=self.instance, raise_on_error=False
        )

    def publish_again(self, day: Day, lines: int = 60) -> None:
        """Replace a day's results by their head, ten minutes ago."""
        results = self.home.results(day)
        results.write_bytes(b"".join(results.read_bytes().splitlines(keepends=True)[:lines]))
        modified = results.stat().st_mtime - 600
        os.utime(results, (modified, modified))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    home = Home(tmp_path / "home", PROXY_OA_RANKING="external")
    for day in DAYS:
        home.write_sample(day, views=40)
    with dg.DagsterInstance.ephemeral() as instance:
        yield Site(home, instance)


def test_a_publication_again_marks_its_day_alone_until_it_is_materialized(site: Site) -> None:
    """Without the sensor, too: a run records what it reads; an observation then finds what has changed."""
    for day in DAYS:
        assert site.home.materialize(day, instance=site.instance).success
    assert [site.unsynced(day) for day in DAYS] == [set(), set()]
    site.publish_again(DAYS[0])
    assert site.observe("ml_results").success
    assert [site.unsynced(day) for day in DAYS] == [{"proxy_results"}, set()]
    assert site.home.materialize(DAYS[0], instance=site.instance).success
    assert [site.unsynced(day) for day in DAYS] == [set(), set()]
    assert site.observe("ml_results").success
    assert [site.unsynced(day) for day in DAYS] == [set(), set()]


def test_raw_hours_that_change_mark_what_was_made_of_them(site: Site) -> None:
    """An hour that another system adds or replaces makes the day's edges and summary unsynced."""
    site.home.materialize(DAYS[1], instance=site.instance)
    site.home.materialize(DAYS[0], instance=site.instance)
    assert site.observe("proxy").success
    assert site.unsynced(DAYS[0]) == set()
    first, second, *_ = site.home.raw_files(DAYS[0])
    second.with_name("late.parquet").write_bytes(first.read_bytes())
    assert site.observe("proxy").success
    assert site.unsynced(DAYS[0]) == {"edge_details", "ingest_summary"}
    assert site.unsynced(DAYS[1]) == set()


def test_a_run_that_takes_new_results_leaves_no_day_unsynced(site: Site) -> None:
    """Results that change between two runs, with no look in between, are those that the second run read."""
    site.home.materialize(DAYS[0], assets=["proxy_results"], instance=site.instance)
    site.publish_again(DAYS[0])
    site.home.materialize(DAYS[0], assets=["proxy_results"], instance=site.instance)
    assert "proxy_results" not in site.unsynced(DAYS[0])
    site.observe("ml_results")
    assert "proxy_results" not in site.unsynced(DAYS[0])


def test_good_days_of_a_run_that_fails_are_in_step_with_what_they_were_made_of(site: Site) -> None:
    """A run of several days with a bad one records the good one's inputs, too."""
    site.home.results(DAYS[1]).unlink()
    result = site.home.materialize(
        DAYS[0], last=DAYS[1], assets=["proxy_results", "ingest_summary"], instance=site.instance
    )
    assert not result.success
    assert site.unsynced(DAYS[0]) == set()
    site.publish_again(DAYS[0])
    site.observe("ml_results")
    assert site.unsynced(DAYS[0]) == {"proxy_results"}


def test_no_data_is_another_thing_than_not_done(site: Site) -> None:
    """A day without results is missing in `ml_results`; one that wasn't run is missing after it alone."""
    site.publish_again(DAYS[0])
    site.home.results(DAYS[1]).unlink()
    site.observe("ml_results")
    site.observe("proxy")
    there = site.instance.get_materialized_partitions
    assert there(dg.AssetKey("ml_results")) == {DAYS[0].key}
    assert there(dg.AssetKey("proxy")) == {day.key for day in DAYS}
    assert there(dg.AssetKey("proxy_results")) == set()


def test_rows_are_reported_once_they_are_read(site: Site) -> None:
    """A look at a file knows its bytes and time; the run that reads it adds the number of its rows."""
    site.publish_again(DAYS[0], lines=60)

    def rows(asset: str) -> object:
        records = site.instance.fetch_materializations(dg.AssetKey(asset), limit=1).records
        found = records[0].asset_materialization.metadata.get("dagster/partition_row_count")
        return found and found.value

    site.observe("ml_results")
    assert rows("ml_results") is None
    site.home.materialize(DAYS[0], assets=["proxy_results", "ingest_summary"], instance=site.instance)
    assert rows("ml_results") == 60
    assert rows("proxy") == site.home.deployment.impala.row_count(PROXY, DAYS[0])


def test_young_results_are_left_out_of_an_observation(site: Site) -> None:
    """An observation looks once, so it takes the time of a file alone."""
    assert site.observe("ml_results").success
    assert recorded_versions(site.instance, "ml_results") == {}


def test_a_day_that_cannot_be_read_fails_an_observation_after_the_others(site: Site) -> None:
    """The other days are reported, and the step's failure names the path."""
    site.publish_again(DAYS[1])
    scores = site.home.results(DAYS[0]).parent
    site.home.results(DAYS[0]).unlink()
    scores.rmdir()
    scores.symlink_to(scores)
    result = site.observe("ml_results")
    assert not result.success
    assert str(scores) in failures(result)["ml_results"]
    assert recorded_versions(site.instance, "ml_results").keys() == {DAYS[1]}


def test_a_raw_day_is_found_in_each_way_to_write_it(new_home: Callable[..., Home]) -> None:
    """On both deployments: months and days with or without their zero, and no day where there is no hour."""
    home = new_home()
    hdfs, workspace = home.deployment.hdfs, home.deployment.workspace
    day = Day.parse("2016-09-02")
    base = f"{workspace.huser}/proxy/hive"
    assert raw_day(hdfs, workspace, day) is None
    hdfs.write(f"{base}/y=2016/m=9/d=2/h=7/part.parquet", [b"12345"])
    unpadded = raw_day(hdfs, workspace, day)
    hdfs.write(f"{base}/y=2016/m=09/d=02/h=08/part.parquet", [b"123"])
    both = raw_day(hdfs, workspace, day)
    assert unpadded
    assert both
    assert unpadded.version != both.version
    assert (unpadded.length, both.length) == (5, 8)
    assert both.figures == {"files": 2, "hours": 2}


def test_a_raw_day_of_ours_changes_with_what_is_added(new_home: Callable[..., Home], tmp_path: Path) -> None:
    """On both deployments: its hours, bytes, and version, which stays as long as the day does."""
    home, day = new_home(), Day.parse("2016-09-02")
    deployment, file = home.deployment, hour_file(tmp_path / "new", "new/")

    def found() -> UpstreamDay:
        found = raw_day(deployment.hdfs, deployment.workspace, day)
        assert found
        return found

    deployment.impala.add_to_raw_day(day, {7: [file]})
    first = found()
    assert found() == first
    deployment.impala.add_to_raw_day(day, {7: [file], 8: [file]})
    second = found()
    assert (first.figures["hours"], second.figures["hours"]) == (1, 2)
    assert first.version != second.version
    assert second.length > first.length > file.stat().st_size
