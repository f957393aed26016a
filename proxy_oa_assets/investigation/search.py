"""What analysts look for in a day: suspicious connections, their requests, a URI in the raw log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from proxy_oa_assets.investigation.day_context import day_context
from proxy_oa_assets.investigation.listed import check_page, page_times
from proxy_oa_assets.investigation.weighing import feedback_of, is_weighed, weighed
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.ranking.feedback import Feedback
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.sql import analysts, raw_log

if TYPE_CHECKING:
    import pandas as pd

# A condition on more times is slower than reading the whole day.
_MOST_TIMES = 1000


@dataclass(frozen=True)
class EarliestFound:
    """The earliest `rows` of an expanded search, and the numbers of all its rows and clients."""

    rows: pd.DataFrame
    total_rows: int
    total_clients: int


def suspicious(
    day: Day | str,
    uri: str | None = None,
    clientip: str | None = None,
    limit: int = 250,
    *,
    feedback: Feedback | None = None,
    deployment: Deployment | None = None,
) -> pd.DataFrame:
    """Return the day's scored connections without a severity, the most suspicious first.

    That is the lowest ml_score, weighed by feedback on earlier days. One row per connection: its row of
    `proxy_scores` with the lowest score; `scored_rows`, the number of its rows there; and `feedback`, what
    feedback and the site's lists add to its points, such as `feedback=-1.5` (empty for nothing). `uri` is a
    part of the URI, `clientip` a whole address; None or an empty text filters nothing. `feedback` is what
    `feedback_of` returned before; it is read if left out. Raises InvestigationError for a limit below 1.
    """
    check_page(limit)
    day, deployment = day_context(day, deployment)
    if feedback is None:
        feedback = feedback_of(day, deployment)
    # Feedback can bring a row from below any limit.
    most = None if is_weighed(day, feedback, deployment) else limit
    found = deployment.impala.query(analysts.suspicious(day, uri, clientip, most))
    return weighed(found, feedback).head(limit)


def details(
    day: Day | str, fulluri: str, clientip: str, *, deployment: Deployment | None = None
) -> pd.DataFrame:
    """Return a connection's rows of `proxy_edge`, the earliest first.

    A NULL URI or client is the word `null`.
    """
    day, deployment = day_context(day, deployment)
    return deployment.impala.query(analysts.details(day, fulluri, clientip))


def ingest_summary(
    first_day: Day | str, last_day: Day | str, *, deployment: Deployment | None = None
) -> pd.DataFrame:
    """Return the minutes of the days from first to last, in time order.

    tdate is `YYYY-MM-DD HH:MM`, total the number of requests; a minute without requests has no row. Raises
    InvestigationError if the last day is before the first.
    """
    first, deployment = day_context(first_day, deployment)
    last, _ = day_context(last_day, deployment)
    if last < first:
        raise InvestigationError(f"the last day, {last}, is before the first, {first}; swap them")
    return deployment.impala.query(analysts.ingest_summary(first, last))


def expanded_search(day: Day | str, fulluri: str, *, deployment: Deployment | None = None) -> pd.DataFrame:
    """Return all of the day's raw rows whose URI or referer is that URI, in time order.

    A referer matches with `http://`, `https://` or no scheme, and for a host's start page also with a `/` at
    its end; one with a port is another URI. A NULL URI is the word `null`.

    The columns: p_date, p_time, clientip, username, duration, fulluri, webcat, respcode, reqmethod,
    useragent, resconttype, referer, uriport, serverip, scbytes, csbytes.
    """
    day, deployment = day_context(day, deployment)
    return deployment.impala.query(raw_log.found_rows(day, fulluri))


def earliest_found(
    day: Day | str, fulluri: str, limit: int = 250, *, deployment: Deployment | None = None
) -> EarliestFound:
    """Return the earliest rows of an expanded search, at most `limit`, and its totals.

    Raises InvestigationError for a limit below 1.
    """
    check_page(limit)
    day, deployment = day_context(day, deployment)
    # The first statement reads all of the day's URIs, the second one only the times that it found.
    seconds = deployment.impala.query(raw_log.found_per_second(day, fulluri))
    page = page_times(seconds, limit)
    times = page.times if len(page.times) <= _MOST_TIMES else None
    rows = deployment.impala.query(raw_log.found_rows(day, fulluri, times, limit))
    return EarliestFound(rows, page.total, int(seconds["new_clients"].sum()))
