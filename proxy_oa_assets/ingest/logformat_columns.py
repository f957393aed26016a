"""What a Squid `logformat` line says of the columns of `proxy`, as entries of a declaration."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from proxy_oa_assets.ingest.logformat import CUT_AT, HEADERS, USERS, Clock, Code, Element, Token, read_line

# The codes that have a column's value, the best first.
_CODES = {
    "clientip": (">a", ">A"),
    "action": ("Ss",),
    "respcode": (">Hs", "Hs", "<Hs"),
    "scbytes": ("<st",),
    "csbytes": (">st",),
    "duration": ("tr",),
    "reqmethod": ("rm", ">rm", "<rm"),
    "url": (">ru", "ru", "<ru"),
    "urischeme": (">rs", "<rs"),
    "host_header": (">rd", "<rd", "{host}>h", "{host}>ha", "ssl::>sni"),
    "uriport": (">rP", "<rP"),
    "username": ("un", "ul", "ue", "us", "ui"),
    "hierarchy": ("Sh",),
    "supplier": ("<a",),
    "resconttype": ("mt", "{content-type}<h"),
    "referer": ("{referer}>h", "{referer}>ha"),
    "useragent": ("{user-agent}>h", "{user-agent}>ha"),
    "exceptionid": ("err_code",),
}
_PATHS = (">rp", "rp", "<rp")
_NO_STATUS = ("0", "000")


def declared(logformat: str) -> dict[str, Any]:
    """Return the entries of the declaration that a logformat line stands for.

    Raises IngestError if it has no code, or none of a time.
    """
    line = read_line(logformat)
    names = dict(zip(line.names, line.tokens, strict=True))
    columns = {name: values for name, codes in _CODES.items() if (values := _values(name, codes, names))}
    if request := [name for name, token in names.items() if _is_request(token)]:
        columns = {"request": [{"fields": request[0]}], **columns}
        del columns["reqmethod"], columns["url"]
    elif "url" not in columns and (path := _values("url", _PATHS, names)):
        columns["url"] = path
    for column, header in HEADERS.items():
        columns.setdefault(column, [{"fields": header}])
    starts, ends = _times(names)
    quoted = [token for token in line.tokens if token.quoted]
    return {
        "family": "logformat",
        "logformat": logformat,
        "fields": (*line.names, *HEADERS.values()),
        "quote": "none" if not quoted else "backslash" if any(each.escaped for each in quoted) else "plain",
        "cut_at": CUT_AT,
        "time": [*starts, *ends],
        "time_of": "start" if starts else "end",
        "request_required": "reqmethod" in columns or "request" in columns,
        "columns": columns,
    }


def _is_request(token: Token) -> bool:
    """Return whether a token is a request's line: method, URL and version."""
    codes = [each.name[-2:] for each in token.codes]
    texts = [each for each in token.elements if isinstance(each, str)]
    return codes == ["rm", "ru", "rv"] and texts in ([" ", " "], [" ", " HTTP/"])


def _values(column: str, codes: tuple[str, ...], names: Mapping[str, Token]) -> list[dict[str, Any]]:
    """Return where a column's value stands, the best place first."""
    found = [
        (name, token, code)
        for wanted in codes
        for name, token in names.items()
        for code in token.codes
        if code.key == wanted
    ]
    null = {"null": _NO_STATUS} if column == "respcode" else {}
    return [
        {"fields": name, **_part(token, code), **null, **_decoding(column, code)}
        for name, token, code in found
    ]


def _part(token: Token, code: Code) -> dict[str, Any]:
    """Return where in a token a code's value is."""
    match token.elements:
        case [Code()]:
            return {}
        case [Code(first), str(between), Code()] if first not in (">a", "<a"):
            return {"before": between} if code is token.codes[0] else {"after": between}
    pattern = "".join(_of(each, code) for each in token.elements)
    return {"pattern": f"^{pattern}$"}


def _of(element: Element, code: Code) -> str:
    if isinstance(element, str):
        return re.escape(element)
    return "(.*?)" if element is code else ".*?"


def _decoding(column: str, code: Code) -> dict[str, Any]:
    # Squid before 4 encodes a user's name in any encoding that the line asks for.
    if code.encoding in ("#", "[") or code.name in USERS:
        return {"decode": "percent" if code.encoding == "#" else "squid"}
    # A header outside of quotes: blanks and quotes of it are percent-encoded, per cent signs aren't.
    return {"decode": "percent"} if column == "useragent" and not code.encoding else {}


def _times(names: Mapping[str, Token]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return where a request's start and its end stand."""
    starts = [_epoch(name) for name, token in names.items() if token.name == "%tS"]
    ends = [_epoch(name) for name, token in names.items() if token.name in ("%ts", "%ts.%tu")]
    return starts, [*ends, *_clocks(names)]


def _epoch(name: str) -> dict[str, Any]:
    return {"fields": name, "format": "epoch", "unit": "s"}


def _clocks(names: Mapping[str, Token]) -> Iterator[dict[str, Any]]:
    """Yield the times that strftime writes; blanks divide one into several fields."""
    run: list[tuple[str, Token]] = []
    for name, token in [*names.items(), ("", Token(()))]:
        clocks = [each for each in token.elements if isinstance(each, Clock)]
        # A time begins again with its first part.
        if run and (not clocks or clocks[0].first):
            yield _clock(run)
            run = []
        if clocks:
            run.append((name, token))


def _clock(run: list[tuple[str, Token]]) -> dict[str, Any]:
    text = " ".join("".join(_strptime(each) for each in token.elements) for _, token in run)
    utc = any(each.utc for _, token in run for each in token.elements if isinstance(each, Clock))
    if text == "%s":
        return {"fields": run[0][0], "format": "epoch", "unit": "s"}
    zone = "text" if "%z" in text else "UTC" if utc else "local"
    return {"fields": [name for name, _ in run], "format": text, "zone": zone}


def _strptime(element: Element) -> str:
    if isinstance(element, Clock):
        return element.format
    return element.replace("%", "%%") if isinstance(element, str) else ""
