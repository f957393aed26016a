"""The SELECTs of what hunters look for in a whole day: steady intervals, and hosts of no earlier day."""

from collections.abc import Iterable

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY
from proxy_oa_assets.sql.history import as_clock, is_clock, pairs_of_day, second_of_day
from proxy_oa_assets.sql.query import DAY_NUMBER, Query, Values, of_day

# Requests within so many seconds are one visit: a page's parts.
_VISIT = 5
# Two intervals are alike if they differ by a tenth, or by so many seconds.
_ALIKE = 2


def beacons(day: Day, visits: int, limit: int) -> Query:
    """Select pairs of client and host with that many visits, most of them at one interval.

    Columns: clientip, host, visits, every_seconds (the median interval), steady (percent of the intervals
    that are like it), first_second, last_second, clients (how many ask the host).
    """
    where, values = of_day(PROXY, day)
    asked, _ = of_day(PROXY, day, "asked")
    pair = "PARTITION BY clientip, host"
    sql = f"""
SELECT pairs.clientip, pairs.host, visits, every_seconds, steady, first_second, last_second, clients
FROM (
    SELECT clientip, host, count(*) + 1 AS visits, max(middle) AS every_seconds,
        100 * sum(CASE WHEN abs(gap - middle) <= {_ALIKE} OR 10 * abs(gap - middle) <= middle
            THEN 1 ELSE 0 END) / count(*) AS steady,
        min(moment - gap) AS first_second, max(moment) AS last_second
    FROM (
        SELECT clientip, host, moment, gap,
            avg(CASE WHEN 2 * nth BETWEEN gaps AND gaps + 2 THEN gap ELSE NULL END) OVER ({pair}) AS middle
        FROM (
            SELECT clientip, host, moment, gap, count(*) OVER ({pair}) AS gaps,
                row_number() OVER ({pair} ORDER BY gap, moment) AS nth
            FROM (
                SELECT clientip, host, moment, moment - lag(moment) OVER ({pair} ORDER BY moment) AS gap
                FROM (
                    SELECT clientip, host, moment,
                        moment - lag(moment) OVER ({pair} ORDER BY moment) AS since
                    FROM (
                        SELECT DISTINCT clientip, host, {second_of_day("clock")} AS moment
                        FROM (
                            SELECT clientip, host,
                                CASE WHEN {is_clock("clock")} THEN clock ELSE NULL END AS clock
                            FROM (
                                SELECT clientip, host, {as_clock("p_time")} AS clock FROM proxy WHERE {where}
                            ) requests
                        ) clocks
                        WHERE clientip IS NOT NULL AND host IS NOT NULL AND clock IS NOT NULL
                    ) moments
                ) starts
                WHERE since IS NULL OR since >= {_VISIT}
            ) steps
            WHERE gap IS NOT NULL
        ) numbered
    ) measured
    GROUP BY clientip, host
    HAVING count(*) + 1 >= ?
) pairs
JOIN (
    SELECT asked.host, count(DISTINCT asked.clientip) AS clients FROM proxy asked WHERE {asked}
    GROUP BY asked.host
) hosts ON pairs.host = hosts.host
WHERE steady >= 60
ORDER BY clients, steady DESC, visits DESC, pairs.clientip, pairs.host
LIMIT ?
"""
    return Query(sql, (*values, visits, *values, limit), (day, day))


def new_hosts(day: Day, first: Day, raw_days: Iterable[Day], limit: int) -> Query:
    """Select the day's hosts that no earlier day from the first on has.

    Days are read from `proxy_history`, the `raw_days` from the raw log. Columns: host, clients, requests,
    sent, received (bytes), first_second.
    """
    number = int(day.folder)
    columns = "host, clientip, requests, sent, received, first_second"
    asked = [
        f"SELECT {DAY_NUMBER} AS day_number, {columns} FROM proxy_history WHERE {DAY_NUMBER} BETWEEN ? AND ?"
    ]
    values: Values = (int(first.folder), number)
    for place, raw in enumerate(raw_days):
        pairs, of_pairs = pairs_of_day(raw)
        asked.append(f"SELECT {int(raw.folder)} AS day_number, {columns} FROM ({pairs}) raw{place}")
        values += of_pairs
    sql = f"""
SELECT host, clients, requests, sent, received, first_second
FROM (
    SELECT host, min(day_number) AS since, count(DISTINCT clientip) AS clients,
        CAST(sum(requests) AS BIGINT) AS requests, CAST(sum(sent) AS BIGINT) AS sent,
        CAST(sum(received) AS BIGINT) AS received, min(first_second) AS first_second
    FROM ({" UNION ALL ".join(asked)}) asked GROUP BY host
) hosts
WHERE since = ?
ORDER BY clients, sent DESC, requests DESC, host
LIMIT ?
"""
    return Query(sql, (*values, number, limit), (first, day))
