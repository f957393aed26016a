from collections.abc import Iterator

import dagster as dg
import pytest
from support.definitions import DAILY, SITE, defs
from support.home import Home

from proxy_oa_assets.defs.automation.jobs import yesterday
from proxy_oa_assets.defs.checks.asset_checks import yesterday_check
from proxy_oa_assets.defs.checks.recheck import RecheckConfig
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import DayError

KEYS = list(DAILY.get_partition_keys())
FIRST, LAST = Day.parse("2016-09-12"), Day.parse("2016-09-13")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def home(tmp_path, instance) -> Home:
    home = Home(tmp_path / "home")
    for day in (FIRST, LAST):
        home.write_sample(day, views=15)
        assert home.materialize(day, instance=instance).success
    return home


def recheck(home: Home, instance: dg.DagsterInstance, **config: str) -> dg.ExecuteInProcessResult:
    return home.definitions.resolve_job_def("recheck_days").execute_in_process(
        run_config={
            "ops": {"recheck": {"config": config}},
            "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
        },
        instance=instance,
        raise_on_error=False,
    )


def evaluations(result: dg.ExecuteInProcessResult) -> list[dg.AssetCheckEvaluation]:
    return [
        event.asset_check_evaluation_data
        for event in result.all_events
        if event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ]


def test_good_days_are_checked_again_without_being_made_again(home: Home, instance) -> None:
    """The result of every check of every day is recorded, and no table is touched."""
    made = home.part("proxy_edge", FIRST).stat().st_mtime_ns

    result = recheck(home, instance, first_day=FIRST.key, last_day=LAST.key)

    assert result.success
    assert {found.partition for found in evaluations(result)} == {FIRST.key, LAST.key}
    assert all(found.passed for found in evaluations(result))
    assert home.part("proxy_edge", FIRST).stat().st_mtime_ns == made


def test_a_day_that_went_wrong_fails_the_job_by_name(home: Home, instance) -> None:
    """The failure names day, asset, check and reason of what is wrong, and no other day."""
    home.part("proxy_scores", LAST).unlink()

    result = recheck(home, instance, first_day=FIRST.key, last_day=LAST.key)

    (failed,) = (event for event in result.all_events if event.is_step_failure)
    message = failed.step_failure_data.user_failure_data.description
    assert "2016-09-13: scored_connections, every_result_is_scored" in message
    assert FIRST.key not in message


def test_days_that_are_not_materialized_are_skipped_in_one_line(home: Home, instance) -> None:
    """A gap condemns no day: the job records nothing of it, succeeds, and its log names what was skipped."""
    home.write_sample(LAST.plus(3), views=15)
    assets = ["proxy_results", "scored_connections"]
    assert home.materialize(LAST.plus(3), assets=assets, instance=instance).success

    result = recheck(home, instance, first_day=FIRST.plus(-2).key, last_day=LAST.plus(3).key)

    assert result.success
    by_day = {}
    for found in evaluations(result):
        by_day.setdefault(found.partition, set()).add(found.asset_key.to_user_string())
    everything = {"proxy_history", "proxy_results", "scored_connections", "edge_details", "ingest_summary"}
    assert by_day == {FIRST.key: everything, LAST.key: everything, "2016-09-16": set(assets)}
    skipped = [
        event.user_message
        for event in instance.all_logs(result.run_id)
        if event.user_message.startswith("Skipped")
    ]
    (line,) = skipped
    assert line.endswith(
        ": 2016-09-10 to 2016-09-11, 2016-09-14 to 2016-09-15; "
        "2016-09-16 (proxy_history, edge_details, ingest_summary)"
    )


def test_a_check_that_is_launched_by_itself_takes_the_newest_materialized_day(home: Home, instance) -> None:
    """From the asset's page, where no partition is chosen: days that were never made aren't condemned."""
    job = home.definitions.resolve_implicit_global_asset_job_def()
    key = dg.AssetCheckKey(dg.AssetKey("ingest_summary"), "summary_counts_every_row")
    result = job.get_subset(asset_selection=set(), asset_check_selection={key}).execute_in_process(
        instance=instance, resources=home.deployment.resources()
    )
    (found,) = result.get_asset_check_evaluations()
    assert (found.partition, found.passed) == (LAST.key, True)


def test_days_that_are_no_partitions_are_refused() -> None:
    """The message names the range of the partitions."""
    with pytest.raises(DayError, match=r"2014-01-01 to last_day 2016-09-12.* 2015-01-01"):
        RecheckConfig(first_day="2014-01-01", last_day="2016-09-12").days(KEYS)
    with pytest.raises(DayError, match="first_day 2016-09-13 to last_day 2016-09-12"):
        RecheckConfig(first_day="2016-09-13", last_day="2016-09-12").days(KEYS)


def test_before_the_first_day_has_ended_there_is_nothing_to_check() -> None:
    """A start date in the future: the message names the setting."""
    with pytest.raises(DayError, match="PROXY_OA_START_DATE"):
        RecheckConfig().days([])


def test_without_days_it_is_the_newest_one() -> None:
    """The defaults in the launchpad make sense as they are."""
    assert [day.key for day in RecheckConfig().days(KEYS)] == [DAILY.get_last_partition_key()]


def test_yesterday_is_missing_though_older_days_were_made() -> None:
    """Unlike a freshness policy, the check doesn't pass when old days are backfilled."""
    newest = DAILY.get_last_partition_key()
    assets = ("proxy_history", "proxy_results", "scored_connections", "edge_details", "ingest_summary")
    with dg.DagsterInstance.ephemeral() as instance:
        for asset in assets:
            instance.report_runless_asset_event(dg.AssetMaterialization(asset, partition="2016-09-12"))
        for asset in assets[:4]:
            instance.report_runless_asset_event(dg.AssetMaterialization(asset, partition=newest))

        missing = checked(instance)
        instance.report_runless_asset_event(dg.AssetMaterialization("ml_results", partition=newest))
        published = checked(instance)

        for asset in (*assets[4:], "notebooks"):
            instance.report_runless_asset_event(dg.AssetMaterialization(asset, partition=newest))
        present = checked(instance)

    assert not missing.passed
    assert f"{newest} has no ml_results, ingest_summary, notebooks" in missing.description
    assert "the day isn't ranked yet" in missing.description
    assert not published.passed
    assert "its ranked results are there" in published.description
    assert present.passed


def test_yesterday_asks_for_every_asset_it_is_given() -> None:
    """An asset that is added later is asked for, too, without being named in the check."""

    @dg.asset(partitions_def=DAILY)
    def further_asset() -> None: ...

    newest = DAILY.get_last_partition_key()
    definitions = dg.Definitions(
        assets=[dg.AssetSpec("notebooks", partitions_def=DAILY), further_asset],
        asset_checks=[yesterday_check(SITE, [further_asset])],
        jobs=[yesterday],
    )
    with dg.DagsterInstance.ephemeral() as instance:
        missing = checked(instance, definitions)
        instance.report_runless_asset_event(dg.AssetMaterialization("further_asset", partition=newest))
        present = checked(instance, definitions)

    assert not missing.passed
    assert "further_asset" in missing.description
    assert present.passed


def checked(instance: dg.DagsterInstance, definitions: dg.Definitions = defs) -> dg.AssetCheckEvaluation:
    result = definitions.resolve_job_def("yesterday").execute_in_process(instance=instance)
    (found,) = result.get_asset_check_evaluations()
    return found
