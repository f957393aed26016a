"""How well a ranked day finds what is labelled in it: precision, recall, and what each signal carried."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from proxy_oa_assets.ranking.day_ranking import make_pairs, order_pairs, sign_pairs
from proxy_oa_assets.ranking.signal import all_signals
from proxy_oa_assets.ranking.voices.voice import Hearing, Voice, hear

if TYPE_CHECKING:
    from proxy_oa_assets.model.day import Day
    from proxy_oa_assets.ranking.host_lists import Lists
    from proxy_oa_assets.ranking.labels import Labels, Pair
    from proxy_oa_assets.ranking.weights import Weights
    from proxy_oa_assets.resources.impala import Warehouse

TOPS = (10, 20, 50, 100, 500)


@dataclass(frozen=True)
class Found:
    """The places, from 1, of the labelled things among `ranked` ones; those that aren't ranked have none."""

    ranked: int
    bad: int
    confirmed: int
    bad_places: tuple[int, ...]
    confirmed_places: tuple[int, ...]

    def within(self, top: int) -> int:
        """Return how many bad ones stand in the first places."""
        return sum(place <= top for place in self.bad_places)

    def precision(self, top: int) -> float:
        """Return the share of bad ones in the first places; on a day of fewer things, in all of them."""
        return self.within(top) / max(1, min(top, self.ranked))

    def recall(self, top: int) -> float:
        """Return the share of the bad ones that stand in the first places."""
        return self.within(top) / max(1, self.bad)

    @property
    def average_precision(self) -> float:
        """The mean, over the bad ones, of the precision at each one's place; 1 if they stand first."""
        precisions = (number / place for number, place in enumerate(self.bad_places, 1))
        return sum(precisions) / max(1, self.bad)


@dataclass(frozen=True)
class Carried:
    """A signal, its points at 1, and the pairs' order without it."""

    signal: str
    points: float
    without: Found


@dataclass(frozen=True)
class Evaluation:
    """What a ranking found: of (client, host) pairs, and of clients, which stand where their first pair does.

    `carried` has what each signal carried, the most first; another system's ranking has none.
    """

    pairs: Found
    clients: Found
    carried: tuple[Carried, ...] = ()

    @property
    def not_ranked(self) -> int:
        """How many labelled pairs aren't ranked."""
        return self.pairs.bad - len(self.pairs.bad_places)


def evaluate(order: Sequence[Pair], labels: Labels) -> Evaluation:
    """Evaluate pairs, the most suspicious first; of a pair that comes again, the first place counts."""
    pairs = list(dict.fromkeys((client, host.lower()) for client, host in order))
    clients = list(dict.fromkeys(client for client, _ in pairs))
    bad_clients, confirmed_clients = (
        {client for client, _ in sought} for sought in (labels.bad, labels.confirmed)
    )
    return Evaluation(
        _found(pairs, labels.bad, labels.confirmed), _found(clients, bad_clients, confirmed_clients)
    )


def evaluate_ranking(
    warehouse: Warehouse,
    day: Day,
    labels: Labels,
    *,
    weights: Weights,
    lists: Lists,
    history_days: int,
    voices: Sequence[Voice] = (),
) -> Evaluation:
    """Rank a day's raw requests and evaluate it, with all signals, and with each in turn left out."""
    signals = all_signals()
    with closing(duckdb.connect(":memory:", config={"threads": 2})) as connection:
        days = make_pairs(connection, warehouse, day, signals, lists=lists, history_days=history_days)
        sign_pairs(connection, signals, days)
        hear(voices, Hearing(connection, warehouse, day, weights))
        signals = (*signals, *(voice.signal for voice in voices))

        def order(chosen: Weights) -> list[Pair]:
            order_pairs(connection, signals, chosen)
            return connection.sql("SELECT clientip, host FROM ranked ORDER BY place").fetchall()

        found = evaluate(order(weights), labels)
        highest = connection.sql("SELECT max(COLUMNS(*)) FROM sign")
        seen = dict(zip(highest.columns, highest.fetchall()[0], strict=True))
        carried = []
        for signal in signals:
            points = weights.signals[signal.name]
            if points and seen[signal.name]:
                changed = {"signals": {**weights.signals, signal.name: 0.0}}
                without = evaluate(order(weights.model_copy(update=changed)), labels).pairs
                carried.append(Carried(signal.name, points, without))
    carried.sort(key=lambda each: (each.without.average_precision, each.signal))
    return Evaluation(found.pairs, found.clients, tuple(carried))


def _found(order: Sequence[Hashable], bad: Collection[Hashable], confirmed: Collection[Hashable]) -> Found:
    return Found(
        len(order),
        len(bad),
        len(confirmed),
        tuple(place for place, each in enumerate(order, 1) if each in bad),
        tuple(place for place, each in enumerate(order, 1) if each in confirmed),
    )
