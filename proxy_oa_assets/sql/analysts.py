"""The SELECTs of what analysts read. A URI or client that is NULL matches the word `null`."""

from proxy_oa_assets.model import tables
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.sql.conditions import Condition, Rows, has_severity
from proxy_oa_assets.sql.day_tables import EDGE_ORDER
from proxy_oa_assets.sql.query import CLIENT, DAY_NUMBER, URI, Query, nulls_last, of_day

_SCORE_ORDER = ("ml_score", *(name for name in tables.PROXY_SCORES.column_names if name != "ml_score"))


def suspicious(day: Day, condition: Condition, limit: int | None, *, given: bool = False) -> Query:
    """Select the connections without a severity, the lowest `ml_score` first; all of them without a limit.

    `condition` is about the rows of `proxy_scores` called s; with `given`, it alone decides about severities.
    Columns as `proxy_scores`, of the connection's lowest row, scored_rows (how many rows it has), and total,
    the number of all connections.
    """
    where, day_values = of_day(tables.PROXY_SCORES, day, "s")
    if not given:
        condition = Condition.all([has_severity(Rows(tables.PROXY_SCORES, day, "s"), [0]), condition])
    same = f"PARTITION BY {CLIENT.format('s')}, {URI.format('s')}"
    sql = f"""
SELECT {", ".join(tables.PROXY_SCORES.column_names)}, scored_rows, count(*) OVER () AS total
FROM (
    SELECT {", ".join(f"s.{name}" for name in tables.PROXY_SCORES.column_names)},
        row_number() OVER ({same} ORDER BY {nulls_last(_SCORE_ORDER, "s")}) AS nth,
        count(*) OVER ({same}) AS scored_rows
    FROM proxy_scores s
    WHERE {where} AND {condition.sql}
) numbered
WHERE nth = 1
ORDER BY {nulls_last(("ml_score", "clientip", "fulluri"))}
{"" if limit is None else "LIMIT ?"}
"""
    values = (*day_values, *condition.values)
    return Query(sql, values if limit is None else (*values, limit), (day, day))


def severities_given(first: Day, last: Day) -> Query:
    """Select the high and low severities of the days from first to last, with each URI's connections.

    Columns: the day as YYYYMMDD, fulluri, uri_sev (the gravest), clientip, host, useragent, reqmethod,
    resconttype, word; NULL from clientip on for a URI that isn't among the day's scored connections.
    """
    days = (int(first.folder), int(last.folder))
    sql = f"""
SELECT t.number, t.uri, t.severity, s.clientip, s.host, s.useragent, s.reqmethod, s.resconttype, s.word
FROM (
    SELECT {DAY_NUMBER} AS number, {URI.format("proxy_threat_investigation")} AS uri,
        min(uri_sev) AS severity
    FROM proxy_threat_investigation
    WHERE {DAY_NUMBER} BETWEEN ? AND ? AND uri_sev BETWEEN 1 AND 3
    GROUP BY {DAY_NUMBER}, {URI.format("proxy_threat_investigation")}
) t
LEFT JOIN (
    SELECT DISTINCT {DAY_NUMBER} AS number, {URI.format("proxy_scores")} AS uri, clientip, host, useragent,
        reqmethod, resconttype, word
    FROM proxy_scores WHERE {DAY_NUMBER} BETWEEN ? AND ?
) s ON s.number = t.number AND s.uri = t.uri
WHERE t.severity <> 2
ORDER BY {nulls_last(("number", "uri"), "t")}, {nulls_last(("clientip", "host", "useragent", "word"), "s")}
"""
    return Query(sql, (*days, *days), (first, last))


def given_to_uris(first: Day, last: Day, uris: list[str]) -> Query:
    """Select the severities of URIs on the days from first to last. Columns: YYYYMMDD, uri, severity."""
    return _given(first, last, f"uri IN ({', '.join('?' * len(uris))})", uris)


