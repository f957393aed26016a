"""The SELECTs that summarize a day's raw requests by client, by host, and as a whole."""

from collections.abc import Sequence
from typing import Literal

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY
from proxy_oa_assets.sql.conditions import Condition
from proxy_oa_assets.sql.query import CLIENT, URI, Query, capped, of_day
from proxy_oa_assets.sql.raw_log import DAY_TIME

Key = Literal["clientip", "host"]
# The column that is counted beside each key, and what the count is called.
COUNTED: dict[Key, tuple[Key, str]] = {"clientip": ("host", "hosts"), "host": ("clientip", "clients")}


def summaries(
    day: Day, key: Key, condition: Condition, order: str, first: Sequence[str], limit: int
) -> Query:
    """Summarize the rows of each client or host; NULL is the word `null`.

    Columns: the key, requests, connections, clients or hosts, useragents, content_types, csbytes, scbytes,
    first_time, last_time, and total, the number of all keys. The rows of the keys `first` come first, then
    those with the most of the column `order`.
    """
    where, values = of_day(PROXY, day)
    name, (other, others) = f"coalesce({key}, 'null')", COUNTED[key]
    connection = URI.format("proxy")
    if key == "host":
        connection = f"concat({CLIENT.format('proxy')}, ' ', {connection})"
    among = f"CASE WHEN {key} IN ({', '.join('?' * len(first))}) THEN 0 ELSE 1 END, " if first else ""
    direction = "DESC" if order not in (key, "first_time") else "ASC"
    sql = f"""
SELECT {key}, requests, connections, {others}, useragents, content_types, csbytes, scbytes, first_time,
    last_time, count(*) OVER () AS total
FROM (
    SELECT {name} AS {key}, count(*) AS requests,
        count(DISTINCT {connection}) AS connections,
        count(DISTINCT coalesce({other}, 'null')) AS {others}, count(DISTINCT useragent) AS useragents,
        count(DISTINCT resconttype) AS content_types,
        {capped("sum(csbytes)", "BIGINT")} AS csbytes, {capped("sum(scbytes)", "BIGINT")} AS scbytes,
        min({DAY_TIME}) AS first_time, max({DAY_TIME}) AS last_time
    FROM proxy WHERE {where} AND {condition.sql}
    GROUP BY {name}
) summaries
ORDER BY {among}{order} {direction} NULLS LAST, {key} ASC NULLS LAST
LIMIT ?
"""
    return Query(sql, (*values, *condition.values, *first, limit), (day, day))


def day_totals(day: Day, condition: Condition) -> Query:
    """Count the rows of a day. Columns: requests, clients, hosts, first_time, last_time; one row."""
    where, values = of_day(PROXY, day)
    sql = f"""
SELECT count(*) AS requests, count(DISTINCT coalesce(clientip, 'null')) AS clients,
    count(DISTINCT coalesce(host, 'null')) AS hosts, min({DAY_TIME}) AS first_time, max({DAY_TIME}) AS last_time
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
