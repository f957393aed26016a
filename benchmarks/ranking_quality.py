"""Where the ranking puts known attacks: on labelled days, clean days and days with made attacks.

    PROXY_OA_TEST_DATA=... python -m benchmarks.ranking_quality [--only 'beacon*'] [--missed] [--top 20]

A line per day; `!` marks one that misses its limits. `first` is the place of the first pair that counts:
on labelled days a confirmed one, else any of the attack; `last` the place of the last one, and the second
`200` how many of them stand in the first 200. Places count distinct (client, host) pairs. Without the real
days there are none to measure.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from benchmarks.attack_days.catalogue import Case, cases
from benchmarks.attack_days.scene import MadeDay, Pair
from proxy_oa_assets.model.tables import PROXY_HISTORY
from proxy_oa_assets.ranking.day_ranking import rank_day
from proxy_oa_assets.ranking.history import HISTORY_DAYS
from proxy_oa_assets.ranking.host_lists import Lists
from proxy_oa_assets.ranking.weights import read_weights
from proxy_oa_assets.resources.local.duckdb_warehouse import DuckDBWarehouse
from proxy_oa_assets.sql.history import proxy_history

_TOPS = (10, 20, 50, 100, 200)


@dataclass(frozen=True)
class Ranked:
    """A day's pairs, the most suspicious first, with their points and reasons, and the day's statement."""

    pairs: Sequence[tuple[Pair, float, str]]
    statement: str


Ranker = Callable[[MadeDay], Ranked]


@dataclass(frozen=True)
class Result:
    """How a case's day was ranked."""

    case: Case
    made: MadeDay
    ranked: Ranked
    seconds: float

    @property
    def places(self) -> list[int]:
        """The places of the attack's pairs, in order."""
        return self._places(self.made.bad)

    @property
    def confirmed(self) -> list[int]:
        """The places of the confirmed pairs; where none is confirmed, of all of the attack."""
        return self._places(self.made.confirmed or self.made.bad)

    def _places(self, sought: frozenset[Pair]) -> list[int]:
        return [place for place, (pair, _, _) in enumerate(self.ranked.pairs, 1) if pair in sought]

    @property
    def share(self) -> float:
        """How much of min(20, bad) stands in the first 20; 1 without an attack."""
        sought = min(20, len(self.made.bad))
        return _within(self.places, 20) / sought if sought else 1.0

    @property
    def fits(self) -> bool:
        """Whether the limits are kept."""
        if self.case.clean:
            return self.ranked.statement.startswith("nothing stands out")
        first, last = (self.confirmed[0], self.confirmed[-1]) if self.confirmed else (10**9, 10**9)
        return (
            first <= (self.case.first_by or first)
            and last <= (self.case.confirmed_by or last)
            and self.share >= (self.case.share or 0.0)
            and all(
                _within(self.places, top) >= bad and _within(self.confirmed, top) >= confirmed
                for top, bad, confirmed in self.case.least
            )
        )

    @property
    def line(self) -> str:
        """The line of the table."""
        tops = " ".join(f"{_within(self.places, top):>4d}" for top in _TOPS)
        first, last = (self.confirmed[0], self.confirmed[-1]) if self.confirmed else ("", "")
        points = self.ranked.pairs[0][1] if self.ranked.pairs else 0.0
        return (
            f"{' ' if self.fits else '!'} {self.case.name:<44.44s} {len(self.ranked.pairs):>6d} "
            f"{len(self.made.bad):>4d} {tops} {first!s:>6} {last!s:>6} "
            f"{_within(self.confirmed, 200):>4d} {points:>6.2f} {self.seconds:>5.1f}  "
            f"{self.ranked.statement}"
        )


_HEADER = (
    f"  {'day':<44s} {'pairs':>6s} {'bad':>4s} {' '.join(f'{top:>4d}' for top in _TOPS)} {'first':>6s} "
    f"{'last':>6s} {'200':>4s} {'points':>6s} {'sec':>5s}  statement"
)


def _within(places: Sequence[int], top: int) -> int:
    return sum(place <= top for place in places)


def measured(chosen: Sequence[Case], ranker: Ranker) -> Iterator[Result]:
    """Make each day in a temporary folder and rank it."""
    for case in chosen:
        with tempfile.TemporaryDirectory() as folder:
            made = case.make(Path(folder))
            started = time.process_time()
            ranked = ranker(made)
            yield Result(case, made, ranked, time.process_time() - started)


def explain(result: Result, top: int, *, missed: bool) -> Iterator[str]:
    """Yield the first pairs of a day with their reasons, and with `missed` those of the attack below them."""
    for place, (pair, points, word) in enumerate(result.ranked.pairs, 1):
        bad = pair in result.made.bad
        if place <= top or (missed and bad and place > 20):
            mark = "*" if bad else " "
            yield f"    {place:>5d}{mark} {points:6.2f} {pair[0]:<16s} {pair[1]:<44.44s} {word}"


def shipped_ranker(weights: Path | None) -> Ranker:
    """Return the project's ranking with its lists, with the shipped weights or a file's."""
    chosen = read_weights(weights)

    def rank(made: MadeDay) -> Ranked:
        with closing(DuckDBWarehouse(base=str(made.folder))) as warehouse:
            for days_ago in made.before:
                day = made.day.plus(-days_ago)
                warehouse.replace_day(PROXY_HISTORY, day, proxy_history(day))
            days = HISTORY_DAYS if made.before else 0
            ranked = rank_day(warehouse, made.day, weights=chosen, lists=Lists(), history_days=days)
        columns = (ranked.pairs[name].to_pylist() for name in ("clientip", "host", "points", "word"))
        pairs = [((client, host), points, word) for client, host, points, word in zip(*columns, strict=True)]
        return Ranked(pairs, ranked.statement)

    return rank


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", action="append", help="days whose name fits a pattern; can be repeated")
    parser.add_argument("--missed", action="store_true", help="print the attacks' pairs below the first 20")
    parser.add_argument("--top", type=int, default=0, help="print so many first pairs of each day")
    parser.add_argument("--bad", action="store_true", help="with --top: only of days that miss their limits")
    parser.add_argument("--weights", type=Path, help="a file of weights that replace the shipped ones")
    options = parser.parse_args()
    data = Path(os.environ.get("PROXY_OA_TEST_DATA") or "../shared/data").absolute()
    if not data.is_dir():
        sys.exit(f"{data} isn't there; PROXY_OA_TEST_DATA names the folder of the real days")
    chosen = [
        case
        for case in cases(data)
        if not options.only or any(fnmatch(case.name, pattern) for pattern in options.only)
    ]
    print(_HEADER)
    results = []
    for result in measured(chosen, shipped_ranker(options.weights)):
        results.append(result)
        print(result.line, flush=True)
        if not (options.bad and result.fits):
            for line in explain(result, options.top, missed=options.missed):
                print(line)
    attacks = [result.share for result in results if result.made.bad]
    if attacks:
        print(
            f"{sum(result.fits for result in results)} of {len(results)} days keep their limits; "
            f"mean share of min(20, bad) in the first 20: {statistics.mean(attacks):.3f}"
        )


if __name__ == "__main__":
    main()
