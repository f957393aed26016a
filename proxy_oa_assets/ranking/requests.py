"""The SELECTs over a day's raw requests: figures of all, what is uncommon, when pairs ask, what tells most.

Each is one text for all engines (`sql/query.py`). A host is as the log writes it; the ranking puts it in
lower case.
"""

from collections.abc import Sequence

from proxy_oa_assets.model.column_map import RESULT_FIELDS
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY
from proxy_oa_assets.sql.query import Query, nulls_last, of_day

# What a request has no value in.
_NONE = "({0} IS NULL OR {0} = '-' OR {0} = '')"
_TIME = "CASE WHEN p_time LIKE '_:%' THEN concat('0', p_time) ELSE p_time END"
_COUNTED = "p.clientip IS NOT NULL AND p.host IS NOT NULL AND p.p_time IS NOT NULL"
# Types of pages and of their parts. DuckDB makes a join of a long IN list, which costs more than LIKE.
_PART_TYPE = " OR ".join(
    f"resconttype LIKE '{pattern}'" for pattern in ("image/%", "text/css%", "%javascript%", "font/%")
)
_PAGE_TYPE = f"{_PART_TYPE} OR resconttype LIKE 'text/html%' OR resconttype LIKE 'text/plain%'"
_PART_NAMES = ("js", "css", "gif", "png", "jpg", "jpeg", "ico", "woff", "woff2", "svg", "webp")
_SCRIPT_NAMES = ("php", "asp", "aspx", "cgi", "pl", "py", "sh", "jsp", "cfm", "cfml", "bash")
# Programs and applets, by name, where a log has no type.
_PROGRAM_NAMES = ("exe", "msi", "dll", "scr", "hta", "vbs", "ps1", "bat", "cmd", "pif", "jar", "class")


def _named(names: Sequence[str]) -> str:
    """Return the condition that the file extension is one of some."""
    return f"instr('|{'|'.join(names)}|', concat('|', lower(uriextension), '|')) > 0"


def _when(condition: str) -> str:
    return f"CASE WHEN {condition} THEN 1 ELSE 0 END"


_UNREFERRED = _NONE.format("referer")
_TUNNEL = "coalesce(reqmethod, '-') = 'CONNECT'"
_COLD = f"{_UNREFERRED} AND NOT {_TUNNEL}"
_DEEP = "(uripath NOT IN ('', '-', '/') OR length(uriquery) > 1)"
_UNTYPED = _NONE.format("resconttype")
_SENDS = "('POST', 'PUT')"
_REFUSED = "respcode >= '400' AND respcode < '600'"

# What the figures need of each request, and its SQL. `origin` is what sent the client there: the host's own
# page, a page of another host, or none; then it is a tunnel, a deep link or another request.
_OWN_PAGE, _OTHER_HOST, _NO_PAGE, _NO_PAGE_DEEP, _NO_PAGE_TUNNEL = range(5)
_ASKED = {
    "origin": (
        f"CASE WHEN {_UNREFERRED} THEN CASE WHEN reqmethod = 'CONNECT' THEN {_NO_PAGE_TUNNEL} "
        f"WHEN {_DEEP} THEN {_NO_PAGE_DEEP} ELSE {_NO_PAGE} END "
        f"WHEN instr(referer, host) NOT IN (8, 9) THEN {_OTHER_HOST} ELSE {_OWN_PAGE} END"
    ),
    "clock": _TIME,
    # Plain conditions of texts cost DuckDB less than CASE does: it compares each text of a dictionary once.
    "of_page": (
        f"{_PART_TYPE} OR {_UNTYPED} AND {_named(_PART_NAMES)} OR respcode = '304' AND NOT {_UNTYPED}"
    ),
    "of_script": _named(_SCRIPT_NAMES),
    "tunnel": "reqmethod = 'CONNECT'",
    "sends": "reqmethod = 'POST' OR reqmethod = 'PUT'",
    "refused": _REFUSED,
    # What GET and HEAD send is headers alone; a tunnel can send anything.
    "upload": (
        "CASE WHEN csbytes > 0 AND coalesce(reqmethod, '-') NOT IN ('GET', 'HEAD') "
        "THEN CAST(csbytes AS BIGINT) ELSE 0 END"
    ),
    "download": "CASE WHEN scbytes > 0 THEN CAST(scbytes AS BIGINT) ELSE 0 END",
    "uripath": "uripath",
    "referer": "referer",
}


