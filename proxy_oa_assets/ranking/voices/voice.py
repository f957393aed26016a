"""What a second voice is: a signal that comes from a method of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from proxy_oa_assets.ranking.signal import Signal, all_signals
from proxy_oa_assets.ranking.signs import more_signs

if TYPE_CHECKING:
    import duckdb

    from proxy_oa_assets.model.day import Day
    from proxy_oa_assets.ranking.weights import Weights
    from proxy_oa_assets.resources.impala import Warehouse


@dataclass(frozen=True)
class Hearing:
    """What a voice reads: the ranking's tables up to `sign`, and the raw day."""

    connection: duckdb.DuckDBPyConnection
    warehouse: Warehouse
    day: Day
    weights: Weights

    @property
    def raising(self) -> list[str]:
        """The columns of `sign` that raise a pair."""
        return [signal.name for signal in all_signals() if self.weights.signals[signal.name] > 0]


@dataclass(frozen=True)
class Voice:
    """A signal, and what makes the temporary table that it reads.

    `speak` returns what a user should know of how it went, a line each.
    """

    signal: Signal
    speak: Callable[[Hearing], list[str]]


def hear(voices: Sequence[Voice], hearing: Hearing) -> list[str]:
    """Add the voices' signals to `sign`; return what they note."""
    notes = [note for voice in voices for note in voice.speak(hearing)]
    if voices:
        hearing.connection.execute(more_signs([voice.signal for voice in voices]))
    return notes
