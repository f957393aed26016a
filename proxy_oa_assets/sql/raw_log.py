"""The SELECTs of what analysts search in the raw table, whose days can have tens of millions of rows.

Rows found by URI and rows found by referer are selected apart and joined by UNION ALL, so that the engines
can test each condition while they read.
"""

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY
from proxy_oa_assets.model.tsv import NULL
from proxy_oa_assets.sql.conditions import EVERY_ROW, Condition, day_time, equals, one_of, one_of_or_null
from proxy_oa_assets.sql.query import CLIENT, NO_VALUE, Query, Values, nulls_last, of_day

FOUND_COLUMNS = (
    *("p_date", "p_time", "clientip", "username", "duration", "fulluri", "webcat", "respcode"),
    *("reqmethod", "useragent", "resconttype", "referer", "uriport", "serverip", "scbytes", "csbytes"),
)
DAY_TIME = day_time("p_time")
# What logs write where a request has no referer.
_NO_REFERER = (*NO_VALUE, NULL)


def found_per_second(day: Day, fulluri: str, condition: Condition = EVERY_ROW) -> Query:
    """Count, per `p_time`, the rows under a condition whose URI or referer is that URI.

    Columns: p_time, requests, and new_clients (clients without an earlier row).
    """
    found, values = _found(day, f"p_time, {CLIENT.format('proxy')} AS client", fulluri, condition)
    sql = f"""
SELECT p_time, CAST(sum(requests) AS BIGINT) AS requests,
    CAST(sum(CASE WHEN nth = 1 THEN 1 ELSE 0 END) AS BIGINT) AS new_clients
FROM (
    SELECT p_time, requests, row_number() OVER (PARTITION BY client ORDER BY p_time ASC NULLS LAST) AS nth
    FROM (SELECT p_time, client, count(*) AS requests FROM ({found}) found GROUP BY p_time, client) pairs
) numbered
GROUP BY p_time
"""
    return Query(sql, values, (day, day))


def found_rows(
    day: Day,
    fulluri: str,
    times: list[str | None] | None = None,
    limit: int | None = None,
    condition: Condition = EVERY_ROW,
) -> Query:
    """Select the rows whose URI or referer is that URI, in time order.

    With `times` or a condition, only rows of them; with a limit, the earliest.
    """
    columns = ", ".join(FOUND_COLUMNS)
    found, values = _found(day, columns, fulluri, Condition.all([is_at(times), condition]))
    at_most, most = ("", ()) if limit is None else ("LIMIT ?", (limit,))
    sql = f"""
SELECT {columns}
FROM ({found}) found
ORDER BY {nulls_last((DAY_TIME, "p_time", *FOUND_COLUMNS))}
{at_most}
"""
    return Query(sql, (*values, *most), (day, day))


def referers(fulluri: str) -> tuple[str, ...]:
    """Return the referers that name a URI: itself, and with a scheme, which `fulluri` lacks.

    The start page of a host is `host` as a URI, and `http://host/` as a referer.
    """
    host = fulluri.removesuffix("/")
    names = (fulluri,) if "/" in host else (host, f"{host}/")
    referers = (scheme + name for scheme in ("", "http://", "https://") for name in names)
    return tuple(referer for referer in referers if referer not in _NO_REFERER)


def is_at(times: list[str | None] | None) -> Condition:
    """Return the condition of rows of some times; None for all of the day's."""
    return EVERY_ROW if times is None else one_of_or_null("p_time", times)


def _found(day: Day, columns: str, fulluri: str, condition: Condition) -> tuple[str, Values]:
    """Return a SELECT of a day's rows whose URI or referer is that URI, each row once, and its values."""
    where, values = of_day(PROXY, day)
    # The rows of other URIs that have this one as their referer.
    other = "fulluri <> ?" if fulluri == NULL else "(fulluri <> ? OR fulluri IS NULL)"
    found = [
        Condition.all([each, condition])
        for each in (
            equals("fulluri", fulluri, null_is_word=True),
            Condition.all([one_of("referer", referers(fulluri)), Condition(other, (fulluri,))]),
        )
    ]
    sql = " UNION ALL ".join(f"SELECT {columns} FROM proxy WHERE {where} AND {each.sql}" for each in found)
    return sql, tuple(value for each in found for value in (*values, *each.values))
