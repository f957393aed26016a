"""The sensor `new_results`: it reports what other systems publish, and runs a day once its results are whole.

Results are whole when two ticks have seen them unchanged and they have a minimum age.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import dagster as dg
from pydantic import TypeAdapter

from proxy_oa_assets.defs.assets.daily import Daily
from proxy_oa_assets.defs.assets.upstream_days import (
    ML_RESULTS,
    RAW,
    UpstreamDay,
    published_days,
    ranked_day,
    raw_day,
    raw_folders,
    recorded_versions,
)
from proxy_oa_assets.defs.automation.jobs import proxy_day
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import StorageError
from proxy_oa_assets.model.text import counted
from proxy_oa_assets.ranking.own_results import is_ours
from proxy_oa_assets.ranking.published_parts import published_parts
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.resources.workspace import Workspace

# Results published earlier than this are history, for a backfill.
WINDOW = dt.timedelta(days=31)
_CATCH_UP = dt.timedelta(days=7)
# More runs at once would only wait in Dagster's queue.
REQUESTS_PER_TICK = 25
# On a cluster each day costs a request or two, and Dagster gives a tick a minute.
OLDER_DAYS_PER_TICK = 50
_NAMED = 5  # paths in a message
# Dagster's own tag: it starts no second run with a key that a run of the sensor already has.
_RUN_KEY = "dagster/run_key"


@dataclass(frozen=True)
class Sight:
    """Results as a tick first saw them: their version, and when, in seconds since 1970."""

    version: str
    since: float


@dataclass(frozen=True)
class Cursor:
    """What a tick leaves to the next one: when the first was, and results that may still be being written.

    Results published before the first tick are history. `seen` has days whose run isn't requested yet.
    """

    first: dt.datetime
    seen: Mapping[str, Sight] = field(default_factory=dict)

    @classmethod
    def of(cls, context: dg.SensorEvaluationContext, now: dt.datetime) -> "Cursor":
        """Return the last tick's cursor; without one, or if it has another form, a new one."""
        text, first = context.cursor, now - _CATCH_UP
        if not text:
            return cls(first)
        try:
            # Version 0.1 kept the time alone.
            found = cls(dt.datetime.fromisoformat(text)) if text[0].isdigit() else _CURSOR.validate_json(text)
            started = found.first.astimezone(dt.UTC)
            # Later than now: the clock was ahead at the first tick, and would hide every result until then.
            return replace(found, first=started if started <= now else first)
        except (ValueError, OverflowError):
            context.log.warning(
                "Ignored the cursor %.60r, which is not a time: results published since %s are caught up on, "
                "earlier ones are left for a backfill",
                text,
                f"{first:%Y-%m-%d %H:%M} UTC",
            )
        return cls(first)

    def sights(self, ranked: Sequence[UpstreamDay], now: dt.datetime) -> dict[str, Sight]:
        """Return when each day's results were first seen as they are."""
        fresh = {found.day.key: Sight(found.version, now.timestamp()) for found in ranked}
        known = ((key, self.seen.get(key)) for key in fresh)
        return fresh | {
            key: sight
            for key, sight in known
            # Seen later than now: the clock was ahead.
            if sight and sight.version == fresh[key].version and sight.since <= now.timestamp()
        }

    def is_whole(self, found: UpstreamDay, now: dt.datetime, min_age: int) -> bool:
        """Return whether an earlier tick saw the same results, and they are `min_age` seconds old."""
        sight = self.seen.get(found.day.key)
        if sight is None or sight.version != found.version:
            return False
        # The storage's clock may be ahead of ours.
        return now.timestamp() - min(found.modified / 1000, sight.since) >= min_age

    def next(self, waiting: Mapping[Day, Sight]) -> str:
        """Return the cursor of the next tick."""
        seen = {day.key: sight for day, sight in waiting.items()}
        return _CURSOR.dump_json(replace(self, seen=seen)).decode()


_CURSOR = TypeAdapter(Cursor)


