"""What a signal is, and the signals there are: a file each in `signals/`.

A signal says how far a (client, host) pair of the day has one sign of an attack, or of none. It reads the
table `pair` (`pairs.py`), and facts of its own about the pair's uncommon requests.
"""

import functools
import importlib
import pkgutil
from collections.abc import Iterable
from dataclasses import dataclass

from proxy_oa_assets.ranking import signals


@dataclass(frozen=True)
class Fact:
    """A number of a pair: an aggregate, in DuckDB's SQL, over its rows of `uncommon` (`pairs.py`).

    A pair without such rows has 0.
    """

    name: str
    sql: str


def requests_with(condition: str) -> str:
    """Return the SQL of a fact: how many uncommon requests fulfil a condition."""
    return f"CAST(coalesce(sum(requests) FILTER ({condition}), 0) AS BIGINT)"


@dataclass(frozen=True)
class Signal:
    """A sign of a pair, from 0 to 1.

    `words` follow "because": what a person reads. `sql` is a DuckDB expression over `pair`; NULL is 0, and
    what lies beyond 0 and 1 is at the limit. `detail` is the SQL of a text to name in the reason:
    letters, digits and `._:-` alone. `table` is a SELECT over the ranking's temporary tables with the columns
    clientip, host and more, which both read under the signal's name. On a day that has no value in one of the
    raw columns `reads`, or with fewer days before it than `history` that had a request, the signal is silent:
    0 for every pair.
    """

    name: str
    family: str
    words: str
    sql: str
    reads: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    table: str = ""
    detail: str = ""
    history: int = 0


@functools.cache
def all_signals() -> tuple[Signal, ...]:
    """Return the signals of the folder `signals/`, by name."""
    names = (module.name for module in pkgutil.iter_modules(signals.__path__))
    found = (importlib.import_module(f"{signals.__name__}.{name}").SIGNAL for name in names)
    return tuple(sorted(found, key=lambda signal: signal.name))


def facts_of(signals: Iterable[Signal]) -> tuple[Fact, ...]:
    """Return the facts that signals declare, each once. Raises ValueError if two of one name differ."""
    facts: dict[str, Fact] = {}
    for signal in signals:
        for fact in signal.facts:
            if facts.setdefault(fact.name, fact) != fact:
                raise ValueError(f"signal {signal.name}: another signal declares {fact.name} differently")
    return tuple(facts.values())
