"""The SELECTs over a day's raw requests: what facts are made of, when pairs ask, and which requests tell most.

Each is one text for all engines (`sql/query.py`). A host is as the log writes it; the ranking puts it in lower
case.
"""

from collections.abc import Sequence

from proxy_oa_assets.model.column_map import RESULT_FIELDS
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY
from proxy_oa_assets.ranking.signal import Fact
from proxy_oa_assets.sql.query import Query, nulls_last, of_day

# What a request has no value in.
_NONE = "({0} IS NULL OR {0} = '-' OR {0} = '')"
_TIME = "CASE WHEN p_time LIKE '_:%' THEN concat('0', p_time) ELSE p_time END"
# Content that can run, or carries what can: media types, and names that fit them.
CONTENT: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "executable": (
        (
            *("application/x-dosexec", "application/x-msdownload", "application/x-msdos-program"),
            *("application/x-executable", "application/vnd.microsoft.portable-executable"),
            *("application/x-ms-installer", "application/x-msi", "application/exe", "application/hta"),
            *("text/vbscript", "application/x-powershell", "application/x-sh"),
        ),
        ("exe", "msi", "dll", "scr", "cab", "hta", "vbs", "msu", "msp", "ps1", "bat", "cmd", "pif"),
    ),
    "applet": (
        (
            *("application/java-archive", "application/x-java-archive", "application/java"),
            *("application/x-java-applet", "application/x-java-vm"),
        ),
        ("jar", "class"),
    ),
    "silverlight": (("application/x-silverlight-app",), ("xap",)),
    "flash": (("application/x-shockwave-flash",), ("swf",)),
    "document": (
        ("application/pdf", "application/msword", "application/vnd.ms-excel", "application/rtf"),
        ("pdf", "doc", "xls", "rtf", "dot", "xlsm", "docm"),
    ),
    "archive": (
        (
            *("application/zip", "application/x-zip-compressed", "application/x-rar"),
            *("application/x-rar-compressed", "application/x-7z-compressed"),
            *("application/vnd.ms-cab-compressed", "application/gzip", "application/x-gzip"),
        ),
        (
            *("zip", "rar", "7z", "cab", "gz", "tgz", "xap", "jar", "docx", "xlsx", "crx", "xpi", "apk"),
            "msu",
        ),
    ),
    "download": (
        (
            *("application/octet-stream", "octet/stream", "binary/octet-stream", "application/x-download"),
            "application/force-download",
        ),
        (),  # fits any name
    ),
}
_USUAL_METHODS = ("GET", "POST", "HEAD", "CONNECT", "OPTIONS", "PUT")
_USUAL_PORTS = ("80", "443", "8080", "8443", "-", "")
_PARTS = ("js", "css", "gif", "png", "jpg", "jpeg", "ico", "woff", "woff2", "svg", "webp")
_SCRIPTS = ("php", "asp", "aspx", "cgi", "pl", "py", "sh", "jsp", "cfm", "bash")


