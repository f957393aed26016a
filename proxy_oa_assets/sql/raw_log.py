"""The SELECTs of what analysts search in the raw table, whose days can have tens of millions of rows.

Rows found by URI and rows found by referer are selected apart and joined by UNION ALL, so that the engines
can test each condition while they read.
"""

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY
from proxy_oa_assets.model.tsv import NULL
from proxy_oa_assets.sql.conditions import day_time
from proxy_oa_assets.sql.query import CLIENT, Query, Values, nulls_last, of_day

FOUND_COLUMNS = (
    *("p_date", "p_time", "clientip", "username", "duration", "fulluri", "webcat", "respcode"),
    *("reqmethod", "useragent", "resconttype", "referer", "uriport", "serverip", "scbytes", "csbytes"),
)
DAY_TIME = day_time("p_time")
# What logs write where a request has no referer.
_NO_REFERER = ("", "-", NULL)

# SQL and its bound values.
Condition = tuple[str, Values]


def found_per_second(day: Day, fulluri: str) -> Query:
    """Count, per `p_time`, the rows whose URI or referer is that URI.

    Columns: p_time, requests, and new_clients (clients without an earlier row).
    """
    found, values = _found(day, f"p_time, {CLIENT.format('proxy')} AS client", fulluri)
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
    day: Day, fulluri: str, times: list[str | None] | None = None, limit: int | None = None
) -> Query:
    """Select the rows whose URI or referer is that URI, in time order.

    With `times`, only rows of these times; with a limit, the earliest.
    """
    columns = ", ".join(FOUND_COLUMNS)
    found, values = _found(day, columns, fulluri, ("", ()) if times is None else is_at(times))
    at_most, most = ("", ()) if limit is None else ("LIMIT ?", (limit,))
    sql = f"""
SELECT {columns}
FROM ({found}) found
ORDER BY {nulls_last((DAY_TIME, *FOUND_COLUMNS))}
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


def _found(day: Day, columns: str, fulluri: str, also: Condition = ("", ())) -> Condition:
    """Return a SELECT of a day's rows whose URI or referer is that URI, each row once, and its values."""
    by_uri, uri_values = _by_uri(day, fulluri)
    by_referer, referer_values = _by_referer(day, fulluri)
    more, more_values = also
    sql = f"""
    SELECT {columns} FROM proxy WHERE {by_uri}{more}
    UNION ALL
    SELECT {columns} FROM proxy WHERE {by_referer}{more}
    """
    return sql, (*uri_values, *more_values, *referer_values, *more_values)


def _by_uri(day: Day, fulluri: str) -> Condition:
    """Return the condition of a day's rows of a URI, and its values."""
    where, values = of_day(PROXY, day)
    # No coalesce around the column: the engines couldn't test the condition while they read.
    same = "(fulluri = ? OR fulluri IS NULL)" if fulluri == NULL else "fulluri = ?"
    return f"{where} AND {same}", (*values, fulluri)


def _by_referer(day: Day, fulluri: str) -> Condition:
    """Return the condition of a day's rows of other URIs that have this one as their referer."""
    where, values = of_day(PROXY, day)
    names = referers(fulluri)
    other = "fulluri <> ?" if fulluri == NULL else "(fulluri <> ? OR fulluri IS NULL)"
    return f"{where} AND referer IN ({', '.join('?' * len(names))}) AND {other}", (*values, *names, fulluri)


def is_at(times: list[str | None]) -> Condition:
    """Return the condition of rows of some times, which begins with AND, and its values."""
    known = tuple(time for time in times if time is not None)
    conditions = ["p_time IS NULL"] if len(known) < len(times) else []
    if known:
        conditions.append(f"p_time IN ({', '.join('?' * len(known))})")
    return f" AND ({' OR '.join(conditions or ['1 = 0'])})", known
