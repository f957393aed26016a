"""The SELECTs of a day's raw requests under a condition, in time order."""

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY, PROXY_SCORES, PROXY_THREAT_INVESTIGATION, Table
from proxy_oa_assets.sql.conditions import EVERY_ROW, Condition
from proxy_oa_assets.sql.query import CLIENT, URI, Query, nulls_last, of_day
from proxy_oa_assets.sql.raw_log import DAY_TIME, FOUND_COLUMNS, is_at

REQUEST_COLUMNS = (*FOUND_COLUMNS, "host")


def clients_of_day(table: Table, day: Day) -> Query:
    """Select the distinct clients of a day of a table."""
    where, values = of_day(table, day)
    return Query(f"SELECT DISTINCT clientip FROM {table.name} WHERE {where}", values, (day, day))


def requests_per_time(day: Day, condition: Condition) -> Query:
    """Count the rows of each `p_time`. Columns: p_time, requests."""
    where, values = of_day(PROXY, day)
    sql = f"""
SELECT p_time, count(*) AS requests FROM proxy WHERE {where} AND {condition.sql} GROUP BY p_time
"""
    return Query(sql, (*values, *condition.values), (day, day))


def requests_at(day: Day, condition: Condition, times: list[str | None] | None, limit: int | None) -> Query:
    """Select the rows of some times, or of all, in time order; with a limit, the earliest.

    Columns as REQUEST_COLUMNS.
    """
    where, values = of_day(PROXY, day)
    condition = Condition.all([is_at(times), condition])
    columns = ", ".join(REQUEST_COLUMNS)
    at_most, most = ("", ()) if limit is None else ("LIMIT ?", (limit,))
    sql = f"""
SELECT {columns} FROM proxy WHERE {where} AND {condition.sql}
ORDER BY {nulls_last((DAY_TIME, "p_time", *REQUEST_COLUMNS))}
{at_most}
"""
    return Query(sql, (*values, *condition.values, *most), (day, day))


def hosts_of(day: Day, condition: Condition) -> Query:
    """Select the distinct hosts of the day's raw rows."""
    where, values = of_day(PROXY, day)
    sql = f"SELECT DISTINCT host FROM proxy WHERE {where} AND {condition.sql}"
    return Query(sql, (*values, *condition.values), (day, day))


def clients_of_hosts(day: Day, condition: Condition) -> Query:
    """Count the day's clients of each host that some rows are to. Columns: host, clients."""
    where, values = of_day(PROXY, day)
    sql = f"""
SELECT host, count(DISTINCT {CLIENT.format("proxy")}) AS clients
FROM proxy
WHERE {where} AND host IN (SELECT host FROM proxy WHERE {where} AND {condition.sql} AND host IS NOT NULL)
GROUP BY host
"""
    return Query(sql, (*values, *values, *condition.values), (day, day))


def requests_per_connection(day: Day, condition: Condition) -> Query:
    """Count the day's raw rows of each connection. Columns: fulluri, clientip, requests."""
    where, values = of_day(PROXY, day)
    uri, client = URI.format("proxy"), CLIENT.format("proxy")
    sql = f"""
SELECT {uri} AS fulluri, {client} AS clientip, count(*) AS requests
FROM proxy WHERE {where} AND {condition.sql}
GROUP BY {uri}, {client}
"""
    return Query(sql, (*values, *condition.values), (day, day))


def connections(day: Day, condition: Condition) -> Query:
    """Select the distinct connections of the day's raw rows. Columns: clientip, host, fulluri."""
    where, values = of_day(PROXY, day)
    names = ", ".join(f"coalesce({name}, 'null') AS {name}" for name in ("clientip", "host", "fulluri"))
    sql = f"SELECT DISTINCT {names} FROM proxy WHERE {where} AND {condition.sql}"
    return Query(sql, (*values, *condition.values), (day, day))


def scored_connections(day: Day, condition: Condition = EVERY_ROW) -> Query:
    """Select each scored connection's row with the lowest score.

    Columns: clientip, fulluri, host, ml_score, word, uri_rep. `condition` is about `proxy_scores`.
    """
    where, values = of_day(PROXY_SCORES, day)
    client, uri = CLIENT.format("proxy_scores"), URI.format("proxy_scores")
    sql = f"""
SELECT client AS clientip, uri AS fulluri, host, ml_score, word, uri_rep
FROM (
    SELECT {client} AS client, {uri} AS uri, host, ml_score, word, uri_rep,
        row_number() OVER (PARTITION BY {client}, {uri}
            ORDER BY {nulls_last(("ml_score", "word", "uri_rep", "host"))}) AS nth
    FROM proxy_scores WHERE {where} AND {condition.sql}
) numbered
WHERE nth = 1
ORDER BY {nulls_last(("ml_score", "clientip", "fulluri"))}
"""
    return Query(sql, (*values, *condition.values), (day, day))


def severities(day: Day) -> Query:
    """Select the gravest severity of each URI that has one. Columns: fulluri, uri_sev."""
    where, values = of_day(PROXY_THREAT_INVESTIGATION, day)
    uri = URI.format("proxy_threat_investigation")
    sql = f"""
SELECT {uri} AS fulluri, min(uri_sev) AS uri_sev
FROM proxy_threat_investigation WHERE {where} AND uri_sev BETWEEN 1 AND 3
GROUP BY {uri}
"""
    return Query(sql, values, (day, day))
