"""The SELECT that turns a log's fields into the columns of `proxy`, in DuckDB's SQL.

Its input has the columns `line BIGINT, exact BOOLEAN, f VARCHAR[]`: the fields in a given order; in
`exact` ones, NULL words are NULL already. Its output has the columns of `proxy`, and `line`, `second`
(since 1970, UTC) and `reason`, why the line is rejected, NULL if it isn't.
"""

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from proxy_oa_assets.ingest.declaration import COLUMNS, QUANTITIES, Declaration, Time, Value
from proxy_oa_assets.model.tables import PROXY

# The reason of a line that `only` excludes.
OTHER_LOG = "a line of another log in the same file"
_NULL = "NULL::VARCHAR"
_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_INT_MAX = 2**31 - 1
# What isn't UTF-8 stays encoded, or is shown as \xFF.
_PERCENT = "CASE WHEN contains({text}, '%') THEN coalesce(TRY(url_decode({text})), {text}) ELSE {text} END"
_DECODED = {
    "": "{text}",
    "percent": _PERCENT,
    "squid": _PERCENT,
    "base64": "coalesce(TRY(decode(from_base64({text}))), TRY(CAST(from_base64({text}) AS VARCHAR)))",
    "hex": "coalesce(TRY(decode(unhex({text}))), TRY(CAST(unhex({text}) AS VARCHAR)))",
}
_NUMBERS = ("duration", "scbytes", "csbytes")
_TEXTS = (*COLUMNS, *QUANTITIES)
# The parts of an absolute URL, or of one that begins with its authority or its path.
_URL = """parted AS (SELECT *,
    CASE WHEN instr(url, '://') BETWEEN 2 AND 12 AND instr(url, '://') = instr(url, ':')
        THEN instr(url, '://') ELSE 0 END AS scheme_end FROM named),
rested AS (SELECT *, CASE WHEN scheme_end > 0 THEN substr(url, scheme_end + 3) WHEN {begins} THEN ''
        ELSE url END AS rest FROM parted),
ended AS (SELECT *, least(coalesce(nullif(instr(rest, '/'), 0), {far}),
        coalesce(nullif(instr(rest, '?'), 0), {far})) AS target_start FROM rested),
addressed AS (SELECT *, left(rest, target_start - 1) AS authority,
    CASE WHEN rest = '' AND scheme_end = 0 THEN url ELSE substr(rest, target_start) END AS target FROM ended),
located AS (SELECT * REPLACE (
        CASE WHEN scheme_end > 0 THEN lower(left(url, scheme_end - 1)) ELSE lower(urischeme) END AS urischeme,
        coalesce(nullif(CASE WHEN instr(target, '?') > 0 THEN left(target, instr(target, '?') - 1)
            ELSE target END, ''), uripath) AS uripath,
        coalesce(CASE WHEN instr(target, '?') > 0 THEN substr(target, instr(target, '?')) END, uriquery)
            AS uriquery),
    CASE WHEN authority <> '' AND (NOT starts_with(authority, ':') OR contains(substr(authority, 2), ':'))
        THEN authority ELSE host_header END AS hosted FROM addressed)"""
_NO_URL = "located AS (SELECT * REPLACE (lower(urischeme) AS urischeme), host_header AS hosted FROM named)"
# Host and port, without user, password and an IPv6 address's brackets.
_HOST = """opened AS (SELECT * REPLACE (
        CASE WHEN contains(hosted, '@') THEN regexp_replace(hosted, '^.*@', '') ELSE hosted END AS hosted)
    FROM located),
bare AS (SELECT * REPLACE (
        CASE WHEN contains(hosted, '%') THEN coalesce(TRY(url_decode(hosted)), hosted) ELSE hosted END
            AS hosted)
    FROM opened),
split AS (SELECT *, CASE WHEN starts_with(hosted, '[') THEN 0
        WHEN contains(hosted, ':') AND len(hosted) - len(replace(hosted, ':', '')) = 1 THEN instr(hosted, ':')
        ELSE 0 END AS colon FROM bare),
named_host AS (SELECT *,
    lower(CASE WHEN starts_with(hosted, '[') THEN split_part(substr(hosted, 2), ']', 1)
        WHEN colon > 0 THEN left(hosted, colon - 1) ELSE hosted END) AS host_name,
    CASE WHEN starts_with(hosted, '[') THEN nullif(split_part(hosted, ']:', 2), '')
        WHEN colon > 0 THEN nullif(substr(hosted, colon + 1), '') END AS named_port FROM split)"""

# What a log gives as the scheme of a connection in which the proxy has seen no request.
_TUNNELS = "('tcp', 'ssl', 'tunnel', 'ssl-tunnel')"
_ADDRESS = "^([0-9]+(?:[.][0-9]+){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+)$"
# The address of the host that the proxy asked, unless that is another proxy.
_ORIGIN = f"""coalesce(serverip, CASE WHEN
        CASE WHEN hierarchy IS NULL THEN supplier IS NULL OR lower(supplier) = host_name
            ELSE contains(upper(hierarchy), 'DIRECT')
                OR upper(hierarchy) IN ('INET', 'VFINET', 'PINNED', 'ORIGINAL_DST') END
    THEN coalesce(supplier_ip, nullif(regexp_extract(supplier, '{_ADDRESS}', 1), '')) END)"""


