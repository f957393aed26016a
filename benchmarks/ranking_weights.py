"""How much the ranking hangs on its weights: shipped, all alike, and refitted without a day's network.

    PROXY_OA_TEST_DATA=... python -m benchmarks.ranking_weights

A refit halves or raises by half each signal's points in turn, and keeps what betters the mean average
precision on the other two networks. A line per day: its average precision, and how much of min(20, attacks)
stands in the first 20, with each set of weights.
"""

import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from statistics import mean

import duckdb

from benchmarks.attack_days.labelled import DAYS, labelled_day
from benchmarks.attack_days.scene import MadeDay
from proxy_oa_assets.ranking.day_ranking import make_pairs, order_pairs, sign_pairs
from proxy_oa_assets.ranking.evaluation import Found, evaluate
from proxy_oa_assets.ranking.host_lists import Lists
from proxy_oa_assets.ranking.labels import Labels
from proxy_oa_assets.ranking.signal import all_signals
from proxy_oa_assets.ranking.weights import Weights, read_weights
from proxy_oa_assets.resources.local.duckdb_warehouse import DuckDBWarehouse

_STEPS = (0.5, 1.5)


class SignedDay:
    """A labelled day whose signs exist: it can be ordered again in a fraction of a second."""

    def __init__(self, made: MadeDay) -> None:
        """Read the day's raw rows."""
        self.labels = Labels(made.bad, made.confirmed)
        self.connection = duckdb.connect(":memory:", config={"threads": 2})
        with closing(DuckDBWarehouse(base=str(made.folder))) as warehouse:
            past = make_pairs(
                self.connection, warehouse, made.day, all_signals(), lists=Lists(), history_days=0
            )
        sign_pairs(self.connection, all_signals(), past)

    def found(self, weights: Weights) -> Found:
        """Order the pairs and return what was found."""
        order_pairs(self.connection, all_signals(), weights)
        order = self.connection.sql("SELECT clientip, host FROM ranked ORDER BY place").fetchall()
        return evaluate(order, self.labels).pairs


def refitted(weights: Weights, days: Sequence[SignedDay]) -> Weights:
    """Return weights with each signal's points changed in turn where that betters the days."""
    best = mean(day.found(weights).average_precision for day in days)
    for signal, points in weights.signals.items():
        for step in _STEPS:
            changed = with_points(weights, [(signal, points * step)])
            value = mean(day.found(changed).average_precision for day in days)
            if value > best:
                weights, best = changed, value
    return weights


def with_points(weights: Weights, points: Iterable[tuple[str, float]]) -> Weights:
    """Return weights with other points of some signals."""
    return weights.model_copy(update={"signals": {**weights.signals, **dict(points)}})


def main() -> None:
    """Measure and print."""
    data = Path(os.environ.get("PROXY_OA_TEST_DATA") or "../shared/data").absolute()
    if not data.is_dir():
        sys.exit(f"{data} isn't there; PROXY_OA_TEST_DATA names the folder of the real days")
    shipped, days = read_weights(), {key: SignedDay(labelled_day(data, key)) for key in DAYS}
    alike = with_points(
        shipped, ((name, points and points / abs(points)) for name, points in shipped.signals.items())
    )
    print(f"{'left out':<12}{'shipped':>16}{'all alike':>16}{'refitted':>16}")
    for key, day in days.items():
        others = [other for name, other in days.items() if name != key]
        columns = [shipped, alike, refitted(shipped, others)]
        print(
            f"{key:<12}" + "".join(f"{_figures(day.found(weights)):>16}" for weights in columns), flush=True
        )


def _figures(found: Found) -> str:
    return f"{found.average_precision:.3f} {found.within(20) / min(20, found.bad):>6.2f}"


if __name__ == "__main__":
    main()
