"""The SELECTs of threats in the raw table: of many URIs in one statement, each day read once for all of them.

A URI or client that is NULL is the word `null`.
"""

from collections.abc import Sequence

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY, PROXY_SCORES, RESULT_COLUMNS
from proxy_oa_assets.sql.conditions import equals, one_of
from proxy_oa_assets.sql.query import CLIENT, URI, Query, Values, capped, nulls_last, of_day
from proxy_oa_assets.sql.raw_log import DAY_TIME, referers

# The columns of the results file that a raw row has.
RAW_RESULT_COLUMNS = tuple(column.name for column in RESULT_COLUMNS if column.name in PROXY.column_names)
_URI = URI.format("proxy")


def client_timeline(day: Day, uris: Sequence[str], top: int) -> Query:
    """Select the times of requests to each URI, of its clients with the most requests.

    One row per URI, client, p_time and response code: uri, clientip, p_time, respcode, duration (the sum). Of
    each URI, the client with the most requests comes first.
    """
    where, values = _by_uris(day, uris)
    client = CLIENT.format("times")
    sql = f"""
SELECT uri, clientip, p_time, respcode, duration
FROM (
    SELECT uri, clientip, p_time, respcode, duration,
        dense_rank() OVER (PARTITION BY uri ORDER BY client_requests DESC, client ASC) AS place
    FROM (
        SELECT uri, clientip, p_time, respcode, duration, {client} AS client,
            sum(requests) OVER (PARTITION BY uri, {client}) AS client_requests
        FROM (
            SELECT {_URI} AS uri, clientip, p_time, respcode, count(*) AS requests,
                {capped("sum(duration)", "BIGINT")} AS duration
            FROM proxy WHERE {where}
            GROUP BY {_URI}, clientip, p_time, respcode
        ) times
    ) counted
) ranked
WHERE place <= ?
ORDER BY uri, place, {nulls_last(("clientip", DAY_TIME, "p_time", "respcode"))}
"""
    return Query(sql, (*values, top), (day, day))


def requests_to(day: Day, uris: Sequence[str]) -> Query:
    """Select the distinct requests to each URI by client, referer, method and type, the earliest first.

    Columns: uri, clientip, referer, reqmethod, resconttype.
    """
    where, values = _by_uris(day, uris)
    columns = ("clientip", "referer", "reqmethod", "resconttype")
    listed = ", ".join(columns)
    sql = f"""
SELECT uri, {listed}
FROM (
    SELECT {_URI} AS uri, {listed}, min({DAY_TIME}) AS first_time
    FROM proxy WHERE {where} GROUP BY {_URI}, {listed}
) requests
ORDER BY uri, {nulls_last(("first_time", *columns))}
"""
    return Query(sql, values, (day, day))


def referer_for(day: Day, uris: Sequence[str]) -> Query:
    """Select the URIs of requests with a referer that names one of these URIs.

    Columns: referer, fulluri; `referers` says which URI a referer names. A URI can be its own referer.
    """
    where, values = of_day(PROXY, day)
    names = tuple(dict.fromkeys(referer for uri in uris for referer in referers(uri)))
    among = f"referer IN ({_places(names)})" if names else "1 = 0"
    sql = f"""
SELECT DISTINCT referer, fulluri FROM proxy WHERE {where} AND {among}
ORDER BY {nulls_last(["fulluri", "referer"])}
"""
    return Query(sql, (*values, *names), (day, day))


def connection_times(day: Day, uris: Sequence[str]) -> Query:
    """Select each connection to these URIs: client, uri, first_time and last_time (HH:MM:SS, or NULL)."""
    where, values = _by_uris(day, uris)
    client = CLIENT.format("proxy")
    sql = f"""
SELECT {client} AS client, {_URI} AS uri, min({DAY_TIME}) AS first_time, max({DAY_TIME}) AS last_time
FROM proxy WHERE {where} GROUP BY {client}, {_URI}
"""
    return Query(sql, values, (day, day))


def earliest_requests(day: Day, uris: Sequence[str]) -> Query:
    """Select the earliest request of each connection to these URIs. Columns: `RAW_RESULT_COLUMNS`."""
    where, values = _by_uris(day, uris)
    listed = ", ".join(RAW_RESULT_COLUMNS)
    numbered = ", ".join(
        f"{capped(name)} AS {name}" if name in ("duration", "scbytes", "csbytes") else name
        for name in RAW_RESULT_COLUMNS
    )
    order = nulls_last((DAY_TIME, *RAW_RESULT_COLUMNS))
    sql = f"""
SELECT {listed}
FROM (
    SELECT {numbered},
        row_number() OVER (PARTITION BY {CLIENT.format("proxy")}, {_URI} ORDER BY {order}) AS nth
    FROM proxy WHERE {where}
) numbered
WHERE nth = 1
ORDER BY {nulls_last(("fulluri", "clientip"))}
"""
    return Query(sql, values, (day, day))


def uris_of_host(day: Day, host: str) -> Query:
    """Select the URIs of a host, in any case of ASCII letters, in raw log and scored connections: uri."""
    selects, values = [], list[str | int | float | None]()
    is_host = equals("host", host, null_is_word=True)
    for table in (PROXY, PROXY_SCORES):
        where, day_values = of_day(table, day)
        # Engines lower other letters than ASCII differently; translate takes 40 times as long.
        same = f"(lower(host) = ? OR {is_host.sql})"
        selects.append(f"SELECT {URI.format(table.name)} AS uri FROM {table.name} WHERE {where} AND {same}")
        values += [*day_values, host.lower(), *is_host.values]
    sql = f"SELECT DISTINCT uri FROM ({' UNION ALL '.join(selects)}) uris ORDER BY uri"
    return Query(sql, tuple(values), (day, day))


def _by_uris(day: Day, uris: Sequence[str]) -> tuple[str, Values]:
    """Return the condition of a day's rows of some URIs, and its values."""
    where, values = of_day(PROXY, day)
    among = one_of("fulluri", uris, null_is_word=True)
    return f"{where} AND {among.sql}", (*values, *among.values)


def _places(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))
