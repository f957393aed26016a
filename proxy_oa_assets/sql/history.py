"""The SELECTs of `proxy_history`: a day's requests by client, host and agent, and earlier days."""

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY, PROXY_HISTORY
from proxy_oa_assets.sql.conditions import Condition
from proxy_oa_assets.sql.query import DAY_NUMBER, NO_VALUE, Query, Values, capped, nulls_last, of_day

_KEYS = ("clientip", "host", "useragent")
# The raw columns that history is made of.
HISTORY_READS = (*_KEYS, "p_time", "reqmethod", "csbytes", "scbytes")
_COUNTED = "clientip IS NOT NULL AND host IS NOT NULL"
_UPPER, _LOWER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
_DIGITS = "'0', '1', '2', '3', '4', '5', '6', '7', '8', '9'"
_SIXTY = "'0', '1', '2', '3', '4', '5'"


def proxy_history(day: Day) -> Query:
    """Select the day's requests by client, host and user agent. Columns as `proxy_history`.

    Rows without client or host aren't counted. Hosts differ by more than the case of ASCII letters, which all
    engines change alike; no user agent, an empty one and `-` are one, NULL.
    """
    sql, values = pairs_of_day(day)
    return Query(f"{sql}ORDER BY {nulls_last(_KEYS)}\n", values, (day, day))


def pairs_of_day(day: Day) -> tuple[str, Values]:
    """Return the SELECT of `proxy_history`, in no order, and its bound values."""
    where, values = of_day(PROXY, day)
    nothing = ", ".join("?" * len(NO_VALUE))
    sql = f"""
SELECT clientip, host, useragent, {second_of_day("first_clock")} AS first_second,
    {second_of_day("last_clock")} AS last_second, requests, posts, sent, received
FROM (
    SELECT clientip, host, useragent, min(clock) AS first_clock, max(clock) AS last_clock,
        count(*) AS requests, CAST(sum(is_post) AS BIGINT) AS posts,
        {capped("sum(sent)", "BIGINT")} AS sent, {capped("sum(received)", "BIGINT")} AS received
    FROM (
        SELECT clientip, host, useragent, is_post, sent, received,
            CASE WHEN {is_clock("clock")} THEN clock ELSE NULL END AS clock
        FROM (
            SELECT clientip, translate(host, ?, ?) AS host,
                CASE WHEN useragent IN ({nothing}) THEN NULL ELSE useragent END AS useragent,
                CASE WHEN reqmethod IN (?, ?) THEN 1 ELSE 0 END AS is_post,
                {_bytes("csbytes")} AS sent, {_bytes("scbytes")} AS received, {as_clock("p_time")} AS clock
            FROM proxy WHERE {where} AND {_COUNTED}
        ) requests
    ) timed
    GROUP BY clientip, host, useragent
) pairs
"""
    return sql, (_UPPER, _LOWER, *NO_VALUE, "POST", "PUT", *values)


def history_figures(day: Day) -> Query:
    """Select one row about the day of `proxy_history`. Columns: pairs (of client and host), agents."""
    where, values = of_day(PROXY_HISTORY, day)
    sql = f"""
SELECT pairs, agents
FROM (SELECT count(*) AS pairs FROM (
        SELECT DISTINCT clientip, host FROM proxy_history WHERE {where}) listed) counted
CROSS JOIN (SELECT count(DISTINCT useragent) AS agents FROM proxy_history WHERE {where}) named
"""
    return Query(sql, (*values, *values), (day, day))


def history_counts(day: Day) -> Query:
    """Select one row: how many raw rows have client and host, and how many requests history counts."""
    raw_day, raw_values = of_day(PROXY, day)
    history_day, history_values = of_day(PROXY_HISTORY, day)
    sql = f"""
SELECT sum(raw_rows) AS raw_rows, sum(counted) AS counted
FROM (
    SELECT count(*) AS raw_rows, CAST(0 AS BIGINT) AS counted FROM proxy WHERE {raw_day} AND {_COUNTED}
    UNION ALL
    SELECT CAST(0 AS BIGINT) AS raw_rows, requests AS counted FROM proxy_history WHERE {history_day}
) counts
"""
    return Query(sql, (*raw_values, *history_values), (day, day))


def history_between(first: Day, last: Day) -> Query:
    """Select the rows of the days from first to last. Columns: day_number (YYYYMMDD), those of the table."""
    return Query(
        f"SELECT {DAY_NUMBER} AS day_number, {', '.join(PROXY_HISTORY.column_names)} FROM proxy_history "
        f"WHERE {DAY_NUMBER} BETWEEN ? AND ?",
        (int(first.folder), int(last.folder)),
        (first, last),
    )


def history_sightings(first: Day, last: Day, condition: Condition) -> Query:
    """Sum the requests of each client and day under a condition.

    Columns: day_number (YYYYMMDD), clientip, requests, hosts.
    """
    sql = f"""
SELECT day_number, clientip, CAST(sum(requests) AS BIGINT) AS requests, count(DISTINCT host) AS hosts
FROM (
    SELECT {DAY_NUMBER} AS day_number, clientip, requests, host
    FROM proxy_history WHERE {DAY_NUMBER} BETWEEN ? AND ? AND {condition.sql}
) seen
GROUP BY day_number, clientip
"""
    return Query(sql, (int(first.folder), int(last.folder), *condition.values), (first, last))


def as_clock(column: str) -> str:
    """Return a time as HH:MM:SS, as `model/clock.py` reads it; any other text gives any other text."""
    return (
        f"CASE WHEN {column} LIKE '_:__' THEN concat('0', {column}, ':00') "
        f"WHEN {column} LIKE '__:__' THEN concat({column}, ':00') "
        f"WHEN {column} LIKE '_:%' THEN concat('0', substr({column}, 1, 7)) "
        f"WHEN {column} LIKE '____-__-_____:%' THEN substr({column}, 12, 8) ELSE substr({column}, 1, 8) END"
    )


def is_clock(text: str) -> str:
    """Return the condition of a text HH:MM:SS: engines disagree on what a CAST of another one does."""
    places = {1: "'0', '1', '2'", 2: _DIGITS, 4: _SIXTY, 5: _DIGITS, 7: _SIXTY, 8: _DIGITS}
    digits = " AND ".join(f"substr({text}, {place}, 1) IN ({among})" for place, among in places.items())
    return f"{text} LIKE '__:__:__' AND {digits} AND {text} < '24'"


def second_of_day(clock: str) -> str:
    """Return the number of the second of a text for which `is_clock` holds."""
    hours, minutes, seconds = (f"CAST(substr({clock}, {place}, 2) AS INT)" for place in (1, 4, 7))
    return f"CAST({hours} * 3600 + {minutes} * 60 + {seconds} AS INT)"


def _bytes(column: str) -> str:
    return f"CASE WHEN {column} > 0 THEN CAST({column} AS BIGINT) ELSE 0 END"
