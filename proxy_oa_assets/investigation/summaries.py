"""A day's clients and hosts: what each did, and the worst that is known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy_oa_assets.enrichment.reputation.verdict import gravest
from proxy_oa_assets.investigation.day_context import day_context
from proxy_oa_assets.investigation.filters import Filters
from proxy_oa_assets.investigation.listed import Listed, check_page
from proxy_oa_assets.investigation.materialized_days import check_log
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.model.tables import PROXY, PROXY_SCORES
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.sql.day_requests import connections, scored_connections, severities
from proxy_oa_assets.sql.day_summaries import COUNTED, Key, summaries

if TYPE_CHECKING:
    import pandas as pd

_FIGURES = ("requests", "connections", "useragents", "content_types", "csbytes", "scbytes")
_OF_CONNECTIONS = ("client", "host", "uri", "verdict", "reason", "severity")
_WORST = ("uri_rep", "ml_score", "uri_sev")


def client_summaries(
    day: Day | str,
    *,
    filters: str | Filters = "",
    order: str = "requests",
    offset: int = 0,
    limit: int = 250,
    deployment: Deployment | None = None,
) -> Listed:
    """Return a row per client of a day's raw requests that fit a filter.

    The columns: clientip, requests, connections, hosts, useragents, content_types, csbytes (out), scbytes
    (in), uri_rep (the gravest verdict's), ml_score (the lowest) with its word, uri_sev (the gravest, 0 for
    none), first and last (times). Verdict, score and severity are those of the client's connections of the
    day that fit the filter's terms about client, host, URI, verdict, reason and severity. The rows with the
    most of the column `order` come first; first and clientip ascend, and verdict, score and severity
    begin with the gravest. Raises InvestigationError for a wrong filter, order or page, and for a day without
    a log.
    """
    return _summaries(
        day, "clientip", filters, order=order, offset=offset, limit=limit, deployment=deployment
    )


def host_summaries(
    day: Day | str,
    *,
    filters: str | Filters = "",
    order: str = "requests",
    offset: int = 0,
    limit: int = 250,
    deployment: Deployment | None = None,
) -> Listed:
    """Return a row per host, as `client_summaries` does, with the columns host and clients for its own."""
    return _summaries(day, "host", filters, order=order, offset=offset, limit=limit, deployment=deployment)


def _summaries(
    day: Day | str,
    key: Key,
    filters: str | Filters,
    *,
    order: str,
    offset: int,
    limit: int,
    deployment: Deployment | None,
) -> Listed:
    check_page(limit, offset)
    _, others = COUNTED[key]
    orders = (key, *_FIGURES, others, *_WORST, "first", "last")
    if order not in orders:
        raise InvestigationError(f"order is {order!r}; it is one of {', '.join(orders)}")
    wanted = Filters.parse(filters)
    day, deployment = day_context(day, deployment)
    worst = _worst(day, key, wanted, deployment)
    first = list(worst.index[worst[order].notna()]) if order in _WORST else []
    most = "requests" if order in _WORST else {"first": "first_time", "last": "last_time"}.get(order, order)
    condition = wanted.condition(PROXY, day, deployment)
    found = deployment.impala.query(
        summaries(day, key, condition, most, first=first, limit=len(first) + offset + limit)
    )
    total = int(found["total"].iloc[0]) if len(found) else 0
    if not total:
        check_log(day, deployment)
    found = found.rename(columns={"first_time": "first", "last_time": "last"})
    # No merge: pandas can't merge two empty columns of Arrow's texts.
    rows = found.join(worst.reindex(found[key]).set_axis(found.index))
    if first:
        rows = rows.sort_values(
            _gravity(order), ascending=order != "uri_rep", kind="stable", na_position="last"
        )
    rows = rows.iloc[offset : offset + limit].reset_index(drop=True)
    rows = rows.assign(uri_sev=rows["uri_sev"].fillna(0).astype("int64"))
    figures = ["requests", "connections", others, *_FIGURES[2:]]
    return Listed(
        rows[[key, *figures, "uri_rep", "ml_score", "word", "uri_sev", "first", "last"]],
        total,
        offset,
    )


def _gravity(order: str) -> str:
    return "risk" if order == "uri_rep" else order


def _worst(day: Day, key: Key, wanted: Filters, deployment: Deployment) -> pd.DataFrame:
    """Return uri_rep, risk, ml_score, word and uri_sev by client or host, of the day's known connections."""
    import pandas as pd

    known = wanted.about(_OF_CONNECTIONS).condition(PROXY_SCORES, day, deployment)
    scored = deployment.impala.query(scored_connections(day, known))
    verdicts = [gravest(text) if isinstance(text, str) else None for text in scored["uri_rep"]]
    scored = scored.assign(risk=[float("nan") if each is None else float(each.risk) for each in verdicts])
    lowest = scored.drop_duplicates(key).set_index(key)[["ml_score", "word"]]
    judged = scored.sort_values("risk", ascending=False, kind="stable", na_position="last")
    judged = judged.drop_duplicates(key).set_index(key)[["uri_rep", "risk"]]
    given = deployment.impala.query(severities(day))
    if given.empty:
        gravest_given = pd.Series(dtype="float64", name="uri_sev")
    else:
        condition = (wanted & Filters.parse("severity:any")).condition(PROXY, day, deployment)
        pairs = deployment.impala.query(connections(day, condition)).merge(given, on="fulluri")
        gravest_given = pairs.groupby(key)["uri_sev"].min()
    return lowest.join(judged, how="outer").join(gravest_given, how="outer")