def given_to_hosts(first: Day, last: Day, hosts: list[str]) -> Query:
    """Select the severities of the URIs of hosts, as `given_to_uris` does."""
    ends = ("/", "?", ":")
    among = " OR ".join(f"uri = ?{' OR instr(uri, ?) = 1' * len(ends)}" for _ in hosts)
    return _given(first, last, among, [host + end for host in hosts for end in ("", *ends)])


def _given(first: Day, last: Day, condition: str, values: list[str]) -> Query:
    sql = f"""
SELECT number, uri, min(severity) AS severity
FROM (
    SELECT {DAY_NUMBER} AS number, {URI.format("proxy_threat_investigation")} AS uri, uri_sev AS severity
    FROM proxy_threat_investigation
    WHERE {DAY_NUMBER} BETWEEN ? AND ? AND uri_sev BETWEEN 1 AND 3
) given
WHERE {condition}
GROUP BY number, uri
"""
    return Query(sql, (int(first.folder), int(last.folder), *values), (first, last))


def changed_by_feedback(day: Day, names: tuple[str, ...]) -> Query:
    """Select one row if a word of the day's scored connections has one of these reasons."""
    where, values = of_day(tables.PROXY_SCORES, day)
    reasons = " OR ".join("instr(word, ?) > 0" for _ in names)
    sql = f"SELECT 1 AS found FROM proxy_scores WHERE ({reasons}) AND {where} LIMIT 1"
    return Query(sql, (*(f"{name}=" for name in names), *values), (day, day))


def details(day: Day, fulluri: str, clientip: str) -> Query:
    """Select a connection's rows of `proxy_edge`, earliest first."""
    connection = f"{URI.format('proxy_edge')} = ? AND {CLIENT.format('proxy_edge')} = ?"
    return _rows(tables.PROXY_EDGE, day, connection, (fulluri, clientip), order=("hh", *EDGE_ORDER))


def scored_rows(day: Day, uris: list[str] | None = None) -> Query:
    """Select the rows of `proxy_scores`, of some URIs or all, in the ranking's order."""
    if uris is None:
        return _rows(tables.PROXY_SCORES, day, "TRUE", (), order=_SCORE_ORDER)
    among = f"{URI.format('proxy_scores')} IN ({', '.join('?' * len(uris))})"
    return _rows(tables.PROXY_SCORES, day, among, tuple(uris), order=_SCORE_ORDER)


def timeline(day: Day, fulluri: str) -> Query:
    """Select a threat's rows of `proxy_timeline`, in time order."""
    order = ("tstart", "tend", "clientip", "respcode")
    return _rows(tables.PROXY_TIMELINE, day, "coalesce(p_threat, 'null') = ?", (fulluri,), order=order)


def ingest_summary(first: Day, last: Day) -> Query:
    """Select the minutes of the days from first to last: tdate, total; in time order."""
    return Query(
        f"SELECT tdate, total FROM proxy_ingest_summary WHERE {DAY_NUMBER} BETWEEN ? AND ? ORDER BY tdate",
        (int(first.folder), int(last.folder)),
        (first, last),
    )


def ingest_totals(first: Day, last: Day, length: int) -> Query:
    """Add up the minutes of the days from first to last by the first `length` characters of tdate.

    Columns: counted_at, total; in time order.
    """
    sql = f"""
SELECT counted_at, CAST(sum(total) AS BIGINT) AS total
FROM (
    SELECT substr(tdate, 1, {int(length)}) AS counted_at, total FROM proxy_ingest_summary
    WHERE {DAY_NUMBER} BETWEEN ? AND ?
) minutes
GROUP BY counted_at
ORDER BY {nulls_last(["counted_at"])}
"""
    return Query(sql, (int(first.folder), int(last.folder)), (first, last))


def _rows(
    table: tables.Table, day: Day, condition: str, values: tuple[str, ...], *, order: tuple[str, ...]
) -> Query:
    where, day_values = of_day(table, day)
    sql = f"""
SELECT {", ".join(table.column_names)}
FROM {table.name}
WHERE {where} AND {condition}
ORDER BY {nulls_last(order)}
"""
    return Query(sql, (*day_values, *values), (day, day))
