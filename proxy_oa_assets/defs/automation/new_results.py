"""The sensor `new_results`: it runs a day when its ranked results are published, and when they change."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import dagster as dg

from proxy_oa_assets.defs.automation.jobs import proxy_day
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import StorageError
from proxy_oa_assets.model.text import counted
from proxy_oa_assets.ranking.published_parts import PublishedParts, published_parts
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.resources.workspace import Workspace

# Results published earlier than this are history, for a backfill.
WINDOW = dt.timedelta(days=31)
_CATCH_UP = dt.timedelta(days=7)
# More runs at once would only wait in Dagster's queue.
REQUESTS_PER_TICK = 25
# On a cluster each day costs a request or two, and Dagster gives a tick a minute.
OLDER_DAYS_PER_TICK = 50
_ANY_DAY = Day.parse("2016-09-12")
# Dagster's own tag: it starts no second run with a key that a run of the sensor already has.
_RUN_KEY = "dagster/run_key"


@dataclass(frozen=True)
class RankedDay:
    """A day whose results are published at a path."""

    day: Day
    path: str
    published: PublishedParts

    @property
    def run_key(self) -> str:
        """One key for one state of the results, so that results that are published again run again."""
        return f"{self.path}:{self.published.modified}:{self.published.length}"


def new_results_sensor(partitions: dg.TimeWindowPartitionsDefinition) -> dg.SensorDefinition:
    """Return the sensor `new_results`."""

    @dg.sensor(job=proxy_day, default_status=dg.DefaultSensorStatus.STOPPED, minimum_interval_seconds=60)
    def new_results(
        context: dg.SensorEvaluationContext, hdfs: FileStore, workspace: Workspace
    ) -> dg.SensorResult:
        """Runs a day when its proxy_results.csv is published, and again when it is published again.

        When first switched on, the sensor catches up on results published in the last seven days; after
        downtime, on those of the last 31 days. Older results are left for a backfill.
        """
        now = dt.datetime.now(dt.UTC)
        first = _first_published(context, now)
        since = max(first, now - WINDOW).timestamp() * 1000
        root, _, _ = workspace.results(_ANY_DAY).rpartition(f"/{_ANY_DAY.folder}/")
        folders = {Day.of_folder(entry.name): entry.modified for entry in hdfs.list_folder(root)}
        known = {
            day: folders[day] for day in map(Day.parse, partitions.get_partition_keys()) if day in folders
        }
        ranked, unreadable = _ranked_days(hdfs, workspace, due_days(known, now))
        recent = [found for found in ranked if found.published.modified >= since]
        fresh = _not_yet_run(context.instance, [found for found in recent if found.published.length])
        if unreadable and not fresh:
            # A failed tick is seen in the web UI.
            raise unreadable[0]
        for error in unreadable:
            context.log.error("Day left out, its results can't be read: %s", error)
        message = _message(len(fresh), [found.path for found in recent if not found.published.length])
        if fresh:
            context.log.info(message)
        return dg.SensorResult(
            run_requests=[
                dg.RunRequest(run_key=found.run_key, partition_key=found.day.key)
                for found in fresh[:REQUESTS_PER_TICK]
            ],
            skip_reason=None if fresh else message,
            cursor=first.isoformat(),
        )

    return new_results


def _first_published(context: dg.SensorEvaluationContext, now: dt.datetime) -> dt.datetime:
    """Return the time in the cursor: results published earlier were there before the sensor."""
    first = now - _CATCH_UP
    if context.cursor:
        try:
            return dt.datetime.fromisoformat(context.cursor).astimezone(dt.UTC)
        except (ValueError, OverflowError):
            context.log.warning(
                "Ignored the cursor %.60r, which is not a time: results published since %s are caught up on, "
                "earlier ones are left for a backfill",
                context.cursor,
                f"{first:%Y-%m-%d %H:%M} UTC",
            )
    return first


def due_days(folders: Mapping[Day, int], now: dt.datetime) -> list[Day]:
    """Return the days that a tick looks at, in order; `folders` has when each day's folder was modified.

    Each tick looks at the days of the window and at the older days whose folders changed last. The remaining
    days take turns, minute by minute: replacing a results file doesn't change the day's folder.
    """
    recent = {day for day in folders if day.date >= (now - WINDOW).date()}
    older = sorted(folders.keys() - recent, key=lambda day: folders[day])
    changed, others = older[-OLDER_DAYS_PER_TICK:], sorted(older[:-OLDER_DAYS_PER_TICK])
    turns = -(-len(others) // OLDER_DAYS_PER_TICK) or 1
    return sorted([*recent, *changed, *others[int(now.timestamp()) // 60 % turns :: turns]])


def _ranked_days(
    hdfs: FileStore, workspace: Workspace, days: Sequence[Day]
) -> tuple[list[RankedDay], list[StorageError]]:
    """Return those of the days that have results, and the errors of those that can't be read.

    Raises StorageError if the storage can't be reached.
    """
    ranked, unreadable = [], []
    for day in days:
        path = workspace.results(day)
        try:
            published = published_parts(hdfs, path)
        except StorageError as error:
            if error.transient:
                raise
            unreadable.append(error)
        else:
            ranked += [RankedDay(day, path, published)] if published else []
    return ranked, unreadable


def _not_yet_run(instance: dg.DagsterInstance, ranked: Sequence[RankedDay]) -> list[RankedDay]:
    """Return the days that were not run with these very results, by this sensor or otherwise."""
    keys = [found.run_key for found in ranked]
    # Without keys the filter would match every run.
    runs = instance.get_runs(filters=dg.RunsFilter(tags={_RUN_KEY: keys})) if keys else []
    requested = {run.tags[_RUN_KEY] for run in runs}
    return [
        found for found in ranked if found.run_key not in requested and not _materialized(instance, found)
    ]


def _materialized(instance: dg.DagsterInstance, ranked: RankedDay) -> bool:
    """Return whether the day's last materialization of `proxy_results` was of these very results."""
    latest = instance.fetch_materializations(
        dg.AssetRecordsFilter(dg.AssetKey("proxy_results"), asset_partitions=[ranked.day.key]), limit=1
    ).records
    if not latest or not latest[0].asset_materialization:
        return False
    metadata = latest[0].asset_materialization.metadata
    recorded = [metadata[name].value for name in ("source_modified", "bytes") if name in metadata]
    return recorded == [ranked.published.modified, ranked.published.length]


def _message(fresh: int, empty: Sequence[str]) -> str:
    parts = [f"{counted(min(fresh, REQUESTS_PER_TICK), 'day')} requested" if fresh else "No new results"]
    if fresh > REQUESTS_PER_TICK:
        parts.append(f"{counted(fresh - REQUESTS_PER_TICK, 'day')} more at the next tick")
    if empty:
        parts.append(f"empty, not requested until the ranking job has written rows: {', '.join(empty)}")
    return "; ".join(parts)