def target_select(
    lines: str, declaration: Declaration, fields: Sequence[str], timezone: ZoneInfo | None
) -> str:
    """Return the SELECT over the rows of `lines`, whose fields have these names.

    `timezone` is that of local times; by default UTC.
    """
    texts = dict(_texts(declaration, fields))
    named = ", ".join(f"{texts.get(name, _NULL)} AS {name}" for name in _TEXTS)
    instants = [_instant(time, declaration, fields, timezone) for time in declaration.time]
    begins = "TRUE" if declaration.url_form == "path" else "starts_with(url, '/')"
    url = _URL.format(begins=begins, far=_INT_MAX) if "url" in texts else _NO_URL
    shift = " - to_milliseconds(coalesce(greatest(duration, 0), 0))" if declaration.time_of == "end" else ""
    reasons = f"WHEN NOT is_ours THEN '{OTHER_LOG}' " if declaration.only else ""
    reasons += "WHEN second IS NULL THEN 'no time that can be read'"
    if declaration.logformat:
        # Squid's URL of what is no request, or of one that it couldn't read.
        reasons += " WHEN starts_with(url, 'error:') THEN 'no request by a user: Squid logs its own error'"
    if declaration.request_required:
        # Squid knows no method of a request that it couldn't read: %>rm is a dash where the URL isn't.
        unknown = " AND host IS NULL" if declaration.logformat else ""
        reasons += f" WHEN reqmethod IS NULL{unknown} THEN 'no request: the method is missing'"
    instant = ", ".join([*instants, "NULL::TIMESTAMP"])
    return f"""WITH lines AS ({lines}),
named AS (SELECT line, {_is_ours(declaration, fields)} AS is_ours, coalesce({instant}) AS instant, {named}
    FROM lines),
{url},
{_HOST},
numbered AS (SELECT * REPLACE ({", ".join(f"{_number(name, declaration)} AS {name}" for name in _NUMBERS)},
    {_ORIGIN} AS serverip),
    coalesce(upper(reqmethod) IN ('CONNECT', 'TCP_CONNECT'), FALSE) AS is_connect,
    is_connect OR urischeme IN {_TUNNELS} AS is_tunnel FROM named_host),
addressed_row AS (SELECT * REPLACE (
        coalesce(nullif(host_name, ''), host, serverip) AS host,
        coalesce(named_port, uriport, CASE WHEN is_connect OR urischeme = 'https' THEN '443'
            WHEN urischeme = 'http' THEN '80' END)
            AS uriport,
        lower(urischeme) AS urischeme,
        CASE WHEN is_tunnel THEN NULL ELSE uripath END AS uripath,
        CASE WHEN is_tunnel OR uriquery = '' THEN NULL
            WHEN starts_with(uriquery, '?') THEN uriquery ELSE '?' || uriquery END AS uriquery),
    instant{shift} AS started FROM numbered),
timed AS (SELECT *, CAST(date_trunc('second', started) AS VARCHAR) AS clock,
    CASE WHEN started >= TIMESTAMP '1970-01-01' AND started < TIMESTAMP '10000-01-01'
        THEN CAST(floor(epoch(started)) AS BIGINT) END AS second FROM addressed_row)
SELECT line, second, CASE {reasons} END AS reason, {", ".join(_column(name) for name in PROXY.column_names)}
FROM timed"""


def _column(name: str) -> str:
    texts = {
        "p_date": "left(clock, 10)",
        "p_time": "substr(clock, 12, 8)",
        # Without user and password.
        "referer": """CASE WHEN contains(referer, '@')
        THEN regexp_replace(referer, '^([A-Za-z][A-Za-z0-9+.-]*://)[^/?#]*@', '\\1') ELSE referer END""",
        "uriextension": """coalesce(uriextension, CASE WHEN contains(uripath, '.')
        THEN nullif(regexp_extract(uripath, '\\.([A-Za-z0-9]{1,8})$', 1), '') END)""",
        "fulluri": """CASE WHEN host IS NULL THEN NULL
        WHEN is_tunnel THEN CASE WHEN contains(host, ':') THEN '[' || host || ']' ELSE host END
            || coalesce(':' || uriport, '')
        ELSE host || CASE WHEN len(uripath) > 1 THEN uripath ELSE '' END
            || CASE WHEN len(uriquery) > 1 THEN uriquery ELSE '' END END""",
    }
    return f"{texts[name]} AS {name}" if name in texts else name