def new_results_sensor(daily: Daily) -> dg.SensorDefinition:
    """Return the sensor `new_results`."""

    @dg.sensor(
        job=proxy_day,
        default_status=dg.DefaultSensorStatus.STOPPED,
        minimum_interval_seconds=60,
        description="Runs a day when its ranked results are published and whole, and again when they change",
    )
    def new_results(
        context: dg.SensorEvaluationContext, hdfs: FileStore, workspace: Workspace
    ) -> dg.SensorResult:
        """Runs a day when its proxy_results.csv is published, and again when it is published again.

        Results count once two ticks have seen them unchanged, and not before PROXY_OA_RESULTS_MIN_AGE. When
        first switched on, the sensor catches up on results published in the last seven days; after downtime,
        on those of the last 31 days. Older results are left for a backfill, and so are those that were ranked
        here.
        """
        now = dt.datetime.now(dt.UTC)
        cursor = Cursor.of(context, now)
        since = max(cursor.first, now - WINDOW).timestamp() * 1000
        keys = daily.partitions.get_partition_keys()
        known = published_days(hdfs, workspace, keys)
        due = {*due_days(known, now), *(day for day in known if day.key in cursor.seen)}
        ranked, unreadable = _ranked_days(hdfs, workspace, sorted(due))
        recent = [found for found in ranked if found.modified >= since]
        recorded = recorded_versions(context.instance, ML_RESULTS, [found.day for found in ranked])
        seen = cursor.sights(recent, now)
        waiting = {
            found.day: seen[found.day.key]
            for found in recent
            if found.length
            and recorded.get(found.day) != found.version
            and not cursor.is_whole(found, now, daily.results_min_age)
        }
        whole = [found for found in ranked if found.length and found.day not in waiting]
        fresh = _not_yet_run(
            context.instance, workspace, [found for found in whole if found.modified >= since]
        )
        if daily.ranks:
            fresh = [found for found in fresh if not is_ours(hdfs, workspace.results(found.day))]
        window = [day for day in map(Day.parse, keys) if day.date >= (now - WINDOW).date()]
        changed = [found for found in whole if recorded.get(found.day) != found.version]
        changed += _changed_raw_days(context.instance, hdfs, workspace, window)
        if unreadable and not (fresh or waiting or changed):
            # A failed tick is seen in the web UI, but leaves no cursor and no report.
            raise unreadable[0]
        for error in unreadable:
            context.log.error("Day left out, its results can't be read: %s", error)
        message = _message(
            len(fresh),
            [workspace.results(day) for day in waiting],
            [workspace.results(found.day) for found in recent if not found.length],
        )
        if fresh:
            context.log.info(message)
        return dg.SensorResult(
            run_requests=[
                dg.RunRequest(run_key=_run_key(workspace, found), partition_key=found.day.key)
                for found in fresh[:REQUESTS_PER_TICK]
            ],
            asset_events=[event for found in changed for event in found.events()],
            skip_reason=None if fresh else message,
            cursor=cursor.next(waiting),
        )

    return new_results


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
) -> tuple[list[UpstreamDay], list[StorageError]]:
    """Return those of the days that have results, and the errors of those that can't be read.

    Raises StorageError if the storage can't be reached.
    """
    ranked, unreadable = [], []
    for day in days:
        try:
            published = published_parts(hdfs, workspace.results(day))
        except StorageError as error:
            if error.transient:
                raise
            unreadable.append(error)
        else:
            ranked += [ranked_day(hdfs, workspace, day, published)] if published else []
    return ranked, unreadable


def _changed_raw_days(
    instance: dg.DagsterInstance, hdfs: FileStore, workspace: Workspace, days: Sequence[Day]
) -> list[UpstreamDay]:
    """Return those of the raw days that aren't as history has them."""
    if not days:
        return []
    recorded = recorded_versions(instance, RAW, days)
    folders = raw_folders(hdfs, workspace, days[0])
    found = [raw_day(hdfs, workspace, day, folders=folders[day]) for day in days if day in folders]
    return [raw for raw in found if raw and recorded.get(raw.day) != raw.version]


def _run_key(workspace: Workspace, found: UpstreamDay) -> str:
    """Return one key for one state of the results, so that results that are published again run again."""
    return f"{workspace.results(found.day)}:{found.version}"


def _not_yet_run(
    instance: dg.DagsterInstance, workspace: Workspace, ranked: Sequence[UpstreamDay]
) -> list[UpstreamDay]:
    """Return the days that were not run with these very results, by this sensor or otherwise."""
    keys = {found.day: _run_key(workspace, found) for found in ranked}
    # Without keys the filter would match every run.
    runs = instance.get_runs(filters=dg.RunsFilter(tags={_RUN_KEY: [*keys.values()]})) if keys else []
    requested = {run.tags[_RUN_KEY] for run in runs}
    return [
        found for found in ranked if keys[found.day] not in requested and not _materialized(instance, found)
    ]


def _materialized(instance: dg.DagsterInstance, ranked: UpstreamDay) -> bool:
    """Return whether the day's last materialization of `proxy_results` was of these very results."""
    latest = instance.fetch_materializations(
        dg.AssetRecordsFilter(dg.AssetKey("proxy_results"), asset_partitions=[ranked.day.key]), limit=1
    ).records
    if not latest or not latest[0].asset_materialization:
        return False
    metadata = latest[0].asset_materialization.metadata
    recorded = [metadata[name].value for name in ("source_modified", "bytes") if name in metadata]
    return recorded == [ranked.modified, ranked.length]


def _message(fresh: int, waiting: Sequence[str], empty: Sequence[str]) -> str:
    parts = [f"{counted(min(fresh, REQUESTS_PER_TICK), 'day')} requested" if fresh else "No new results"]
    if fresh > REQUESTS_PER_TICK:
        parts.append(f"{counted(fresh - REQUESTS_PER_TICK, 'day')} more at the next tick")
    if waiting:
        parts.append(f"new, not requested until they stay unchanged: {_named(waiting)}")
    if empty:
        parts.append(f"empty, not requested until the ranking job has written rows: {_named(empty)}")
    return "; ".join(parts)


def _named(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return ", ".join(paths[:_NAMED]) + more
