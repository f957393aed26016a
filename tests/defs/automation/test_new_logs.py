"""The sensor `new_logs`: days whose logs are new, or have gained requests of the day, run."""

import datetime as dt
import os
import time
from collections.abc import Sequence
from pathlib import Path

import dagster as dg
import pytest
from support.definitions import DAILY
from support.home import Home, failures
from support.results_site import YESTERDAY, Lines, ago
from support.squid_log import request, requests, write_log

from proxy_oa_assets.defs.automation import new_logs
from proxy_oa_assets.defs.build import build_definitions
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.settings import load_settings


class LogSite:
    """A site with logs, and what the sensor says about them tick by tick."""

    def __init__(self, folder: Path, instance: dg.DagsterInstance) -> None:
        self.log = folder / "logs" / "access.log"
        self.home = Home(folder / "home", PROXY_OA_LOGS=f"{self.log}*", PROXY_OA_RESULTS_MIN_AGE="60")
        self.instance, self.skipped = instance, ""
        self.log_lines: list[str] = []
        self._cursor: str | None = None
        self._repository = self.home.definitions.get_repository_def()
        self._sensor = self.home.definitions.resolve_sensor_def("new_logs")

    def write(self, lines: Sequence[str], name: str = "access.log", minutes_ago: float = 10) -> Path:
        """Write a log so many minutes ago."""
        log = write_log(self.log.with_name(name), lines)
        modified = time.time() - 60 * minutes_ago
        os.utime(log, (modified, modified))
        return log

    def days(self) -> list[str]:
        """Return the days that a tick requests."""
        with dg.build_sensor_context(
            instance=self.instance,
            cursor=self._cursor,
            resources=self.home.deployment.resources(),
            repository_def=self._repository,
        ) as context:
            lines = Lines()
            context.log.addHandler(lines)
            result = self._sensor.evaluate_tick(context)
        self.log_lines += lines.lines
        self._cursor, self.skipped = result.cursor, str(result.skip_message)
        for event in result.asset_events:
            self.instance.report_runless_asset_event(event)
        return [str(found.partition_key) for found in result.run_requests or ()]

    def take(self, day: Day) -> None:
        """Do what a requested run does."""
        result = self.home.materialize(day, assets=["proxy"], instance=self.instance)
        assert result.success, failures(result)


@pytest.fixture
def logs(tmp_path: Path, instance: dg.DagsterInstance) -> LogSite:
    return LogSite(tmp_path, instance)


def test_a_day_that_has_ended_runs_once_when_its_log_goes_on(logs: LogSite) -> None:
    """What is added to it today doesn't run yesterday again."""
    assert logs.days() == []
    today = YESTERDAY.plus(1)
    first = [*requests(YESTERDAY), request(today, 2)]
    logs.write(first, minutes_ago=0)
    assert logs.days() == [YESTERDAY.key]
    logs.take(YESTERDAY)
    assert logs.days() == []
    logs.write([*first, request(today, 3)], minutes_ago=0)
    assert logs.days() == []
    assert logs.skipped == "Nothing new in the logs"


def test_a_request_that_is_logged_late_is_taken_an_hour_after_the_run(
    logs: LogSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tunnels that were open at the day's end come in small parts: a run for each would be too many."""
    today = YESTERDAY.plus(1)
    first = [*requests(YESTERDAY), request(today, 2)]
    logs.write(first, minutes_ago=0)
    logs.take(YESTERDAY)
    logs.write([*first, request(today, 4, milliseconds=8 * 3600_000)], minutes_ago=0)
    assert logs.days() == []
    monkeypatch.setattr(new_logs, "_AGAIN", dt.timedelta(0))
    assert logs.days() == [YESTERDAY.key]


def test_a_log_that_is_being_copied_waits(logs: LogSite) -> None:
    """It counts once two ticks have seen it as it is, and it hasn't changed for PROXY_OA_RESULTS_MIN_AGE."""
    logs.write(requests(YESTERDAY)[:10], minutes_ago=0)
    assert logs.days() == []
    assert YESTERDAY.key in logs.skipped
    logs.write(requests(YESTERDAY))
    assert logs.days() == []
    assert logs.days() == [YESTERDAY.key]


def test_a_first_look_catches_up_on_a_week(logs: LogSite) -> None:
    """Older days of a log that goes on are for a backfill; an old log that is put there now is new."""
    logs.write([line for days in range(40, -1, -1) for line in requests(ago(days), 3)])
    logs.write(requests(ago(300), 3), name="access.log.old")
    logs.days()
    assert logs.days() == [ago(days).key for days in (300, 6, 5, 4, 3, 2, 1, 0)]


def test_a_rotation_runs_no_day(logs: LogSite) -> None:
    """The log is known by its content."""
    log = logs.write([*requests(YESTERDAY), request(YESTERDAY.plus(1), 2)])
    assert logs.days() == [YESTERDAY.key]
    logs.take(YESTERDAY)
    log.rename(log.with_name("access.log.1"))
    logs.write([request(YESTERDAY.plus(1), 3)])
    assert logs.days() == []


def test_the_days_that_logs_hold_are_reported(logs: LogSite, instance: dg.DagsterInstance) -> None:
    """The graph shows which days have a log, and proxy as unsynced where requests were added."""
    logs.write([*requests(ago(3)), *requests(YESTERDAY), request(YESTERDAY.plus(1), 2)])
    logs.days()
    logs.days()
    held = instance.get_materialized_partitions(dg.AssetKey("proxy_logs"))
    assert held == {ago(days).key for days in (3, 2, 1, 0)}
    assert held <= set(DAILY.get_partition_keys())


def test_a_log_that_cannot_be_read_is_named_and_stops_no_other(logs: LogSite) -> None:
    """In the tick's log, which the web UI shows."""
    logs.write(["Dear reader,\n", "this is no log.\n"], name="access.log.txt")
    logs.write([*requests(YESTERDAY), request(YESTERDAY.plus(1), 2)])
    assert logs.days() == [YESTERDAY.key]
    assert "access.log.txt" in "".join(logs.log_lines)


@pytest.mark.parametrize(
    ("ranking", "job"), [("auto", "ingest_day"), ("builtin", "proxy_day"), ("external", "ingest_day")]
)
def test_new_logs_run_the_whole_day_where_no_other_system_ranks(
    tmp_path: Path, ranking: str, job: str
) -> None:
    """Elsewhere the requests are taken and counted, and the ranking is waited for."""
    settings = load_settings(tmp_path, PROXY_OA_LOGS="/logs/*", PROXY_OA_RANKING=ranking)
    defs = build_definitions(settings)
    assert defs.resolve_sensor_def("new_logs").job_name == job
    taken = {
        key.to_user_string() for key in defs.resolve_job_def("ingest_day").asset_layer.executable_asset_keys
    }
    history = set() if ranking == "external" else {"proxy_history"}
    assert taken == {"proxy", "ingest_summary"} | history
