"""Results that are still being written, as the sensor sees them."""

import json
import os
import time

import dagster as dg
from support.results_site import YESTERDAY, ago

from proxy_oa_assets.defs.assets.upstream_days import recorded_versions


def test_results_that_grow_between_ticks_are_not_requested(site):
    """A file counts when two ticks have seen the same length and time."""
    for rows in range(1, 5):
        site.publish(YESTERDAY, content="a row\n" * rows, hours_ago=1)
        assert site.look() == []
        assert "not requested until they stay unchanged" in site.skipped
        assert site.home.deployment.workspace.results(YESTERDAY) in site.skipped
    (request,) = site.look()
    assert request.partition_key == YESTERDAY.key


def test_results_younger_than_the_setting_are_not_requested(site):
    """A copy that stalls for two ticks has a young file; it counts once it has PROXY_OA_RESULTS_MIN_AGE."""
    results = site.publish(YESTERDAY)
    os.utime(results)
    assert site.look() == []
    assert site.look() == []
    assert "not requested until they stay unchanged" in site.skipped


def test_a_clock_ahead_of_ours_does_not_keep_results_waiting(site):
    """The age counts from the first tick that saw the results, if the storage's time lies in the future."""
    results = site.publish(YESTERDAY)
    os.utime(results, (time.time() + 3600, time.time() + 3600))
    assert site.look() == []
    assert site.look() == []
    cursor = json.loads(site.cursor)
    cursor["seen"][YESTERDAY.key]["since"] -= 60
    site.cursor = json.dumps(cursor)
    assert len(site.look()) == 1


def test_results_seen_by_a_clock_far_ahead_count_once_it_is_right(site):
    """They were first seen at a time that is yet to come, and so was their file made."""
    results = site.publish(YESTERDAY)
    os.utime(results, (time.time() + 1e6, time.time() + 1e6))
    assert site.look() == []
    cursor = json.loads(site.cursor)
    cursor["seen"][YESTERDAY.key]["since"] += 1e6
    site.cursor = json.dumps(cursor)
    assert site.look() == []
    cursor = json.loads(site.cursor)
    cursor["seen"][YESTERDAY.key]["since"] -= 300
    site.cursor = json.dumps(cursor)
    assert len(site.look()) == 1


def test_a_folder_that_a_job_writes_to_is_not_published(site):
    """While a job of Spark runs, its committer's `_temporary` stands beside the parts."""
    folder = site.home.results(YESTERDAY)
    site.write(folder / "part-00000")
    mark = site.write(folder / "_temporary" / "0")
    assert site.days() == []
    mark.unlink()
    mark.parent.rmdir()
    assert site.days() == [YESTERDAY.key]


def test_results_that_wait_for_their_run_are_seen_as_whole(site):
    """Whole results wait for the portion of a later tick without two further looks."""
    for number in range(27):
        site.publish(ago(number), hours_ago=1)
    assert len(site.days()) == 25
    assert [request.partition_key for request in site.look()] == [ago(1).key, ago(0).key]


def test_the_graph_shows_what_has_been_published_and_nothing_else(site):
    """Whole results are reported as a day of `ml_results`, once; empty ones aren't."""
    site.publish(YESTERDAY, content="a row\n" * 3)
    site.publish(ago(1), content="")
    site.publish(ago(400), hours_ago=24 * 300)
    site.days()
    site.days()
    asset = dg.AssetKey("ml_results")
    assert site.instance.get_materialized_partitions(asset) == {YESTERDAY.key, ago(400).key}
    assert recorded_versions(site.instance, "ml_results").keys() == {YESTERDAY, ago(400)}
    found = site.instance.fetch_observations(dg.AssetRecordsFilter(asset), limit=10).records
    assert len(found) == 2
    filter_ = dg.AssetRecordsFilter(asset, asset_partitions=[YESTERDAY.key])
    (record,) = site.instance.fetch_observations(filter_, limit=10).records
    metadata = record.asset_observation.metadata
    assert metadata["bytes"].value == 18
    assert metadata["source"].value == str(site.home.results(YESTERDAY))
    assert abs(metadata["modified"].value - site.home.results(YESTERDAY).stat().st_mtime) < 0.01


def test_the_graph_shows_raw_days(site):
    """Raw days of the last 31 days are reported, and again when an hour's file is added or replaced."""
    site.home.write_sample(YESTERDAY, views=20)
    site.look()
    versions = [recorded_versions(site.instance, "proxy")]
    assert versions[0].keys() == {YESTERDAY}
    hour = site.home.raw_files(YESTERDAY)[3]
    hour.write_bytes(site.home.raw_files(YESTERDAY)[4].read_bytes())
    site.look()
    versions.append(recorded_versions(site.instance, "proxy"))
    hour.with_name("late.parquet").write_bytes(hour.read_bytes())
    site.look()
    versions.append(recorded_versions(site.instance, "proxy"))
    assert len({found[YESTERDAY] for found in versions}) == 3
    site.look()
    assert recorded_versions(site.instance, "proxy") == versions[-1]
