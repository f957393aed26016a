"""The sensor `new_logs`: it reports the days that logs hold, and takes a day's requests when they are new."""

import datetime as dt
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

from proxy_oa_assets.defs.assets.daily import Daily
from proxy_oa_assets.defs.assets.proxy import LOGS_VERSION
from proxy_oa_assets.defs.assets.upstream_days import LOGS, RAW, UpstreamDay, logged_day, recorded_versions
from proxy_oa_assets.defs.automation.jobs import ingest_day, proxy_day
from proxy_oa_assets.defs.automation.new_results import REQUESTS_PER_TICK, WINDOW, Cursor
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.text import counted, printable
from proxy_oa_assets.resources.workspace import Workspace

if TYPE_CHECKING:
    from proxy_oa_assets.ingest.log_files import DayLogs, FoundLogs

# Dagster gives a tick a minute.
_LOOKING_SECONDS = 30
# What is logged long after a day, such as tunnels that were open at its end, comes in small parts.
_AGAIN = dt.timedelta(hours=1)


def new_logs_sensor(daily: Daily) -> dg.SensorDefinition:
    """Return the sensor `new_logs`."""

    @dg.sensor(
        # Where no other system ranks, nothing is waited for.
        job=proxy_day if daily.ranking == "builtin" else ingest_day,
        default_status=dg.DefaultSensorStatus.STOPPED,
        minimum_interval_seconds=60,
        description="Takes a day's requests when its logs are whole, and again when requests of it are added",
    )
    def new_logs(context: dg.SensorEvaluationContext, workspace: Workspace) -> dg.SensorResult:
        """Runs `ingest_day` when logs that can hold the day are new, and again when requests of it are added.

        With PROXY_OA_RANKING=builtin it runs `proxy_day` in its place, so that the day is ranked as well. A
        day's logs count once two ticks have seen nothing added for the day, or once they have gone on for an
        hour behind its end; what is added after a run is taken an hour after it, or later. When first
        switched on, the sensor catches up on the last seven days; after downtime, on the last 31 days. Older
        days are left for a backfill, unless their log is new.
        """
        # Loads DuckDB and pyarrow.
        from proxy_oa_assets.ingest.log_files import LogFiles

        now = dt.datetime.now(dt.UTC)
        cursor = Cursor.of(context, now)
        since = max(cursor.first, now - WINDOW)
        found = LogFiles.of(workspace).all(
            modified_since=since.timestamp(), until=time.monotonic() + _LOOKING_SECONDS
        )
        for problem in found.unread.values():
            context.log.error("Left out: %s", printable(problem))
        if found.left:
            message = f"{counted(found.left, 'log')} to look at, at the next ticks"
            return dg.SensorResult(skip_reason=message, cursor=cursor.next({}))
        keys = daily.partitions.get_partition_keys()
        logs = [found.of(day) for day in sorted(_due(found, keys, since.date()))]
        days = [logged_day(of_day) for of_day in logs]
        recorded = recorded_versions(context.instance, LOGS, [day.day for day in days])
        seen = cursor.sights(days, now)
        waiting = {
            day.day: seen[day.day.key]
            for day, of_day in zip(days, logs, strict=True)
            if recorded.get(day.day) != day.version
            and not cursor.is_whole(day, now, daily.results_min_age)
            and not _is_past(of_day)
        }
        whole = [day for day in days if day.day not in waiting]
        fresh = _not_yet_run(context.instance, whole, now)
        message = _message(fresh, list(waiting))
        if fresh:
            context.log.info(message)
        return dg.SensorResult(
            run_requests=[
                dg.RunRequest(run_key=_run_key(day), partition_key=day.day.key)
                for day in fresh[:REQUESTS_PER_TICK]
            ],
            asset_events=[
                event for day in whole if recorded.get(day.day) != day.version for event in day.events()
            ],
            skip_reason=None if fresh else message,
            cursor=cursor.next(waiting),
        )

    return new_logs


def _due(found: "FoundLogs", keys: Sequence[str], since: dt.date) -> set[Day]:
    """Return the days since a date that logs hold, and all days of logs that end before it: they are new."""
    if not keys:
        return set()
    first, last = Day.parse(keys[0]), Day.parse(keys[-1])
    recent = max(first, Day(since))
    return {
        day
        for state in found.states.values()
        for day in state.days(first if state.last.date() < since else recent, last)
    }


def _is_past(logs: "DayLogs") -> bool:
    """Return whether the logs have gone on for an hour behind the day's end."""
    end = dt.datetime.combine(logs.day.plus(1).date, dt.time(), dt.UTC)
    return max(state.last for state in logs.states.values()) >= end + _AGAIN


def _run_key(day: UpstreamDay) -> str:
    """Return one key for one state of the day's logs."""
    return f"{LOGS}:{day.day}:{day.version}"


def _not_yet_run(
    instance: dg.DagsterInstance, days: Sequence[UpstreamDay], now: dt.datetime
) -> list[UpstreamDay]:
    """Return the days that were not run with these very rows, nor within the last hour."""
    keys = {day.day: _run_key(day) for day in days}
    # Without keys the filter would match every run.
    runs = (
        instance.get_runs(filters=dg.RunsFilter(tags={"dagster/run_key": [*keys.values()]})) if keys else []
    )
    requested = {run.tags["dagster/run_key"] for run in runs}
    return [day for day in days if keys[day.day] not in requested and not _is_made(instance, day, now)]


def _is_made(instance: dg.DagsterInstance, day: UpstreamDay, now: dt.datetime) -> bool:
    """Return whether the day of `proxy` was last made of these very rows, or within the last hour."""
    of_day = dg.AssetRecordsFilter(dg.AssetKey(RAW), asset_partitions=[day.day.key])
    for record in instance.fetch_materializations(of_day, limit=10).records:
        made = record.asset_materialization
        # Not one that another system has reported.
        if made and LOGS_VERSION in made.metadata:
            return (
                made.metadata[LOGS_VERSION].value == day.version
                or record.timestamp > (now - _AGAIN).timestamp()
            )
    return False


def _message(fresh: Sequence[UpstreamDay], waiting: Sequence[Day]) -> str:
    parts = ["Nothing new in the logs"]
    if fresh:
        parts = [f"{counted(min(len(fresh), REQUESTS_PER_TICK), 'day')} requested"]
    if len(fresh) > REQUESTS_PER_TICK:
        parts.append(f"{counted(len(fresh) - REQUESTS_PER_TICK, 'day')} more at the next tick")
    if waiting:
        parts.append(f"new, not requested until their logs stay unchanged: {', '.join(map(str, waiting))}")
    return "; ".join(parts)
