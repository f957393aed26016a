"""When each client met a threat, summed up from a threat's timeline."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from proxy_oa_assets.model.clock import clock_with_seconds, second_of
from proxy_oa_assets.model.tables import records
from proxy_oa_assets.model.tsv import NULL

if TYPE_CHECKING:
    import pandas as pd

_SECOND, _MINUTE, _HOUR = 1_000, 60_000, 3_600_000  # milliseconds
_NONE = "-"


@dataclass(frozen=True)
class ClientTimes:
    """One client of a threat: the seconds of the day at which it met it, and what it was answered.

    A request whose time is no clock time is in `times` and not in `seconds`. `duration` is the sum in
    milliseconds; None where the log has none.
    """

    client: str
    times: int
    seconds: Sequence[int]
    duration: int | None
    answers: Sequence[str]

    @property
    def first(self) -> str:
        """The first time, `HH:MM:SS`."""
        return clock_with_seconds(self.seconds[0]) if self.seconds else _NONE

    @property
    def last(self) -> str:
        """The last time, `HH:MM:SS`."""
        return clock_with_seconds(self.seconds[-1]) if self.seconds else _NONE

    @property
    def took(self) -> str:
        """The duration in words."""
        return _NONE if self.duration is None else in_words(self.duration)


def client_times(timeline: pd.DataFrame) -> list[ClientTimes]:
    """Return a threat's clients, the earliest first, from the frame that `investigation.timeline` returns."""
    rows = defaultdict[str, list[tuple[str, str, int | None, str]]](list)
    columns = timeline[["clientip", "tstart", "tend", "duration", "respcode", "respcodename"]]
    for client, start, end, duration, code, name in records(columns):
        took = None if duration is None else int(str(duration))
        rows[NULL if client is None else str(client)].append(
            (str(start or ""), str(end or ""), took, _answer(code, name))
        )
    clients = [_client(client, times) for client, times in rows.items()]
    # Those of whom no time is known come last.
    return sorted(clients, key=lambda client: (not client.seconds, client.seconds[:1], client.client))


def in_words(milliseconds: int) -> str:
    """Return a duration as people say it, in its two largest units."""
    if milliseconds < _SECOND:
        return f"{milliseconds} ms"
    if milliseconds < _MINUTE:
        return f"{milliseconds / _SECOND:.1f} s"
    if milliseconds < _HOUR:
        return f"{milliseconds // _MINUTE} min {milliseconds % _MINUTE // _SECOND} s"
    return f"{milliseconds // _HOUR:,} h {milliseconds % _HOUR // _MINUTE} min"


def _client(client: str, times: Sequence[tuple[str, str, int | None, str]]) -> ClientTimes:
    moments = {second_of(text.partition(" ")[2]) for start, end, _, _ in times for text in (start, end)}
    durations = [duration for _, _, duration, _ in times if duration is not None]
    return ClientTimes(
        client=client,
        times=len({start for start, _, _, _ in times}),
        seconds=sorted(moment for moment in moments if moment is not None),
        duration=sum(durations) if durations else None,
        answers=list(dict.fromkeys(answer for _, _, _, answer in times)),
    )


def _answer(code: object, name: object) -> str:
    """Return a response code with its name: `404 Not Found`; a dash for none."""
    number, words = str(code or ""), str(name or "")
    if not number or words.startswith("Unknown ("):
        return words or _NONE
    return f"{number} {words}".strip()
