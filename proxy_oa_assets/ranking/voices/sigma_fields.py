"""Where a request of `proxy` has the fields of Sigma's proxy taxonomy.

Each text is an expression in the subset that all engines share. It is never NULL: a missing value is the
empty text, whether it was stored as NULL, as a dash or as an empty text.
"""


def _text(column: str) -> str:
    return f"CASE WHEN {column} IS NULL OR {column} = '-' THEN '' ELSE {column} END"


def _number(column: str) -> str:
    return f"coalesce(CAST({column} AS STRING), '')"


_SCHEME = (
    "CASE WHEN urischeme IS NOT NULL AND urischeme <> '' AND urischeme <> '-' THEN urischeme "
    "WHEN uriport = '443' THEN 'https' ELSE 'http' END"
)
# Rules have the whole address. `fulluri` has no scheme, and no path of one character.
_ADDRESS = (
    f"CASE WHEN fulluri IS NULL OR fulluri = '' OR fulluri = '-' THEN '' "
    f"ELSE concat({_SCHEME}, '://', fulluri, CASE WHEN fulluri = host THEN '/' ELSE '' END) END"
)
_ALL_TEXTS = (
    "clientip",
    "username",
    "reqmethod",
    "useragent",
    "referer",
    "respcode",
    "resconttype",
    "serverip",
)

TEXTS = {
    **{
        column: _text(column)
        for column in (
            *_ALL_TEXTS,
            *("host", "uriport", "uripath", "uriextension", "fulluri", "webcat", "action", "filterresult"),
            *("urischeme", "exceptionid", "uriquery"),
        )
    },
    **{column: _number(column) for column in ("csbytes", "scbytes", "duration")},
    "address": _ADDRESS,
    # With and without its question mark, which only some logs have.
    "query": "CASE WHEN uriquery IS NULL OR uriquery = '-' THEN '' "
    "WHEN ascii(uriquery) = 63 THEN substr(uriquery, 2) ELSE uriquery END",
    # What a keyword is searched in.
    "line": "concat(" + ", ' ', ".join((*map(_text, _ALL_TEXTS), _ADDRESS)) + ")",
}

# A condition holds for a field if it holds for one of its texts; on a field without any, it never holds.
FIELDS: dict[str, tuple[str, ...]] = {
    "c-uri": ("address", "fulluri"),
    "cs-uri": ("address", "fulluri"),
    "c-uri-stem": ("uripath",),
    "cs-uri-stem": ("uripath",),
    "c-uri-path": ("uripath",),
    "c-uri-query": ("query", "uriquery"),
    "cs-uri-query": ("query", "uriquery"),
    "c-uri-extension": ("uriextension",),
    "cs-uri-extension": ("uriextension",),
    "cs-uri-scheme": ("urischeme",),
    "cs-uri-port": ("uriport",),
    "dst_port": ("uriport",),
    "c-useragent": ("useragent",),
    "cs-user-agent": ("useragent",),
    "cs(user-agent)": ("useragent",),
    "cs-method": ("reqmethod",),
    "cs-host": ("host",),
    "r-dns": ("host",),
    "cs-referrer": ("referer",),
    "cs-referer": ("referer",),
    "cs(referer)": ("referer",),
    "cs-username": ("username",),
    "sc-status": ("respcode",),
    "rs-content-type": ("resconttype",),
    "rs(content-type)": ("resconttype",),
    "sc-filter-result": ("filterresult",),
    "cs-categories": ("webcat",),
    "s-action": ("action",),
    "x-exception-id": ("exceptionid",),
    "c-ip": ("clientip",),
    "src_ip": ("clientip",),
    "r-ip": ("serverip",),
    "dst_ip": ("serverip",),
    # What the names say; their descriptions in Sigma's taxonomy are swapped.
    "cs-bytes": ("csbytes",),
    "sc-bytes": ("scbytes",),
    "time-taken": ("duration",),
}
KEYWORDS = ("line",)
