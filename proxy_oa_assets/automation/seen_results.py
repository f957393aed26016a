"""What the sensor `new_results` has seen, and what is new since; a few kilobytes for decades of days.

For each month it keeps a digest of when each day's results were modified and how long they are. Only the
months whose digest has changed are asked about, day by day.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Self

from proxy_oa_assets.automation.month_rounds import Rounds, digest
from proxy_oa_assets.days import Day

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
