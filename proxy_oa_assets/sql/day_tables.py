"""The SELECTs that materialize a day's tables, and those that export and count them."""

from proxy_oa_assets.enrichment.score_columns import listed_code_sql, response_code_name_sql
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY, PROXY_EDGE, PROXY_SCORES, ROWS_PER_CONNECTION_HOUR
from proxy_oa_assets.sql.query import CLIENT, COUNTABLE, URI, Query, capped, nulls_last, of_day

# The raw column behind each column of proxy_edge that isn't computed.
EDGE_SOURCES = {"tdate": "p_date", "time": "p_time"}
_EDGE_COPIED = tuple(name for name in PROXY_EDGE.column_names if name not in ("hh", "respcode_name"))
# The raw columns that edges are made of.
EDGE_READS = tuple(EDGE_SOURCES.get(name, name) for name in _EDGE_COPIED)
# Earliest first; ties are broken by the remaining columns, so that two runs agree.
EDGE_ORDER = ("time", *(name for name in _EDGE_COPIED if name not in ("time", "clientip", "fulluri")))


def edge_details(day: Day) -> Query:
    """Select the raw rows of each scored connection, in every hour, the earliest 250 per connection and hour.

    Columns as `proxy_edge`; numbers beyond INT are at its limits. `hh` is the number of the raw partition,
    `h=7` or `h=07`; its text never counts.
    """
    raw_day, raw_values = of_day(PROXY, day, "p")
    scores_day, scores_values = of_day(PROXY_SCORES, day)
    copied = ", ".join(f"p.{EDGE_SOURCES.get(name, name)} AS {name}" for name in _EDGE_COPIED)
    order = nulls_last((EDGE_SOURCES.get(name, name) for name in EDGE_ORDER), "p")
    # A connection can have rows with NULL and with the word null; they share its limit.
    nulls = ", ".join(f"CASE WHEN p.{name} IS NULL THEN 1 ELSE 0 END" for name in ("clientip", "fulluri"))
    kept = ", ".join(
        f"{capped(column.name)} AS {column.name}" if column.type == "INT" else column.name
        for column in PROXY_EDGE.columns
        if column.name in _EDGE_COPIED
    )
    sql = f"""
SELECT {kept}, hh, {response_code_name_sql("respcode", "listed_code")} AS respcode_name
FROM (
    SELECT {copied}, {listed_code_sql("p.respcode")} AS listed_code, CAST(p.h AS INT) AS hh,
        row_number() OVER (
            PARTITION BY s.clientip, s.fulluri, CAST(p.h AS INT) ORDER BY {order}, {nulls}
        ) AS nth
    FROM proxy p
    JOIN (
        SELECT DISTINCT {CLIENT.format("proxy_scores")} AS clientip, {URI.format("proxy_scores")} AS fulluri
        FROM proxy_scores WHERE {scores_day}
    ) s ON {CLIENT.format("p")} = s.clientip AND {URI.format("p")} = s.fulluri
    WHERE {raw_day}
) numbered
WHERE nth <= {ROWS_PER_CONNECTION_HOUR}
ORDER BY {nulls_last(("clientip", "fulluri"))}, hh, nth
"""
    return Query(sql, (*scores_values, *raw_values), (day, day))


def full_connection_hours(day: Day) -> Query:
    """Count the connection-hours of `proxy_edge` that have the most rows that are kept, or more."""
    where, values = of_day(PROXY_EDGE, day)
    sql = f"""
SELECT count(*) AS full_hours
FROM (SELECT 1 AS full_hour FROM proxy_edge WHERE {where}
    GROUP BY {CLIENT.format("proxy_edge")}, {URI.format("proxy_edge")}, hh
    HAVING count(*) >= {ROWS_PER_CONNECTION_HOUR}) hours
"""
    return Query(sql, values, (day, day))


def ingest_summary(day: Day) -> Query:
    """Count the day's countable raw rows per minute. Columns as `proxy_ingest_summary`."""
    where, values = of_day(PROXY, day)
    # A log may have 7:05:03 for 07:05:03, or date and time in both columns. Any other text stays as it is,
    # and counts.
    date = "CASE WHEN p_date LIKE '____-__-___%:%' THEN substr(p_date, 1, 10) ELSE p_date END"
    minute = (
        "CASE WHEN p_time LIKE '_:%' THEN concat('0', substr(p_time, 1, 4)) "
        "WHEN p_time LIKE '____-__-_____:%' THEN substr(p_time, 12, 5) ELSE substr(p_time, 1, 5) END"
    )
    # Dates and minutes are concatenated once they are counted, not in every row. Two pairs of them can make
    # the same text, so that is grouped, too.
    sql = f"""
SELECT tdate, CAST(sum(requests) AS BIGINT) AS total
FROM (
    SELECT concat(day_text, ' ', minute_text) AS tdate, requests
    FROM (
        SELECT {date} AS day_text, {minute} AS minute_text, count(*) AS requests
        FROM proxy WHERE {where} AND {COUNTABLE} GROUP BY {date}, {minute}
    ) counted
) minutes
GROUP BY tdate
ORDER BY tdate
"""
    return Query(sql, values, (day, day))


def edges_of_scored_hours(day: Day) -> Query:
    """Select, for each scored connection in the hour of its scored row, the rows of `proxy_edge`.

    Columns as `proxy_edge`, NULL clients and URIs included; rows of one connection and hour are adjacent,
    earliest first.
    """
    edge_day, edge_values = of_day(PROXY_EDGE, day, "e")
    scores_day, scores_values = of_day(PROXY_SCORES, day)
    hour = "CASE WHEN time LIKE '_:%' THEN concat('0', substr(time, 1, 1)) ELSE substr(time, 1, 2) END"
    columns = ", ".join(f"e.{name}" for name in PROXY_EDGE.column_names)
    sql = f"""
SELECT {columns}
FROM proxy_edge e
JOIN (
    SELECT DISTINCT {CLIENT.format("proxy_scores")} AS clientip, {URI.format("proxy_scores")} AS fulluri,
        {hour} AS hour_text
    FROM proxy_scores WHERE {scores_day}
) s ON {CLIENT.format("e")} = s.clientip AND {URI.format("e")} = s.fulluri
    AND lpad(CAST(e.hh AS STRING), 2, '0') = s.hour_text
WHERE {edge_day}
ORDER BY {CLIENT.format("e")}, {URI.format("e")}, e.hh, {nulls_last(EDGE_ORDER, "e")}
"""
    return Query(sql, (*scores_values, *edge_values), (day, day))