def _count(condition: str) -> str:
    return f"count(CASE WHEN {condition} THEN 1 END)"


_WITHOUT_PAGE = f"origin IN ({_NO_PAGE}, {_NO_PAGE_DEEP})"
# The path of a script that no page asks for.
_SCRIPT = f"CASE WHEN {_WITHOUT_PAGE} AND of_script THEN uripath END"
# Figures of all requests of a client, host and user agent: name, aggregate, and how those of several merge.
CELL_FIGURES = (
    ("requests", "count(*)", "sum"),
    ("first_time", "min(clock)", "min"),
    ("last_time", "max(clock)", "max"),
    ("tunnels", _count("tunnel"), "sum"),
    ("cold", _count(_WITHOUT_PAGE), "sum"),
    ("cold_deep", _count(f"origin = {_NO_PAGE_DEEP}"), "sum"),
    ("sends", _count("sends"), "sum"),
    ("sends_cold", _count(f"sends AND {_WITHOUT_PAGE}"), "sum"),
    ("refused", _count("refused"), "sum"),
    ("cold_refused", _count(f"refused AND {_WITHOUT_PAGE}"), "sum"),
    ("polls", f"count({_SCRIPT})", "sum"),
    ("first_script", f"min({_SCRIPT})", "min"),
    ("last_script", f"max({_SCRIPT})", "max"),
    ("sent", "CAST(sum(upload) AS BIGINT)", "sum"),
    ("received", "CAST(sum(download) AS BIGINT)", "sum"),
    ("parts", _count("of_page"), "sum"),
    ("sent_by_others", _count(f"origin = {_OTHER_HOST}"), "sum"),
    # The first other host that sent the client here.
    (
        "entry",
        f"min(CASE WHEN origin = {_OTHER_HOST} THEN concat(clock, ' ', substr(referer, 1, 120)) END)",
        "min",
    ),
)
_OTHER_TYPE = f"NOT {_UNTYPED} AND NOT ({_PAGE_TYPE} OR resconttype LIKE '%json%')"
# A request that a signal may look at more closely: other content than pages, an unusual method, code or port.
_UNCOMMON = f"""(
    ({_OTHER_TYPE})
    OR ({_UNTYPED} AND {_named(_PROGRAM_NAMES)})
    OR reqmethod NOT IN ('GET', 'HEAD', 'CONNECT', '-', '') AND reqmethod NOT IN ('POST', 'PUT')
    OR NOT (respcode LIKE '2__' OR respcode LIKE '3__' OR {_NONE.format("respcode")}
        OR respcode IN ('400', '401', '403', '404', '407') OR respcode IN ('500', '502', '503', '504'))
    OR uriport NOT IN ('80', '443', '8080', '8443', '-', ''))"""


def cells(day: Day) -> Query:
    """Select figures of each client, host and user agent. Columns: clientip, host, useragent, the figures."""
    where, values = of_day(PROXY, day, "p")
    sql = f"""
SELECT clientip, host, useragent, {", ".join(f"{sql} AS {name}" for name, sql, _ in CELL_FIGURES)}
FROM (
    SELECT clientip, host, useragent, {", ".join(f"{sql} AS {name}" for name, sql in _ASKED.items())}
    FROM proxy p
    WHERE {where} AND {_COUNTED}
) requests
GROUP BY clientip, host, useragent
"""
    return Query(sql, values, (day, day))


