"""The sensor `new_results`: a day is run when its ranked results are published, and when they are again."""

import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import replace

import dagster as dg

from proxy_oa_assets.assets.partitions import DAILY
from proxy_oa_assets.assets.proxy_results import proxy_results
from proxy_oa_assets.automation.jobs import proxy_day
from proxy_oa_assets.automation.month_rounds import RECENT_DAYS, Visit, next_visit, whole_visit
from proxy_oa_assets.automation.ranked_days import day_folders, ranked_days
from proxy_oa_assets.automation.seen_results import Look, RankedDay, Seen, look
from proxy_oa_assets.errors import StorageError
from proxy_oa_assets.resources.hdfs import HdfsResource
from proxy_oa_assets.resources.workspace import Workspace

# Dagster's own tag: it starts no second run with a key that a run of the sensor already has.
_RUN_KEY = "dagster/run_key"


@dg.sensor(job=proxy_day, default_status=dg.DefaultSensorStatus.STOPPED, minimum_interval_seconds=60)
def new_results(
    context: dg.SensorEvaluationContext, hdfs: HdfsResource, workspace: Workspace
) -> dg.SensorResult:
    """Runs a day when its proxy_results.csv is published, and again when it is published again.

    When the sensor is switched on first it catches up on what was published in the last seven days; older
    results are left for a backfill. Later it catches up on whatever was published while it was off.
    """
    seen = _seen(context)
    visit = _visit(hdfs, workspace, seen)
    unreadable: list[StorageError] = []
    found = look(
        ranked_days(hdfs, workspace, visit.days, unreadable),
        seen,
        lambda days: _not_yet_run(context.instance, days),
        visit.passed_over,
    )
    if unreadable and not found.requests:
        # No silence: such a tick is a failed one in the web UI.
        raise unreadable[0]
    for error in unreadable:
        context.log.error("Left out, because it can't be read: %s", error)
    message = _message(found)
    if found.empty:
        context.log.warning(message)
    elif found.requests:
        context.log.info(message)
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(run_key=results.run_key, partition_key=results.day.key)
            for results in found.requests
        ],
        skip_reason=None if found.requests else message,
        cursor=replace(found.seen, rounds=visit.done(found.unfinished)).cursor,
    )


def _seen(context: dg.SensorEvaluationContext) -> Seen:
    seen = Seen.parse(context.cursor) if context.cursor else None
    if seen:
        return seen
    first = Seen.at_first(int(time.time() * 1000))
    since = dt.datetime.fromtimestamp(first.since / 1000, tz=dt.UTC)
    if context.cursor:
        context.log.warning(
            "The cursor %.60r can't be read, so it starts anew: results published since %s are caught up on, "
            "earlier ones are left for a backfill",
            context.cursor,
            f"{since:%Y-%m-%d %H:%M} UTC",
        )
    return first


def _visit(hdfs: HdfsResource, workspace: Workspace, seen: Seen) -> Visit:
    keys = DAILY.get_partition_keys()
    folders = day_folders(hdfs, workspace, frozenset(keys))
    if not hdfs.over_network:
        return whole_visit(folders)
    return next_visit(folders, seen.rounds, {key[:7] for key in keys[-RECENT_DAYS:]})


def _message(found: Look) -> str:
    sentences = []
    if found.requests:
        sentences.append(f"{_days(len(found.requests))} requested")
    else:
        sentences.append("No new results")
    if found.waiting:
        sentences.append(f"up to {_days(found.waiting)} more at the next tick")
    if found.empty:
        paths = ", ".join(results.path for results in found.empty)
        sentences.append(f"empty, so not requested until the ranking job has written rows: {paths}")
    return "; ".join(sentences)


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _not_yet_run(instance: dg.DagsterInstance, days: Sequence[RankedDay]) -> list[RankedDay]:
    """Return the days that neither this sensor nor a person has run with these very results."""
    keys = [results.run_key for results in days]
    runs = instance.get_runs(filters=dg.RunsFilter(tags={_RUN_KEY: keys}))
    requested = {run.tags[_RUN_KEY] for run in runs}
    return [
        results
        for results in days
        if results.run_key not in requested and not _materialized(instance, results)
    ]


def _materialized(instance: dg.DagsterInstance, results: RankedDay) -> bool:
    """Whether the day's last materialization of `proxy_results` was of these very results."""
    latest = instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=proxy_results.key, asset_partitions=[results.day.key]), limit=1
    ).records
    if not latest or not latest[0].asset_materialization:
        return False
    metadata = latest[0].asset_materialization.metadata
    recorded = [metadata[name].value for name in ("source_modified", "bytes") if name in metadata]
    return recorded == [results.modified, results.length]
