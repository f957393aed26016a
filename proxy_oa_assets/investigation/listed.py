"""A page of rows, and how many rows there are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from proxy_oa_assets.investigation.day_context import uri_text
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.model.tables import records
from proxy_oa_assets.model.text import printable

if TYPE_CHECKING:
    import pandas as pd

# A client and a URI; NULL is the word `null`.
Connection = tuple[str, str]
# A condition that names more values is slower than reading the whole day.
MOST_NAMED = 1000
_SHOWN_WIDTH = 200


@dataclass(frozen=True)
class Listed:
    """The rows from the row `offset` (0 is the first) on, and the number of all rows."""

    frame: pd.DataFrame
    total: int
    offset: int = 0

    @property
    def following(self) -> int | None:
        """The offset of the next page; None if this is the last one."""
        beyond = self.offset + len(self.frame)
        return beyond if beyond < self.total else None


@dataclass(frozen=True)
class PageTimes:
    """The times that a page's rows have, and how many rows of these times are before the page.

    No times (None) are all of the day's: naming so many is slower than reading the whole day.
    """

    times: list[str | None] | None
    before: int
    total: int


def pairs_of(connections: Iterable[Any]) -> list[Connection]:
    """Return connections as pairs of texts, each once. Raises InvestigationError for what isn't a pair."""
    found = dict[Connection, None]()
    for each in [connections] if isinstance(connections, str) else connections:
        try:
            client, uri = [each] if isinstance(each, str) else each
        except (TypeError, ValueError):
            shown = printable(each if isinstance(each, str) else repr(each), _SHOWN_WIDTH)
            raise InvestigationError(
                f"{shown} isn't a connection; a connection is a pair of a client and "
                f"a URI, such as ('10.0.0.7', 'evil.example/gate')"
            ) from None
        found[uri_text(client), uri_text(uri)] = None
    return list(found)


def check_page(limit: int, offset: int = 0) -> None:
    """Raise InvestigationError for a limit below 1 or an offset below 0."""
    if limit < 1:
        raise InvestigationError(f"limit is {limit}; it is the most rows to return, at least 1")
    if offset < 0:
        raise InvestigationError(f"offset is {offset}; it is the number of rows before the page, at least 0")


def page_times(counts: pd.DataFrame, limit: int, offset: int = 0) -> PageTimes:
    """Return the times of a page of rows in time order.

    `counts` has a row per time, with the columns p_time and requests first.
    """
    rows = [(None if time is None else str(time), int(str(count))) for time, count, *_ in records(counts)]
    rows.sort(key=_time_order)
    earlier = list(accumulate((count for _, count in rows), initial=0))
    chosen = [
        number
        for number, (_, count) in enumerate(rows)
        if earlier[number] + count > offset and earlier[number] < offset + limit
    ]
    if len(chosen) > MOST_NAMED:
        return PageTimes(None, offset, earlier[-1])
    before = offset - earlier[chosen[0]] if chosen else 0
    return PageTimes([rows[number][0] for number in chosen], before, earlier[-1])


def _time_order(counted: tuple[str | None, int]) -> tuple[bool, str, str]:
    """Return a sort key of the statements' order: `7:05:03` is `07:05:03`, and NULL comes last."""
    time = counted[0] or ""
    return counted[0] is None, f"0{time}" if time[1:2] == ":" else time, time
