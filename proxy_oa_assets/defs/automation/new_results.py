"""What the sensor `new_results` has seen, and what is new since; a few kilobytes for decades of days.

For each month it keeps a digest of when each day's results were modified and how long they are. Only the
months whose digest has changed are asked about, day by day.
"""

import datetime as dt
import hashlib
import json
import time
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Self

import dagster as dg

from proxy_oa_assets.defs.automation.jobs import proxy_day
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import StorageError
from proxy_oa_assets.ranking.published_parts import published_parts
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.resources.workspace import Workspace

# What is published again is published again soon; two weeks are one month, or two.
RECENT_DAYS = 14
# The first look, too, has to end within a tick's minute: it is spread over several ticks.
MONTHS_PER_TICK = 12


@dataclass(frozen=True)
class Rounds:
    """The rounds' part of the cursor: `{"folders": {"2026-11": "<8 hex digits>"}, "turn": "2026-11"}`.

    `folders` has, of each month that was looked at, a digest of its day folders then; `turn` is the month
    that last had its turn.
    """

    folders: Mapping[str, str] = field(default_factory=dict)
    turn: str = ""

    @classmethod
    def parse(cls, found: object) -> Self:
        """Read what `as_json` gave; anything else gives rounds that start anew, which costs only requests."""
        match found:
            case {"folders": dict(folders), "turn": str(turn)}:
                return cls(folders, turn)
        return cls()

    @property
    def as_json(self) -> dict[str, object]:
        """What the cursor has of it; nothing before the first round."""
        return {"folders": self.folders, "turn": self.turn} if self.turn or self.folders else {}


@dataclass(frozen=True)
class Visit:
    """What one tick looks at: the days in order; `passed_over` are the months it leaves as they were seen."""

    days: list[Day]
    passed_over: Collection[str]
    rounds: Rounds

    def done(self, unfinished: Collection[str]) -> Rounds:
        """Return the rounds for the next tick; it takes the unfinished months up again."""
        folders = {month: found for month, found in self.rounds.folders.items() if month not in unfinished}
        return Rounds(folders, self.rounds.turn)


def whole_visit(folders: Mapping[Day, int]) -> Visit:
    """Return the visit that looks at every day."""
    return Visit(sorted(folders), frozenset(), Rounds())


def next_visit(folders: Mapping[Day, int], rounds: Rounds, recent: Collection[str]) -> Visit:
    """Return the visit of at most twelve months: the recent ones, one in turn, and those that have changed.

    `folders` has the modification time of each day's folder, in milliseconds; `recent` are months.
    """
    months = {month: list(days) for month, days in groupby(sorted(folders), lambda day: day.month)}
    digests = {month: digest(f"{day} {folders[day]}" for day in days) for month, days in months.items()}
    older = [month for month in months if month not in recent]
    turn = next((month for month in older if month > rounds.turn), next(iter(older), ""))
    always = [month for month in months if month in recent or month == turn]
    changed = [month for month in months if digests[month] != rounds.folders.get(month)]
    chosen = set(list(dict.fromkeys([*always, *changed]))[:MONTHS_PER_TICK])
    known = {month: found for month, found in rounds.folders.items() if month in months}
    return Visit(
        [day for month, days in months.items() if month in chosen for day in days],
        months.keys() - chosen,
        Rounds({**known, **{month: digests[month] for month in chosen}}, turn),
    )


def digest(lines: Iterable[str]) -> str:
    """Return 8 hex digits that differ where the lines do."""
    return hashlib.blake2s("\n".join(lines).encode(), digest_size=4).hexdigest()


# More runs at once would only wait in Dagster's queue.
REQUESTS_PER_TICK = 25
# Asking Dagster about a day takes about 6 ms, and a tick has a minute.
QUESTIONS_PER_TICK = 500
_CATCH_UP_MS = 7 * 24 * 3600 * 1000


@dataclass(frozen=True, order=True)
class RankedDay:
    """A day's ranked results: their path, when they were modified (milliseconds), and their bytes."""

    day: Day
    path: str
    modified: int
    length: int

    @property
    def month(self) -> str:
        """The month, `YYYY-MM`."""
        return self.day.month

    @property
    def run_key(self) -> str:
        """One key for one state of the file, so that results that are published again run again."""
        return f"{self.path}:{self.modified}:{self.length}"


@dataclass(frozen=True)
class Seen:
    """The sensor's cursor: `{"since": <ms>, "months": {"2026-11": "<8 hex digits>"}}`.

    Results modified before `since` are history: they are there for a backfill and never requested. Where not
    every month is looked at by every tick, the cursor has the `rounds`, too.
    """

    since: int
    months: Mapping[str, str] = field(default_factory=dict)
    rounds: Rounds = field(default_factory=Rounds)

    @classmethod
    def at_first(cls, now: int) -> Self:
        """Return what a first look starts with: the last seven days are caught up on."""
        return cls(now - _CATCH_UP_MS)

    @classmethod
    def parse(cls, cursor: str) -> Self | None:
        """Read a cursor; None if it is none of this form."""
        try:
            match json.loads(cursor):
                case {"since": int(since), "months": dict(months), **others} if all(
                    isinstance(found, str) for found in months.values()
                ):
                    return cls(since, months, Rounds.parse(others.get("rounds")))
        except ValueError:
            pass
        return None

    @property
    def cursor(self) -> str:
        """The text of the cursor."""
        rounds = {"rounds": self.rounds.as_json} if self.rounds.as_json else {}
        return json.dumps({"since": self.since, "months": self.months, **rounds}, separators=(",", ":"))


