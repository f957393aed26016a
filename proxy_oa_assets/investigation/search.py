"""Everything that a day's raw log has about a URI."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from proxy_oa_assets.investigation.day_context import investigated
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.model.tables import records
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.sql import analysts, raw_log

if TYPE_CHECKING:
    import pandas as pd


def suspicious(
    day: Day | str,
    uri: str | None = None,
    clientip: str | None = None,
    limit: int = 250,
    *,
    deployment: Deployment | None = None,
) -> pd.DataFrame:
    """Return the scored connections that have no severity that day, the lowest ml_score first.

    One row per connection: the columns of `proxy_scores`, of its lowest row, and `scored_rows`, how many rows
    it has there. `uri` is a part of the URI, `clientip` a whole address; None or an empty text filters
    nothing. Raises InvestigationError for a limit below 1.
    """
    if limit < 1:
        raise InvestigationError(f"limit is {limit}; it is the most connections to return, at least 1")
    day, at = investigated(day, deployment)
    return at.impala.query(analysts.suspicious(day, uri, clientip, limit))


def details(
    day: Day | str, fulluri: str, clientip: str, *, deployment: Deployment | None = None
) -> pd.DataFrame:
    """Return a connection's rows of `proxy_edge`, earliest first; none if it has none.

    A NULL URI or client is the word `null`.
    """
    day, at = investigated(day, deployment)
    return at.impala.query(analysts.details(day, fulluri, clientip))


def ingest_summary(
    first_day: Day | str, last_day: Day | str, *, deployment: Deployment | None = None
) -> pd.DataFrame:
    """Return the minutes of the days from the first to the last, in time order.

    tdate is `YYYY-MM-DD HH:MM`, total the number of requests; a minute without any has no row. Raises
    InvestigationError if the last day is before the first.
    """
    first, at = investigated(first_day, deployment)
    last, _ = investigated(last_day, at)
    if last < first:
        raise InvestigationError(
            f"the last day, {last}, is before the first, {first}; name the earlier one first"
        )
    return at.impala.query(analysts.ingest_summary(first, last))


# More than these are no help to the engine: it then looks at the whole day once more.
_MOST_TIMES = 1000


@dataclass(frozen=True)
class EarliestFound:
    """The earliest `rows` of an expanded search, and how many rows and clients there are in all."""

    rows: pd.DataFrame
    total_rows: int
    total_clients: int


def expanded_search(day: Day | str, fulluri: str, *, deployment: Deployment | None = None) -> pd.DataFrame:
    """Return the day's raw rows whose URI or referer is that URI, in time order.

    `fulluri` has no scheme, a referer usually has one: `http://` or `https://` and the URI is that URI, too,
    and so is, for the start page of a host, the same with `/` after it. A referer that names a port is
    another one. A NULL URI is the word `null`.

    The columns: p_date, p_time, clientip, username, duration, fulluri, webcat, respcode, reqmethod,
    useragent, resconttype, referer, uriport, serverip, scbytes, csbytes. All rows are held in memory;
    `earliest_found` takes some of them.
    """
    day, at = investigated(day, deployment)
    return at.impala.query(raw_log.found_rows(day, fulluri))


def earliest_found(
    day: Day | str, fulluri: str, limit: int = 250, *, deployment: Deployment | None = None
) -> EarliestFound:
    """Return the earliest rows of an expanded search, at most `limit`, and how much there is in all.

    Raises InvestigationError for a limit below 1.
    """
    if limit < 1:
        raise InvestigationError(f"limit is {limit}; it is the most rows to return, at least 1")
    day, at = investigated(day, deployment)
    # The first statement goes through all of the day's URIs, and the second one only where it found some.
    seconds = at.impala.query(raw_log.found_per_second(day, fulluri))
    times = _earliest(seconds, limit)
    rows = at.impala.query(
        raw_log.found_rows(day, fulluri, times if len(times) <= _MOST_TIMES else None, limit)
    )
    return EarliestFound(rows, int(seconds["requests"].sum()), int(seconds["new_clients"].sum()))


def _earliest(seconds: pd.DataFrame, limit: int) -> list[str | None]:
    """Return the times of the earliest rows, as many as it takes for that many rows."""
    counts = [(None if time is None else str(time), int(str(count))) for time, count, _ in records(seconds)]
    times, rows = list[str | None](), 0
    for time, count in sorted(counts, key=_time_order):
        if rows >= limit:
            break
        times.append(time)
        rows += count
    return times


def _time_order(counted: tuple[str | None, int]) -> tuple[bool, str, str]:
    """Order as the statement does: `7:05:03` is `07:05:03`, and a row without a time comes last."""
    time = counted[0] or ""
    return counted[0] is None, f"0{time}" if time[1:2] == ":" else time, time