def _texts(declaration: Declaration, fields: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the SQL of each column's text; a request line is a method and a URL."""
    for name, values in declaration.columns.items():
        found = [text for value in values if (text := _value(value, declaration, fields)) != _NULL]
        if not found:
            continue
        text = found[0] if len(found) == 1 else f"coalesce({', '.join(found)})"
        if name != "request":
            yield name, text
            continue
        yield "reqmethod", f"nullif(split_part({text}, ' ', 1), '-')"
        after = f"substr({text}, instr({text}, ' ') + 1)"
        yield "url", f"regexp_replace({after}, ' (HTTP/[0-9.]+|NONE/0.0)$', '')"
    for name, constant in declaration.constants.items():
        yield name, _literal(constant)


def _is_ours(declaration: Declaration, fields: Sequence[str]) -> str:
    tests = [
        f"coalesce({', '.join(_field(name, declaration, fields) for name in names.split('|'))}, "
        f"{_literal(texts[0])}) IN ({', '.join(map(_literal, texts))})"
        for names, texts in declaration.only.items()
    ]
    return " AND ".join(tests) or "TRUE"


def _field(name: str, declaration: Declaration, fields: Sequence[str]) -> str:
    """Return the SQL of a field's text, NULL where it has a NULL word."""
    if name not in fields:
        return _NULL
    field = f"f[{fields.index(name) + 1}]"
    words = ", ".join(map(_literal, declaration.null))
    return f"CASE WHEN exact OR {field} NOT IN ({words}) THEN {field} END"


def _value(value: Value, declaration: Declaration, fields: Sequence[str]) -> str:
    found = [_field(name, declaration, fields) for name in value.fields if name in fields]
    if not found:
        return _NULL
    text = found[0] if len(found) == 1 else f"coalesce({', '.join(found)})"
    if value.after:
        text = f"substr({text}, nullif(instr({text}, {_literal(value.after)}), 0) + {len(value.after)})"
    if value.before:
        text = f"split_part({text}, {_literal(value.before)}, 1)"
    if value.pattern:
        text = f"regexp_extract({text}, {_literal(value.pattern)}, 1)"
    parted = value.after or value.before or value.pattern
    words = dict.fromkeys((*((*declaration.null, "") if parted else ()), *value.null))
    if words:
        # Not nested, as each nullif doubles its text.
        text = f"CASE WHEN {text} NOT IN ({', '.join(map(_literal, words))}) THEN {text} END"
    if value.decode == "squid":
        text = f"replace({text}, '\\\\', '\\')"
    text = _DECODED[value.decode].format(text=text)
    return f"CASE WHEN {text} IS NOT NULL THEN {_literal(value.text)} END" if value.text else text


def _instant(time: Time, declaration: Declaration, fields: Sequence[str], timezone: ZoneInfo | None) -> str:
    """Return the SQL of a time as TIMESTAMP in UTC, NULL where it can't be read."""
    texts = [_field(name, declaration, fields) for name in time.fields]
    if _NULL in texts:
        return "NULL"
    text = " || ' ' || ".join(f"({each})" for each in texts) if len(texts) > 1 else texts[0]
    if time.format == "epoch":
        return (
            f"TRY(make_timestamp(CAST({_microseconds(f'TRY_CAST({text} AS DOUBLE)', time.unit)} AS BIGINT)))"
        )
    if time.format == "iso":
        return f"timezone('UTC', TRY_CAST({text} AS TIMESTAMPTZ))"
    parsed = f"try_strptime({text}, {_literal(time.format)})"
    if "%z" in time.format:
        return f"timezone('UTC', {parsed})"
    in_zone = parsed
    if time.zone != "UTC" and timezone is not None:
        in_zone = f"timezone('UTC', timezone({_literal(timezone.key)}, {parsed}))"
    if time.zone == "text" and time.zone_field in fields:
        # A zone's name or an offset, of which only the name stands behind a blank.
        clock, zone = f"CAST({parsed} AS VARCHAR)", _field(time.zone_field, declaration, fields)
        named, offset = (
            f"timezone('UTC', TRY_CAST({clock} || {between}{zone} AS TIMESTAMPTZ))"
            for between in ("' ' || ", "")
        )
        return f"coalesce({named}, {offset}, {in_zone})"
    return in_zone


def _microseconds(number: str, unit: str) -> str:
    if unit != "auto":
        return f"{number} * {1_000_000 / _PER_SECOND[unit]!r}"
    # An epoch in seconds has ten digits until the year 2286.
    return (
        f"CASE WHEN {number} < 1e11 THEN {number} * 1e6 WHEN {number} < 1e14 THEN {number} * 1e3 "
        f"WHEN {number} < 1e17 THEN {number} ELSE {number} / 1e3 END"
    )


def _number(name: str, declaration: Declaration) -> str:
    """Return the SQL of a whole number; beyond INT it is the limit, below zero NULL."""
    values = declaration.columns.get(name)
    factor = 1_000 / _PER_SECOND[values[0].unit] if name == "duration" and values else 1
    number = f"TRY_CAST({name} AS DOUBLE)" + (f" * {factor!r}" if factor != 1 else "")
    counts = f"{number} >= 0 AND NOT isnan({number})"
    return f"CASE WHEN {counts} THEN CAST(least({number}, {_INT_MAX}) AS INTEGER) END"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
