"""When each client met a threat, from the threat's timeline."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
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
    """One client's requests to a threat: when, how many, how long, and how they were answered.

    `requests` is their number, None if it isn't known: rows of a timeline can each be several requests.
    `seconds` are the seconds of the day that are known, in order; `first` and `last` are `HH:MM:SS` or a
    dash. `took` is the sum of the durations in words, or a dash if the log has none.
    """

    client: str
    requests: int | None
    seconds: Sequence[int]
    first: str
    last: str
    took: str
    answers: Sequence[str]


def client_times(timeline: pd.DataFrame, requests: Mapping[str, int] | None = None) -> list[ClientTimes]:
    """Return a threat's clients, the earliest first, from the frame that `storyboard.timeline` returns.

    `requests` are the numbers of requests, by client.
    """
    rows = defaultdict[str, list[tuple[str, str, int | None, str]]](list)
    columns = timeline[["clientip", "tstart", "tend", "duration", "respcode", "respcodename"]]
    for client, start, end, duration, code, name in records(columns):
        took = None if duration is None else int(str(duration))
        rows[NULL if client is None else str(client)].append(
            (str(start or ""), str(end or ""), took, answer(code, name))
        )
    clients = [_client(client, times, (requests or {}).get(client)) for client, times in rows.items()]
    # Clients without a known time come last.
    return sorted(clients, key=lambda client: (not client.seconds, client.seconds[:1], client.client))


def in_words(milliseconds: int) -> str:
    """Return a duration in its two largest units."""
    if milliseconds < _SECOND:
        return f"{milliseconds} ms"
    if milliseconds < _MINUTE:
        return f"{milliseconds / _SECOND:.1f} s"
    if milliseconds < _HOUR:
        return f"{milliseconds // _MINUTE} min {milliseconds % _MINUTE // _SECOND} s"
    return f"{milliseconds // _HOUR:,} h {milliseconds % _HOUR // _MINUTE} min"


def _client(
    client: str, times: Sequence[tuple[str, str, int | None, str]], requests: int | None
) -> ClientTimes:
    moments = {second_of(text.partition(" ")[2]) for start, end, _, _ in times for text in (start, end)}
    seconds = sorted(moment for moment in moments if moment is not None)
    durations = [duration for _, _, duration, _ in times if duration is not None]
    return ClientTimes(
        client=client,
        requests=requests,
        seconds=seconds,
        first=clock_with_seconds(seconds[0]) if seconds else _NONE,
        last=clock_with_seconds(seconds[-1]) if seconds else _NONE,
        took=in_words(sum(durations)) if durations else _NONE,
        answers=list(dict.fromkeys(answer for _, _, _, answer in times)),
    )


def answer(code: object, name: object) -> str:
    """Return a response code with its name: `404 Not Found`; a dash for none."""
    number, words = str(code or ""), str(name or "")
    if not number or words.startswith("Unknown ("):
        return words or _NONE
    return f"{number} {words}".strip()