def uncommon(day: Day) -> Query:
    """Select the uncommon requests, counted by what is uncommon about them.

    Columns: clientip, host, reqmethod, respcode, resconttype, uriextension, uriport, requests.
    """
    where, values = of_day(PROXY, day, "p")
    # What is common about them isn't told apart.
    columns = {
        "clientip": "clientip",
        "host": "host",
        "reqmethod": "reqmethod",
        "respcode": "CASE WHEN respcode LIKE '2__' OR respcode LIKE '3__' THEN NULL ELSE respcode END",
        "resconttype": f"CASE WHEN {_OTHER_TYPE} THEN resconttype END",
        "uriextension": f"CASE WHEN {_UNTYPED} OR {_OTHER_TYPE} THEN uriextension END",
        "uriport": "CASE WHEN uriport IN ('80', '443') THEN NULL ELSE uriport END",
    }
    told_apart = ", ".join(columns)
    sql = f"""
SELECT {told_apart}, count(*) AS requests
FROM (
    SELECT {", ".join(f"{sql} AS {name}" for name, sql in columns.items())}
    FROM proxy p
    WHERE {where} AND {_COUNTED} AND {_UNCOMMON}
) requests
GROUP BY {told_apart}
"""
    return Query(sql, values, (day, day))


def columns_with_values(day: Day) -> Query:
    """Select how many requests have a value in each of the columns `SEEN`, one row."""
    where, values = of_day(PROXY, day, "p")
    counts = ", ".join(
        f"CAST(sum({_when(f'NOT {_NONE.format(name)}')}) AS BIGINT) AS {name}" for name in SEEN
    )
    return Query(f"SELECT {counts} FROM proxy p WHERE {where} AND {_COUNTED}", values, (day, day))


# Columns of which a day's log can have nothing, and which no figure of the cells tells.
SEEN = ("reqmethod", "respcode", "resconttype", "uripath", "uriport")


def times(day: Day, hosts: Sequence[str]) -> Query:
    """Select when clients asked some hosts for what.

    Columns: clientip, host, reqmethod, uripath, clock, requests, size (the most bytes received), unreferred.
    """
    where, values = of_day(PROXY, day, "p")
    among = f"p.host IN ({', '.join('?' * len(hosts))})"
    sql = f"""
SELECT clientip, host, reqmethod, uripath, {_TIME} AS clock, count(*) AS requests,
    max(scbytes) AS size,
    CAST(sum({_when(_UNREFERRED)}) AS BIGINT) AS unreferred
FROM proxy p
WHERE {where} AND {_COUNTED} AND {among}
GROUP BY clientip, host, reqmethod, uripath, {_TIME}
"""
    return Query(sql, (*values, *hosts), (day, day))


def telling_rows(day: Day, hosts: Sequence[str], most: int) -> Query:
    """Select the most telling requests to some hosts, at most so many of each client and host.

    Of each URI there is the most telling request alone, the first one of several. Columns
    as `RESULT_FIELDS` without word and score, then nth (1 is the most telling).
    """
    where, values = of_day(PROXY, day, "p")
    among = f"p.host IN ({', '.join('?' * len(hosts))})"
    columns = [name for name in RESULT_FIELDS if name not in ("word", "score")]
    tells = (
        f"4 * {_when(f'NOT {_UNTYPED} AND NOT ({_PAGE_TYPE}) OR {_UNTYPED} AND {_named(_PROGRAM_NAMES)}')} "
        f"+ 3 * {_when(f'reqmethod IN {_SENDS} AND {_UNREFERRED}')} "
        f"+ {_when(_REFUSED)} + {_when(f'{_COLD} AND {_DEEP}')}"
    )
    names = ", ".join(columns)
    sql = f"""
SELECT {names}, nth
FROM (
    SELECT {names}, row_number() OVER (
        PARTITION BY clientip, host ORDER BY tells DESC, {nulls_last(columns)}
    ) AS nth
    FROM (
        SELECT {names}, tells, rank() OVER (
            PARTITION BY clientip, host, fulluri ORDER BY tells DESC, p_time
        ) AS of_uri
        FROM (
            SELECT {names}, {tells} AS tells
            FROM proxy p WHERE {where} AND {_COUNTED} AND p.fulluri IS NOT NULL AND {among}
        ) requests
    ) told
    WHERE of_uri = 1
) numbered
WHERE nth <= {most}
"""
    return Query(sql, (*values, *hosts), (day, day))
