"""The SELECTs of the checks."""

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY, PROXY_EDGE, PROXY_INGEST_SUMMARY, PROXY_SCORES
from proxy_oa_assets.model.tables import ROWS_PER_CONNECTION_HOUR as LIMIT
from proxy_oa_assets.sql.query import CLIENT, COUNTABLE, DAY_NUMBER, URI, Query, beyond_int, of_day


def edge_counts(day: Day) -> Query:
    """Select one row about the day's connections, their raw rows and their edges.

    Columns: connections (scored), bare (without a raw row and without an edge), wrong_hours (connection-hours
    with another number of edges than of raw rows up to the limit), unscored (connections with edges only),
    capped (connection-hours with more raw rows than the limit), cut (raw rows beyond it), beyond
    (connection-hours with more edges than the limit), large_rows (raw rows with a byte count beyond INT).
    """
    raw_day, raw_values = of_day(PROXY, day, "p")
    scores_day, scores_values = of_day(PROXY_SCORES, day)
    edge_day, edge_values = of_day(PROXY_EDGE, day)
    scored = (
        f"SELECT DISTINCT {CLIENT.format('proxy_scores')} AS client, {URI.format('proxy_scores')} AS uri "
        f"FROM proxy_scores WHERE {scores_day}"
    )
    large = " OR ".join(
        beyond_int(f"p.{column.name}")
        for column in PROXY.columns
        if column.type == "INT" and column.name in PROXY_EDGE.column_names
    )
    sql = f"""
SELECT sum(scored) AS connections,
    sum(CASE WHEN scored = 1 AND edge_rows = 0 AND raw_rows = 0 THEN 1 ELSE 0 END) AS bare,
    sum(wrong_hours) AS wrong_hours,
    sum(CASE WHEN scored = 0 AND edge_rows > 0 THEN 1 ELSE 0 END) AS unscored,
    sum(capped) AS capped, sum(cut) AS cut, sum(beyond) AS beyond, sum(large_rows) AS large_rows
FROM (
    SELECT client, uri, max(scored) AS scored, sum(raw_rows) AS raw_rows, sum(edge_rows) AS edge_rows,
        sum(CASE WHEN edge_rows <> least(raw_rows, {LIMIT}) THEN 1 ELSE 0 END) AS wrong_hours,
        sum(CASE WHEN raw_rows > {LIMIT} THEN 1 ELSE 0 END) AS capped,
        sum(CASE WHEN raw_rows > {LIMIT} THEN raw_rows - {LIMIT} ELSE 0 END) AS cut,
        sum(CASE WHEN edge_rows > {LIMIT} THEN 1 ELSE 0 END) AS beyond, sum(large_rows) AS large_rows
    FROM (
        SELECT client, uri, hh, max(scored) AS scored, sum(raw_rows) AS raw_rows, sum(edge_rows) AS edge_rows,
            sum(large_rows) AS large_rows
        FROM (
            SELECT client, uri, -1 AS hh, 1 AS scored, 0 AS raw_rows, 0 AS edge_rows, 0 AS large_rows
            FROM ({scored}) named
            UNION ALL
            SELECT s.client, s.uri, CAST(p.h AS INT) AS hh, 0 AS scored, 1 AS raw_rows, 0 AS edge_rows,
                CASE WHEN {large} THEN 1 ELSE 0 END AS large_rows
            FROM proxy p JOIN ({scored}) s
                ON {CLIENT.format("p")} = s.client AND {URI.format("p")} = s.uri
            WHERE {raw_day}
            UNION ALL
            SELECT {CLIENT.format("proxy_edge")} AS client, {URI.format("proxy_edge")} AS uri, hh,
                0 AS scored, 0 AS raw_rows, 1 AS edge_rows, 0 AS large_rows
            FROM proxy_edge WHERE {edge_day}
        ) entries
        GROUP BY client, uri, hh
    ) hours
    GROUP BY client, uri
) found
"""
    return Query(sql, (*scores_values, *scores_values, *raw_values, *edge_values), (day, day))


def summary_counts(day: Day) -> Query:
    """Select one row: how many raw rows of the day are countable, and how many the summary counts."""
    raw_day, raw_values = of_day(PROXY, day)
    summary_day, summary_values = of_day(PROXY_INGEST_SUMMARY, day)
    sql = f"""
SELECT sum(raw_rows) AS raw_rows, sum(counted) AS counted
FROM (
    SELECT count(*) AS raw_rows, CAST(0 AS BIGINT) AS counted FROM proxy WHERE {raw_day} AND {COUNTABLE}
    UNION ALL
    SELECT CAST(0 AS BIGINT) AS raw_rows, total AS counted FROM proxy_ingest_summary WHERE {summary_day}
) counts
"""
    return Query(sql, (*raw_values, *summary_values), (day, day))


def minutes_of_days(first: Day, last: Day) -> Query:
    """Select the minutes of the days from first to last.

    Columns: day_number (the partition, YYYYMMDD), tdate, total.
    """
    return Query(
        f"SELECT {DAY_NUMBER} AS day_number, tdate, total FROM proxy_ingest_summary "
        f"WHERE {DAY_NUMBER} BETWEEN ? AND ?",
        (int(first.folder), int(last.folder)),
        (first, last),
    )
