"""What analysts look for in a day: suspicious connections, their requests, a URI in the raw log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from proxy_oa_assets.investigation.day_context import day_context
from proxy_oa_assets.investigation.filters import Filters
from proxy_oa_assets.investigation.listed import Listed, check_page, page_times
from proxy_oa_assets.investigation.materialized_days import check_log, name_uncounted
from proxy_oa_assets.investigation.pasted_uris import uri_readings
from proxy_oa_assets.investigation.weighing import feedback_of, is_weighed, weighed
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.model.tables import PROXY, PROXY_SCORES
from proxy_oa_assets.ranking.feedback import Feedback
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.sql import analysts, raw_log
from proxy_oa_assets.sql.conditions import Condition, equals, has_part

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class EarliestFound:
    """A page of an expanded search, by default the earliest `rows`; the numbers of all rows and clients."""

    rows: pd.DataFrame
    total_rows: int
    total_clients: int


def suspicious(
    day: Day | str,
    uri: str | None = None,
    clientip: str | None = None,
    limit: int = 250,
    *,
    filters: str | Filters = "",
    feedback: Feedback | None = None,
    deployment: Deployment | None = None,
) -> pd.DataFrame:
    """Return the day's scored connections without a severity, the most suspicious first.

    That is the lowest ml_score, weighed by feedback on earlier days. One row per connection: its row of
    `proxy_scores` with the lowest score; `scored_rows`, the number of its rows there; and `feedback`, what
    feedback and the site's lists add to its points, such as `feedback=-1.5` (empty for nothing). `uri` is a
    part of the URI as it stands, `clientip` a whole address; None or an empty text filters nothing. For
    `filters` and `feedback` see `suspicious_listed`. Raises InvestigationError for a wrong filter or limit.
    """
    more = [has_part("s.fulluri", uri, null_is_word=True)] if uri else []
    more += [equals("s.clientip", clientip, null_is_word=True)] if clientip else []
    found = _suspicious(
        day, Filters.parse(filters), more, offset=0, limit=limit, feedback=feedback, deployment=deployment
    )
    return found.frame


def suspicious_listed(
    day: Day | str,
    filters: str | Filters = "",
    *,
    offset: int = 0,
    limit: int = 250,
    feedback: Feedback | None = None,
    deployment: Deployment | None = None,
) -> Listed:
    """Return the rows of `suspicious` from the row `offset` on, and how many there are.

    `filters` are as `Filters.parse` reads them; a connection is found by any of its scored rows. With a term
    about the severity, connections that have one are found as well. `feedback` is what `feedback_of` returned
    before; it is read if left out. Raises InvestigationError for a wrong filter or page.
    """
    return _suspicious(
        day, Filters.parse(filters), [], offset=offset, limit=limit, feedback=feedback, deployment=deployment
    )


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

    tdate is `YYYY-MM-DD HH:MM`, total the number of requests; a minute without requests has no row. Days
    that have a log and aren't materialized aren't counted: `attrs["uncounted_days"]` names them, YYYY-MM-DD.
    Raises InvestigationError if the last day is before the first.
    """
    first, deployment = day_context(first_day, deployment)
    last, _ = day_context(last_day, deployment)
    if last < first:
        raise InvestigationError(f"the last day, {last}, is before the first, {first}; swap them")
    return name_uncounted(
        deployment.impala.query(analysts.ingest_summary(first, last)), first, last, deployment
    )


def expanded_search(
    day: Day | str, fulluri: str, *, filters: str | Filters = "", deployment: Deployment | None = None
) -> pd.DataFrame:
    """Return all of the day's raw rows whose URI or referer is that URI, in time order.

    A referer matches with `http://`, `https://` or no scheme, and for a host's start page also with a `/` at
    its end; one with a port is another URI. A NULL URI is the word `null`. A URI that the day hasn't as it
    stands is read as a paste, with a scheme or defanged. `filters` are as `Filters.parse` reads them.
    Raises InvestigationError for a wrong filter, and for a day without a log.

    The columns: p_date, p_time, clientip, username, duration, fulluri, webcat, respcode, reqmethod,
    useragent, resconttype, referer, uriport, serverip, scbytes, csbytes.
    """
    wanted = Filters.parse(filters)
    day, deployment = day_context(day, deployment)
    condition = wanted.condition(PROXY, day, deployment)
    for uri in uri_readings(fulluri):
        found = deployment.impala.query(raw_log.found_rows(day, uri, condition=condition))
        if len(found):
            break
    else:
        check_log(day, deployment)
    return found


def earliest_found(
    day: Day | str,
    fulluri: str,
    limit: int = 250,
    *,
    filters: str | Filters = "",
    offset: int = 0,
    deployment: Deployment | None = None,
) -> EarliestFound:
    """Return at most `limit` rows of an expanded search from the row `offset` on, and its totals.

    Raises InvestigationError for a wrong filter or page, and for a day without a log.
    """
    check_page(limit, offset)
    wanted = Filters.parse(filters)
    day, deployment = day_context(day, deployment)
    condition = wanted.condition(PROXY, day, deployment)
    # The first statement reads all of the day's URIs, the second one only the times of the page.
    seconds = deployment.impala.query(raw_log.found_per_second(day, fulluri, condition))
    page = page_times(seconds, limit, offset)
    if not page.total:
        check_log(day, deployment)
    rows = deployment.impala.query(
        raw_log.found_rows(day, fulluri, page.times, page.before + limit, condition)
    )
    rows = rows.iloc[page.before :].reset_index(drop=True)
    return EarliestFound(rows, page.total, int(seconds["new_clients"].sum()))


def _suspicious(
    day: Day | str,
    filters: Filters,
    more: list[Condition],
    *,
    offset: int,
    limit: int,
    feedback: Feedback | None,
    deployment: Deployment | None,
) -> Listed:
    check_page(limit, offset)
    day, deployment = day_context(day, deployment)
    if feedback is None:
        feedback = feedback_of(day, deployment)
    # Feedback can bring a row from below any limit.
    most = None if is_weighed(day, feedback, deployment) else offset + limit
    condition = Condition.all([filters.condition(PROXY_SCORES, day, deployment, "s"), *more])
    given = bool(filters.about(["severity"]))
    found = deployment.impala.query(analysts.suspicious(day, condition, most, given=given))
    total = int(found["total"].iloc[0]) if len(found) else 0
    rows = weighed(found.drop(columns="total"), feedback)
    return Listed(rows.iloc[offset : offset + limit].reset_index(drop=True), total, offset)
