"""The SELECTs that summarize a day's raw requests by client, by host, and as a whole."""

from collections.abc import Sequence
from typing import Literal

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY
from proxy_oa_assets.sql.conditions import Condition
from proxy_oa_assets.sql.query import NO_VALUE, Query, capped, of_day
from proxy_oa_assets.sql.raw_log import DAY_TIME

Key = Literal["clientip", "host"]
# The column that is counted beside each key, and what the count is called.
COUNTED: dict[Key, tuple[Key, str]] = {"clientip": ("host", "hosts"), "host": ("clientip", "clients")}


def summaries(
    day: Day, key: Key, condition: Condition, order: str, *, first: Sequence[str] = (), limit: int
) -> Query:
    """Summarize the rows of each client or host; NULL is the word `null`.

    Columns: the key, requests, connections, clients or hosts, useragents, content_types, csbytes, scbytes,
    first_time, last_time, and total, the number of all keys. The rows of the keys `first` come first, then
    those with the most of the column `order`; the key and first_time ascend.
    """
    where, values = of_day(PROXY, day)
    other, others = COUNTED[key]
    among = f"CASE WHEN {key} IN ({', '.join('?' * len(first))}) THEN 0 ELSE 1 END, " if first else ""
    direction = "ASC" if order in (key, "first_time") else "DESC"
    names = {name: f"coalesce({name}, 'null') AS {name}" for name in ("clientip", "host", "fulluri")}
    counted = tuple(dict.fromkeys(("fulluri", "clientip", key)))
    # Groups come first, because engines count the distinct values of several columns slowly.
    sql = f"""
SELECT {key}, requests, connections, {others}, useragents, content_types, csbytes, scbytes,
    first_time, last_time, count(*) OVER () AS total
FROM (
    SELECT {key}, CAST(sum(requests) AS BIGINT) AS requests, count(DISTINCT {other}) AS {others},
        count(DISTINCT useragent) AS useragents, count(DISTINCT resconttype) AS content_types,
        {capped("sum(csbytes)", "BIGINT")} AS csbytes, {capped("sum(scbytes)", "BIGINT")} AS scbytes,
        min(first_time) AS first_time, max(last_time) AS last_time
    FROM (
        SELECT {names[key]}, {names[other]}, {_value("useragent")}, {_value("resconttype")},
            count(*) AS requests,
            sum(csbytes) AS csbytes, sum(scbytes) AS scbytes, min({DAY_TIME}) AS first_time,
            max({DAY_TIME}) AS last_time
        FROM proxy WHERE {where} AND {condition.sql}
        GROUP BY clientip, host, useragent, resconttype
    ) kinds
    GROUP BY {key}
) summed
JOIN (
    SELECT {key} AS of_key, count(*) AS connections
    FROM (
        SELECT DISTINCT {", ".join(names[name] for name in counted)}
        FROM proxy WHERE {where} AND {condition.sql}
    ) pairs
    GROUP BY {key}
) counted ON {key} = of_key
ORDER BY {among}{order} {direction} NULLS LAST, {key} ASC NULLS LAST
LIMIT ?
"""
    matched = (*values, *condition.values)
    bound = (*NO_VALUE, *NO_VALUE, *matched, *matched, *first, limit)
    return Query(sql, bound, (day, day))


def _value(column: str) -> str:
    return f"CASE WHEN {column} NOT IN ({', '.join('?' * len(NO_VALUE))}) THEN {column} END AS {column}"


def day_totals(day: Day, condition: Condition) -> Query:
    """Select one row about a day. Columns: requests, clients, hosts, first_time, last_time."""
    where, values = of_day(PROXY, day)
    sql = f"""
SELECT count(*) AS requests, count(DISTINCT coalesce(clientip, 'null')) AS clients,
    count(DISTINCT coalesce(host, 'null')) AS hosts, min({DAY_TIME}) AS first_time,
    max({DAY_TIME}) AS last_time
FROM proxy WHERE {where} AND {condition.sql}
"""
    return Query(sql, (*values, *condition.values), (day, day))


def clients_of(day: Day, condition: Condition) -> Query:
    """Count each client's rows of a day. Columns: clientip, requests, hosts."""
    where, values = of_day(PROXY, day)
    sql = f"""
SELECT clientip, count(*) AS requests, count(DISTINCT host) AS hosts
FROM proxy WHERE {where} AND {condition.sql}
GROUP BY clientip
"""
    return Query(sql, (*values, *condition.values), (day, day))
