"""Which months the sensor `new_results` looks at day by day where each day costs a request.

One listing of the days' folders tells when a day is added or removed. It doesn't tell when results are
published again: that changes the folder of the results, not the day's. So the recent months are looked at
by every tick, and the older ones in turn, one by each tick.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Self

from proxy_oa_assets.days import Day

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