def _texts(values: Sequence[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _kind() -> str:
    """Return the SQL of the kind of content, NULL for other: by type, or by name where the log has no type."""
    typed = " ".join(f"WHEN media IN ({_texts(types)}) THEN '{kind}'" for kind, (types, _) in CONTENT.items())
    named = " ".join(
        f"WHEN extension IN ({_texts(CONTENT[kind][1])}) THEN '{kind}'" for kind in ("executable", "applet")
    )
    return (
        f"CASE WHEN media = 'page' THEN NULL WHEN media = '-' THEN "
        f"CASE WHEN extension = '-' OR respcode NOT IN ('200', '206') THEN NULL {named} END {typed} END"
    )


def _misfit() -> str:
    """Return the SQL of whether the name doesn't say what the content is."""
    fits = " ".join(
        f"WHEN kind = '{kind}' THEN extension NOT IN ({_texts(names)})"
        for kind, (_, names) in CONTENT.items()
        if names
    )
    return f"CASE WHEN kind IS NULL THEN FALSE {fits} ELSE FALSE END"


# Columns of a request beside those of `proxy`, each layer over the one before.
_LAYERS = (
    f"""p.*, {_TIME} AS clock, {_NONE.format("referer")} AS unreferred,
        coalesce(reqmethod, '-') = 'CONNECT' AS tunnel, reqmethod IN ('POST', 'PUT') AS sends,
        length(uripath) > 1 OR length(uriquery) > 1 AS deep,
        respcode >= '400' AND respcode < '600' AS refused,
        CASE WHEN resconttype LIKE 'image/%' OR resconttype LIKE 'text/%' AND resconttype NOT LIKE '%script'
                THEN 'page'
            WHEN {_NONE.format("resconttype")} THEN '-'
            WHEN instr(resconttype, ';') > 0
                THEN lower(substr(resconttype, 1, instr(resconttype, ';') - 1))
            ELSE lower(resconttype) END AS media,
        CASE WHEN {_NONE.format("uriextension")} THEN '-' ELSE lower(uriextension) END AS extension,
        resconttype LIKE 'image/%' OR resconttype LIKE 'text/css%' OR resconttype LIKE '%javascript%'
            OR resconttype LIKE 'font/%' OR respcode = '304' AS part_type""",
    f"""r.*, {_kind()} AS kind, unreferred AND NOT tunnel AS cold,
        part_type OR extension IN ({_texts(_PARTS)}) AS part,
        NOT unreferred AND substr(referer, 8, length(host)) <> host
            AND substr(referer, 9, length(host)) <> host AS sent_by_other""",
    f"""r.*, {_misfit()} AS misfit""",
)


def when(condition: str) -> str:
    """Return the SQL of 1 where a condition holds, else 0."""
    return f"CASE WHEN {condition} THEN 1 ELSE 0 END"


def bytes_of(column: str, condition: str = "TRUE") -> str:
    """Return the SQL of a count of bytes where a condition holds, else 0."""
    return f"CASE WHEN {condition} AND {column} > 0 THEN CAST({column} AS BIGINT) ELSE 0 END"


# Columns of which a day's log can have nothing.
SEEN = (
    *("useragent", "referer", "reqmethod", "respcode", "resconttype", "uripath", "uriport"),
    *("csbytes", "scbytes"),
)
# What all signals can read, of each cell and of each pair.
FACTS = (
    Fact("requests", "1", "sum"),
    Fact("first_time", "clock", "min"),
    Fact("last_time", "clock", "max"),
    Fact("tunnels", when("tunnel"), "sum"),
    Fact("sends", when("sends"), "sum"),
    Fact("sends_cold", when("sends AND cold"), "sum"),
    Fact("cold", when("cold"), "sum"),
    Fact("cold_deep", when("cold AND deep"), "sum"),
    Fact("cold_refused", when("cold AND refused"), "sum"),
    Fact("refused", when("refused"), "sum"),
    *(Fact(f"{kind}s", when(f"kind = '{kind}'"), "sum") for kind in CONTENT),
    Fact("sent", bytes_of("csbytes", "sends"), "sum"),
    Fact("received", bytes_of("scbytes"), "sum"),
    Fact("parts", when("part"), "sum"),
    Fact("sent_by_others", when("sent_by_other"), "sum"),
    # The first other host that sent the client here.
    Fact("entry", "CASE WHEN sent_by_other THEN concat(clock, ' ', substr(referer, 1, 120)) END", "min"),
    # Whether the log has these columns at all.
    Fact("has_useragent", when(f"NOT {_NONE.format('useragent')}"), "sum"),
    Fact("has_referer", when("NOT unreferred"), "sum"),
    Fact("has_reqmethod", when(f"NOT {_NONE.format('reqmethod')} AND NOT tunnel"), "sum"),
    Fact("has_respcode", when(f"NOT {_NONE.format('respcode')}"), "sum"),
    Fact("has_resconttype", when("media <> '-'"), "sum"),
    Fact("has_uripath", when("deep"), "sum"),
    Fact("has_uriport", when(f"NOT {_NONE.format('uriport')}"), "sum"),
    Fact("has_csbytes", when("csbytes > 0"), "sum"),
    Fact("has_scbytes", when("scbytes > 0"), "sum"),
)


def cells(day: Day, facts: Sequence[Fact]) -> Query:
    """Select facts of each client, host and user agent. Columns: clientip, host, useragent, the facts."""
    where, values = of_day(PROXY, day, "p")
    # A sum of DuckDB's is HUGEINT, which becomes a Decimal object per cell.
    figures = ", ".join(
        f"CAST(sum({fact.sql}) AS BIGINT) AS {fact.name}"
        if fact.merge == "sum"
        else f"{fact.merge}({fact.sql}) AS {fact.name}"
        for fact in facts
    )
    sql = f"""
SELECT clientip, host, useragent, {figures}
FROM ({_requests(f"{where} AND {_COUNTED}")}) requests
GROUP BY clientip, host, useragent
"""
    return Query(sql, values, (day, day))


def times(day: Day, hosts: Sequence[str]) -> Query:
    """Select when clients asked some hosts for what.

    Columns: clientip, host, reqmethod, uripath, clock, requests, size (the most bytes received), sent.
    """
    where, values = of_day(PROXY, day, "p")
    among = f"p.host IN ({', '.join('?' * len(hosts))})"
    sql = f"""
SELECT clientip, host, reqmethod, uripath, {_TIME} AS clock, count(*) AS requests,
    max(scbytes) AS size, max(csbytes) AS sent, CAST(sum({when(_NONE.format("referer"))}) AS BIGINT) AS unreferred
FROM proxy p
WHERE {where} AND {_COUNTED} AND {among}
GROUP BY clientip, host, reqmethod, uripath, {_TIME}
"""
    return Query(sql, (*values, *hosts), (day, day))


def telling_rows(day: Day, hosts: Sequence[str], most: int) -> Query:
    """Select the most telling requests to some hosts, at most so many of each client and host.

    Columns as `RESULT_FIELDS` without word and score, then nth (1 is the most telling).
    """
    where, values = of_day(PROXY, day, "p")
    among = f"p.host IN ({', '.join('?' * len(hosts))})"
    columns = [name for name in RESULT_FIELDS if name not in ("word", "score")]
    tells = (
        f"{when('misfit')} * 2 + {when('kind IS NOT NULL')} * 4 + {when('sends AND cold')} * 3 + "
        f"{when('refused')} + {when('cold AND deep')}"
    )
    inner = _requests(f"{where} AND {_COUNTED} AND {among}")
    names = ", ".join(columns)
    sql = f"""
SELECT {names}, nth
FROM (
    SELECT {names}, row_number() OVER (
        PARTITION BY clientip, host ORDER BY again ASC, tells DESC, {nulls_last(columns)}
    ) AS nth
    FROM (
        SELECT {names}, tells, CASE WHEN row_number() OVER (
            PARTITION BY clientip, host, fulluri ORDER BY tells DESC, {nulls_last(columns)}
        ) = 1 THEN 0 ELSE 1 END AS again
        FROM (SELECT {names}, {tells} AS tells FROM ({inner}) requests) told
    ) firsts
) numbered
WHERE nth <= {most}
"""
    return Query(sql, (*values, *hosts), (day, day))


_COUNTED = "p.clientip IS NOT NULL AND p.host IS NOT NULL AND p.p_time IS NOT NULL AND p.fulluri IS NOT NULL"


def _requests(where: str) -> str:
    """Return the SELECT of requests with the columns of `_LAYERS`."""
    sql = f"SELECT {_LAYERS[0]} FROM proxy p WHERE {where}"
    for layer in _LAYERS[1:]:
        sql = f"SELECT {layer} FROM ({sql}) r"
    return sql
