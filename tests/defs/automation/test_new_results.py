import datetime as dt
import os
from itertools import chain

import dagster as dg
import pytest
from support.definitions import defs
from support.results_site import YESTERDAY, ago

from proxy_oa_assets.defs.assets.upstream_days import recorded_versions
from proxy_oa_assets.defs.automation.jobs import PROXY_DAY
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.ranking.own_results import publish


def test_results_that_are_published_run_their_day_once(site):
    """The first tick that sees a day's results requests a run of that partition; the next doesn't."""
    assert site.days() == []
    site.publish(YESTERDAY)
    assert site.days() == [YESTERDAY.key]
    assert site.days() == []
    assert site.skipped == "No new results"


def test_the_first_look_catches_up_on_a_week_and_leaves_history_alone(site):
    """The first tick at a site with years of results requests those of the last seven days."""
    for days in range(1, 100):
        site.publish(ago(days), hours_ago=24 * days - 1)
    assert site.days() == [ago(days).key for days in range(7, 0, -1)]
    assert site.days() == []


def test_an_old_day_that_is_ranked_today_runs(site):
    """The time of publication counts, not the day: results of 2019 that are written today are new."""
    site.publish(Day.parse("2019-05-01"), hours_ago=24 * 1000)
    assert site.days() == []
    site.publish(Day.parse("2019-05-01"))
    assert site.days() == ["2019-05-01"]


@pytest.mark.parametrize("change", [{"content": "a row\n"}, {"content": "another\n", "hours_ago": 3}])
def test_results_that_are_published_again_run_again(site, change):
    """A later time or another length gives another run key."""
    site.publish(YESTERDAY, hours_ago=3)
    (first,) = site.tick()
    site.start(first)
    site.publish(YESTERDAY, **change)
    (second,) = site.tick()
    assert second.partition_key == first.partition_key
    assert second.run_key != first.run_key
    assert second.run_key.startswith(site.home.deployment.workspace.results(YESTERDAY))


def test_an_old_results_file_that_is_replaced_runs(site):
    """Replacing the file changes neither the day's folder nor its date; older days are looked at in turn."""
    results = site.publish(ago(400), hours_ago=24 * 400)
    os.utime(results.parents[1], (0, 0))
    assert site.days() == []
    site.publish(ago(400))
    assert results.parents[1].stat().st_mtime == 0
    assert site.days() == [ago(400).key]


def test_results_published_while_the_sensor_was_off_are_caught_up_on(site):
    """After a downtime of a month, what was published in it is requested, and nothing from before."""
    for days in (50, 29, 15, 2):
        site.publish(ago(days), hours_ago=24 * days)
    site.cursor = (dt.datetime.now(dt.UTC) - dt.timedelta(days=45)).isoformat()
    assert site.days() == [ago(29).key, ago(15).key, ago(2).key]


def test_a_first_tick_of_a_clock_far_ahead_hides_no_results(site):
    """Once the clock is right again, the sensor would wait for results of that time."""
    site.cursor = (dt.datetime.now(dt.UTC) + dt.timedelta(days=365)).isoformat()
    site.publish(YESTERDAY)
    assert site.days() == [YESTERDAY.key]


def test_the_cursor_stays_the_time_of_the_first_tick(site):
    """Results that were there before the sensor stay history however long it runs."""
    site.tick()
    first = site.cursor
    site.publish(ago(8), hours_ago=24 * 8)
    assert site.days() == []
    assert site.cursor == first


def test_a_day_that_was_materialized_by_hand_is_not_run_again(site):
    """Dagster's history says which results a day was made from; only other results are a reason to run."""
    site.home.write_sample(YESTERDAY)
    site.materialize(YESTERDAY)
    assert site.days() == []
    with site.home.results(YESTERDAY).open("ab") as results:
        results.write(b"\n")
    site.age(site.home.results(YESTERDAY))
    assert site.days() == [YESTERDAY.key]


def test_a_materialization_that_does_not_say_of_which_file_counts_as_none(site):
    """A materialization by an older version or by hand doesn't keep a day from running."""
    site.publish(YESTERDAY)
    site.instance.report_runless_asset_event(
        dg.AssetMaterialization("proxy_results", partition=YESTERDAY.key, metadata={"bytes": 6})
    )
    assert site.days() == [YESTERDAY.key]


def test_many_days_are_requested_in_portions_oldest_first(site):
    """A tick requests at most 25 days, says that more follow, and the next ticks go on in order."""
    days = [ago(number) for number in range(59, -1, -1)]
    for day in days:
        site.publish(day, hours_ago=1)
    portions = [site.days()]
    assert site.log == ["25 days requested; 35 days more at the next tick"]
    portions += [site.days() for _ in range(3)]
    assert [len(portion) for portion in portions] == [25, 25, 10, 0]
    assert list(chain.from_iterable(portions)) == [day.key for day in days]


def test_a_day_published_while_others_wait_is_not_forgotten(site):
    """A day before the waiting ones that is published between two ticks is requested first."""
    for number in range(27):
        site.publish(ago(number), hours_ago=1)
    assert ago(26).key in site.days()
    site.publish(ago(26))
    assert site.days() == [ago(26).key, ago(1).key, ago(0).key]


def test_a_day_that_failed_runs_again_only_with_other_results(site):
    """Results that made a run fail would make it fail again; other results may not."""
    site.publish(YESTERDAY, content="no row of the day\n", hours_ago=1)
    (request,) = site.tick()
    result = defs.resolve_job_def(PROXY_DAY).execute_in_process(
        partition_key=YESTERDAY.key,
        instance=site.instance,
        resources=site.home.deployment.resources(),
        tags={"dagster/run_key": request.run_key},
        raise_on_error=False,
    )
    assert not result.success
    site.publish(ago(1))
    site.publish(ago(2))
    assert site.days() == [ago(2).key, ago(1).key]
    site.publish(YESTERDAY)
    assert site.days() == [YESTERDAY.key]


def test_results_that_were_ranked_here_run_no_day(site):
    """Whether or not a run has read them since; what another system writes over them does."""
    path = site.home.deployment.workspace.results(YESTERDAY)
    assert publish(site.home.deployment.hdfs, path, b"a row of ours\n")
    site.age(site.home.results(YESTERDAY), hours_ago=1)
    assert site.days() == []
    assert site.days() == []
    assert recorded_versions(site.instance, "ml_results").keys() == {YESTERDAY}
    site.publish(YESTERDAY)
    assert site.days() == [YESTERDAY.key]