@dataclass(frozen=True)
class Look:
    """What a look found: days to request, days with empty results, and how many days wait for the next.

    `unfinished` are the months of the days that wait.
    """

    requests: list[RankedDay]
    empty: list[RankedDay]
    waiting: int
    unfinished: Collection[str]
    seen: Seen


def look(
    ranked: Iterable[RankedDay],
    seen: Seen,
    not_yet_run: Callable[[Sequence[RankedDay]], list[RankedDay]],
    passed_over: Collection[str] = frozenset(),
) -> Look:
    """Compare the days that have results now with what was seen.

    The months `passed_over` weren't looked at: what was seen of them stays.

    `not_yet_run` returns, in order, those of a month's days that weren't run with these very results; it is
    asked only about months that have changed. `waiting` counts days that may be requested by a later look.
    """
    months = {month: list(days) for month, days in groupby(sorted(ranked), lambda found: found.month)}
    digests = {month: _digest(days) for month, days in months.items()}
    kept = {*months, *passed_over}
    after = {month: found for month, found in seen.months.items() if month in kept}
    changed = [month for month, found in digests.items() if found != after.get(month)]
    candidates = {
        month: [found for found in months[month] if found.modified >= seen.since] for month in changed
    }
    requests: list[RankedDay] = []
    empty: list[RankedDay] = []
    asked = waiting = 0
    for month, days in candidates.items():
        written = [found for found in days if found.length]
        if waiting or asked >= QUESTIONS_PER_TICK:
            waiting += len(written)
            continue
        empty += [found for found in days if not found.length]
        asked += len(written)
        fresh = not_yet_run(written) if written else []
        room = REQUESTS_PER_TICK - len(requests)
        requests += fresh[:room]
        waiting = len(fresh[room:])
        # A month that isn't finished keeps its old digest, so that the next look takes it up again.
        if not waiting:
            after[month] = digests[month]
    unfinished = {month for month in changed if after.get(month) != digests[month]}
    return Look(requests, empty, waiting, unfinished, Seen(seen.since, after, seen.rounds))


def _digest(days: Iterable[RankedDay]) -> str:
    return digest(f"{found.day} {found.modified} {found.length}" for found in days)


_ANY_DAY = Day.parse("2016-09-12")


def day_folders(hdfs: FileStore, workspace: Workspace, partitions: Container[str]) -> dict[Day, int]:
    """Return when the folder of each day of the given partition keys was modified, in milliseconds.

    Other folders are left out. Raises StorageError if the root can't be read.
    """
    root, _, _ = workspace.results(_ANY_DAY).rpartition(f"/{_ANY_DAY.folder}/")
    days = ((Day.of_folder(entry.name), entry.modified) for entry in hdfs.list_folder(root))
    return {day: modified for day, modified in days if day and day.key in partitions}


def ranked_days(
    hdfs: FileStore, workspace: Workspace, days: Iterable[Day], unreadable: list[StorageError]
) -> Iterator[RankedDay]:
    """Yield each of the days that has results, in the order given.

    What is refused of a day is put to `unreadable`, so that it costs that day alone. Raises StorageError if
    the storage can't be reached.
    """
    for day in days:
        path = workspace.results(day)
        try:
            published = published_parts(hdfs, path)
        except StorageError as error:
            if error.transient:
                raise
            unreadable.append(error)
            continue
        if published:
            yield RankedDay(day, path, published.modified, published.length)


# Dagster's own tag: it starts no second run with a key that a run of the sensor already has.
_RUN_KEY = "dagster/run_key"


def new_results_sensor(partitions: dg.TimeWindowPartitionsDefinition) -> dg.SensorDefinition:
    """Return the sensor `new_results`."""

    @dg.sensor(job=proxy_day, default_status=dg.DefaultSensorStatus.STOPPED, minimum_interval_seconds=60)
    def new_results(
        context: dg.SensorEvaluationContext, hdfs: FileStore, workspace: Workspace
    ) -> dg.SensorResult:
        """Runs a day when its proxy_results.csv is published, and again when it is published again.

        When the sensor is switched on first it catches up on what was published in the last seven days; older
        results are left for a backfill. Later it catches up on whatever was published while it was off.
        """
        seen = _seen(context)
        visit = _visit(hdfs, workspace, seen, list(partitions.get_partition_keys()))
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

    return new_results


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


def _visit(hdfs: FileStore, workspace: Workspace, seen: Seen, keys: list[str]) -> Visit:
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
        dg.AssetRecordsFilter(asset_key=dg.AssetKey("proxy_results"), asset_partitions=[results.day.key]),
        limit=1,
    ).records
    if not latest or not latest[0].asset_materialization:
        return False
    metadata = latest[0].asset_materialization.metadata
    recorded = [metadata[name].value for name in ("source_modified", "bytes") if name in metadata]
    return recorded == [results.modified, results.length]
