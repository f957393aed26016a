"""What the sensor `new_results` has seen, and what is new since; a few kilobytes for decades of days.

For each month it keeps a digest of when each day's results were modified and how long they are. Only the
months whose digest has changed are looked at day by day.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Self

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
        return self.day.key[:7]

    @property
    def run_key(self) -> str:
        """One key for one state of the file, so that results that are published again run again."""
        return f"{self.path}:{self.modified}:{self.length}"


@dataclass(frozen=True)
class Seen:
    """The sensor's cursor: `{"since": <ms>, "months": {"2026-11": "<8 hex digits>"}}`.

    Results modified before `since` are history: they are there for a backfill and never requested.
    """

    since: int
    months: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def at_first(cls, now: int) -> Self:
        """Return what a first look starts with: the last seven days are caught up on."""
        return cls(now - _CATCH_UP_MS)

    @classmethod
    def parse(cls, cursor: str) -> Self | None:
        """Read a cursor; None if it is none of this form."""
        try:
            match json.loads(cursor):
                case {"since": int(since), "months": dict(months)} if all(
                    isinstance(digest, str) for digest in months.values()
                ):
                    return cls(since, months)
        except ValueError:
            pass
        return None

    @property
    def cursor(self) -> str:
        """The text of the cursor."""
        return json.dumps({"since": self.since, "months": self.months}, separators=(",", ":"))


@dataclass(frozen=True)
class Look:
    """What a look found: days to request, days with empty results, and how many days wait for the next."""

    requests: list[RankedDay]
    empty: list[RankedDay]
    waiting: int
    seen: Seen


def look(
    ranked: Iterable[RankedDay], seen: Seen, not_yet_run: Callable[[Sequence[RankedDay]], list[RankedDay]]
) -> Look:
    """Compare the days that have results now with what was seen.

    `not_yet_run` returns, in order, those of a month's days that weren't run with these very results; it is
    asked only about months that have changed. `waiting` counts days that may be requested by a later look.
    """
    months = {month: list(days) for month, days in groupby(sorted(ranked), lambda found: found.month)}
    digests = {month: _digest(days) for month, days in months.items()}
    after = {month: digest for month, digest in seen.months.items() if month in months}
    changed = [month for month, digest in digests.items() if digest != after.get(month)]
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
    return Look(requests, empty, waiting, Seen(seen.since, after))


def _digest(days: Iterable[RankedDay]) -> str:
    text = "\n".join(f"{found.day} {found.modified} {found.length}" for found in days)
    return hashlib.blake2s(text.encode(), digest_size=4).hexdigest()
