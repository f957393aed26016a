"""The fields of a filter: what each one's values mean as a condition on a table's rows."""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import idna

from proxy_oa_assets.investigation.client_ranges import client_condition
from proxy_oa_assets.investigation.defanging import refang
from proxy_oa_assets.investigation.filter_text import Kind, Value
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.model.tables import PROXY
from proxy_oa_assets.model.tsv import NULL
from proxy_oa_assets.sql.conditions import (
    Condition,
    Rows,
    between,
    contains,
    day_time,
    equals,
    has_no_value,
    has_reason,
    has_risk,
    has_severity,
    matches,
    of_scored_connection,
    one_of,
)
from proxy_oa_assets.sql.query import NO_VALUE

# Returns the condition of a value, for the rows of a table.
Reader = Callable[[Value, Rows], Condition]
# Returns the condition of a term's values, and whether it is negated.
TermReader = Callable[[Sequence[Value], Rows, bool], Condition]

_SCHEME = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_HOST_PORT = re.compile(
    r"(?P<host>\[[0-9a-f:.%]+\]|[^\[\]/?#:@\s]+):(?P<port>\d{1,5})(?P<rest>[/?].*)?", re.I | re.S
)
_AROUND = {"<": ">", "(": ")", "[": "]", "{": "}", "'": "'", "`": "`", "‘": "’"}
_LEVELS = {"unverified": -1, "none": 0, "low": 1, "medium": 2, "high": 3}
_SEVERITIES = {"high": 1, "medium": 2, "low": 3, "1": 1, "2": 2, "3": 3}
_COMPARED = re.compile(r"(>=|<=|>|<|=|≥|≤)?\s*(.*)", re.DOTALL)
_BYTES = re.compile(r"(\d+(?:[.,]\d+)?)\s*([kmgt]?)(i?)b?", re.IGNORECASE)
_LEAST, _MOST = -(2**63) + 1, 2**63 - 1
_CLOCK = re.compile(r"(\d{1,2})(?::(\d{2}))?(?::(\d{2}))?", re.ASCII)


@dataclass(frozen=True)
class Field:
    """A field: its column; how a term of it is read; other names of it; an example."""

    column: str
    reader: TermReader
    also: tuple[str, ...]
    example: str


def without_wrapping(text: str) -> str:
    """Return a pasted text without the brackets, quotes and punctuation around it."""
    text = text.strip()
    while len(text) > 1:
        before = text
        text = text.rstrip(",;")
        if text and text[-1] == _AROUND.get(text[0]) and _AROUND.get(text[0]):
            text = text[1:-1].strip()
        elif text[:1] in ("<", "'", "`"):
            text = text[1:].strip()
        elif text[-1:] == ">" and "<" not in text:
            text = text[:-1].strip()
        if text == before:
            break
    return text


def uri_spellings(text: str) -> list[tuple[str, str]]:
    """Return the texts to look for in `fulluri`, each with the port that the row must have, or none.

    A log's URI has no scheme, no fragment, and neither a path nor a query of one character.
    """
    text = without_wrapping(refang(without_wrapping(text)))
    scheme = _SCHEME.match(text)
    if scheme:
        text = text[scheme.end() :].partition("#")[0]
    text = re.sub(r"\A([^/?]+)/\Z", r"\1", text)
    text = re.sub(r"\A([^/?]+)\.\Z", r"\1", text)
    if text.endswith("?") and len(text) > 1:
        text = text[:-1]
    found = [(text, "")]
    if port := _HOST_PORT.fullmatch(text):
        rest = port["rest"] or ""
        found.append((port["host"] + ("" if rest == "/" else rest), port["port"]))
    for each, of_port in list(found):
        host, slash, rest = re.match(r"([^/?]*)(/?)(.*)", each, re.DOTALL).groups()  # type: ignore[union-attr]
        for name in (host, *other_names(host)):
            found.append((name + slash + rest, of_port))
            if rest.startswith("?"):
                found.append((name + rest, of_port))
    return list(dict.fromkeys(found))


def other_names(host: str) -> list[str]:
    """Return the other spelling of an internationalized name: that of DNS, or that of people."""
    with suppress(UnicodeError):
        if not host.isascii():
            return [idna.encode(host, uts46=True).decode("ascii")]
        if "xn--" in host.lower():
            return [idna.decode(host, uts46=True)]
    return []


def _uri(value: Value, rows: Rows) -> Condition:
    column = rows.column("fulluri")
    if value.exact:
        return equals(column, value.text, null_is_word=True)
    if value.kind is Kind.REGEX:
        return matches(f"coalesce({column}, 'null')", _regex(value.text))
    if value.kind is Kind.QUOTED:
        return contains(column, value.text, null_is_word=True)
    found = []
    for text, port in uri_spellings(value.text):
        condition = contains(column, text, null_is_word=True)
        if port:
            condition = Condition.all([condition, one_of(rows.column("uriport"), [port, f"{port}.0"])])
        found.append(condition)
    return Condition.any(found)


def _referer(value: Value, rows: Rows) -> Condition:
    column = rows.column("referer")
    if value.kind is Kind.PLAIN and not value.exact and value.text.lower() not in (*NO_VALUE, NULL):
        return Condition.any([contains(column, text) for text, port in uri_spellings(value.text) if not port])
    return _text("referer")(value, rows)


def _host(value: Value, rows: Rows) -> Condition:
    column = rows.column("host")
    if value.exact or value.kind is Kind.REGEX or value.text.lower() in (*NO_VALUE, NULL):
        return _text("host")(value, rows)
    text = without_wrapping(refang(without_wrapping(value.text)))
    text = _SCHEME.sub("", text, count=1)
    text = re.split(r"[/?#]", text, maxsplit=1)[0].rsplit("@", 1)[-1].rstrip(".")
    if not text.startswith("[") and text.count(":") == 1:
        text = text.partition(":")[0]
    if "*" in text:
        parts = ".*".join(re.escape(part) for part in text.split("*"))
        return matches(column, f"^{parts}$")
    below = text.startswith(".")
    names = [text.lstrip("."), *other_names(text.lstrip("."))]
    names += [name.strip("[]") for name in names if name.startswith("[")]
    found = [] if below else [one_of(f"lower({column})", [name.lower() for name in names])]
    ends = [re.escape(f".{name.lower()}") for name in names if ":" not in name]
    if ends:
        found.append(matches(column, f"(?:{'|'.join(ends)})$"))
    return Condition.any(found)


def _text(name: str) -> Reader:
    def read(value: Value, rows: Rows) -> Condition:
        column = rows.column(name)
        if value.exact:
            return equals(column, value.text)
        if value.kind is Kind.REGEX:
            return matches(column, _regex(value.text))
        if value.kind is Kind.PLAIN and value.text.lower() in (*NO_VALUE, NULL):
            return has_no_value(column)
        return contains(column, value.text)

    return read


def _client(value: Value, rows: Rows) -> Condition:
    if value.kind is Kind.REGEX:
        return matches(f"coalesce({rows.column('clientip')}, 'null')", _regex(value.text))
    if value.exact or value.kind is Kind.QUOTED:
        return equals(rows.column("clientip"), value.text, null_is_word=True)
    return client_condition(without_wrapping(refang(without_wrapping(value.text))), rows)


def _method(value: Value, rows: Rows) -> Condition:
    if value.kind is Kind.REGEX or value.exact or value.text.lower() in (*NO_VALUE, NULL):
        return _text("reqmethod")(value, rows)
    return one_of(f"upper({rows.column('reqmethod')})", [value.text.upper()])


def _code(value: Value, rows: Rows) -> Condition:
    column, text = rows.column("respcode"), value.text.strip().lower()
    if value.exact or value.kind is Kind.REGEX or text in (*NO_VALUE, NULL):
        return _text("respcode")(value, rows)
    first = f"substr({column}, 1, 3)"
    if match := re.fullmatch(r"([1-9])xx", text):
        return between(first, f"{match[1]}00", f"{match[1]}99")
    if match := re.fullmatch(r"(\d{3})\s*(?:-|\.\.)\s*(\d{3})", text):
        return between(first, match[1], match[2])
    if match := re.fullmatch(r"(>=|<=|>|<|≥|≤)\s*(\d{3})", text):
        low, high = _bounds(match[1], int(match[2]))
        return between(first, f"{max(low, 0):03d}", f"{min(high, 999):03d}")
    if re.fullmatch(r"\d{3}", text):
        return one_of(first, [text])
    if re.fullmatch(r"\d+", text):
        return one_of(column, [text])
    raise _unread("code", value, "code:404, code:4xx, code:400-499, code:>=500")


def _time(value: Value, rows: Rows) -> Condition:
    text = value.text.strip()
    example = "time:10:00-11:30, time:>=22:00, time:09:41:07"
    if value.kind is Kind.REGEX:
        raise _unread("time", value, example)
    if text.lower() in (*NO_VALUE, NULL):
        return has_no_value(rows.column("p_time"))
    first, dash, last = (part.strip() for part in re.sub(r"\s*(?:\.\.|–|—)\s*", "-", text).partition("-"))
    operator, first = _COMPARED.fullmatch(first).groups()  # type: ignore[union-attr]
    low, high = _span(first), _span(last) if dash else None
    if low is None or (dash and (high is None or operator)):
        raise _unread("time", value, example)
    column = day_time(rows.column("p_time"))
    if high is not None:
        # Over midnight, the two ends of the day.
        ends = [between(column, low[0], None), between(column, None, high[1])]
        return Condition.all(ends) if low[0] <= high[1] else Condition.any(ends)
    match operator:
        case ">=" | "≥":
            return between(column, low[0], None)
        case ">":
            return between(column, low[1], None)
        case "<=" | "≤":
            return between(column, None, low[1])
        case "<":
            # No text stands between a time and what begins with it.
            return Condition(f"{column} < ?", (low[0],))
    return between(column, *low)


def _span(clock: str) -> tuple[str, str] | None:
    """Return the first and last text of a time HH, HH:MM or HH:MM:SS; None for another text."""
    match = _CLOCK.fullmatch(clock)
    if not match or int(match[1]) > 24 or any(int(part or 0) > 59 for part in (match[2], match[3])):
        return None
    start = ":".join(part for part in (match[1].zfill(2), match[2], match[3]) if part)
    return start, f"{start}~"


def _size(name: str, column_name: str) -> Reader:
    example = f"{name}:>1000000, {name}:1MB (at least), {name}:=512, {name}:10kB-1MB"

    def read(value: Value, rows: Rows) -> Condition:
        column = rows.column(column_name)
        if value.kind is Kind.REGEX:
            raise _unread(name, value, example)
        if value.text.lower() in (*NO_VALUE, NULL):
            return Condition(f"{column} IS NULL")
        operator, text = _COMPARED.fullmatch(value.text.strip()).groups()  # type: ignore[union-attr]
        sizes = [_size_of(part) for part in re.split(r"\s*(?:-|\.\.)\s*", text)]
        if None in sizes or len(sizes) > (1 if operator or value.exact else 2):
            raise _unread(name, value, example)
        first, *more = (size for size in sizes if size is not None)
        if more:
            return between(column, first, more[0])
        return between(column, *_bounds("=" if value.exact else operator or ">=", first))

    return read


def _size_of(text: str) -> int | None:
    match = _BYTES.fullmatch(text.replace("_", ""))
    if not match:
        return None
    power = " kmgt".index(match[2].lower() or " ")
    unit: int = (1024 if match[3] else 1000) ** power
    return round(float(match[1].replace(",", ".")) * unit)


def _bounds(operator: str, number: int) -> tuple[int, int]:
    """Return the least and the most whole number that an operator allows."""
    match operator:
        case ">=" | "≥":
            return number, _MOST
        case ">":
            return number + 1, _MOST
        case "<=" | "≤":
            return _LEAST, number
        case "<":
            return _LEAST, number - 1
    return number, number


def _risks(value: Value) -> set[int]:
    operator, text = _COMPARED.fullmatch(value.text.strip().lower()).groups()  # type: ignore[union-attr]
    level = _LEVELS.get(text)
    if level is None or value.kind is Kind.REGEX:
        raise _unread("verdict", value, f"verdict:high, verdict:>=medium; one of {', '.join(_LEVELS)}")
    low, high = _bounds(operator or "=", level)
    return {risk for risk in _LEVELS.values() if low <= risk <= high}


def _severities(value: Value) -> set[int]:
    text = value.text.strip().lower()
    if text in ("none", "0", *NO_VALUE, NULL):
        return {0}
    if text == "any":
        return {1, 2, 3}
    operator, text = _COMPARED.fullmatch(text).groups()  # type: ignore[union-attr]
    number = _SEVERITIES.get(text)
    if number is None or value.kind is Kind.REGEX:
        raise _unread("severity", value, "severity:high, severity:>=medium, severity:any, severity:none")
    # 1 is the gravest.
    low, high = _bounds((operator or "=").translate(str.maketrans("<>≤≥", "><≥≤")), number)
    return {severity for severity in (1, 2, 3) if low <= severity <= high}


def _reason(value: Value) -> Condition:
    from proxy_oa_assets.ranking.reasons import known_words

    if value.kind is Kind.REGEX:
        return matches("word", _regex(value.text))
    if value.text.lower() in known_words():
        return has_reason("word", value.text.lower())
    return contains("word", value.text)


def _verdict_term(values: Sequence[Value], rows: Rows, negated: bool) -> Condition:
    return _scored(has_risk("uri_rep", set[int]().union(*map(_risks, values))), rows, negated)


def _reason_term(values: Sequence[Value], rows: Rows, negated: bool) -> Condition:
    return _scored(Condition.any(map(_reason, values)), rows, negated)


def _severity_term(values: Sequence[Value], rows: Rows, negated: bool) -> Condition:
    wanted = set[int]().union(*map(_severities, values))
    return has_severity(rows, {0, 1, 2, 3} - wanted if negated else wanted)


def _scored(condition: Condition, rows: Rows, negated: bool) -> Condition:
    """Return a condition on `proxy_scores` as one on rows: of those of the connections that have it."""
    if rows.table is PROXY:
        return of_scored_connection(rows, condition, negated=negated)
    return condition.negated() if negated else condition


def _regex(text: str) -> str:
    """Return a regular expression that all engines read alike, in any case."""
    import duckdb

    if found := re.search(r"\(\?(?:[=!<>P]|#)|\\[1-9Z]|[*+?}]\+", re.sub(r"\\\\", "", text)):
        raise InvestigationError(
            f"/{text}/ has {found[0]}, which not every SQL engine knows: no look-around, back-references, "
            f"possessive repeats and named groups; write it without"
        )
    pattern = f"(?i){text}".replace(r"\/", "/")
    try:
        ((empty,),) = duckdb.execute("SELECT regexp_matches('', ?)", [pattern]).fetchall()
    except duckdb.Error as error:
        reason = str(error).partition(": ")[2] or str(error)
        raise InvestigationError(
            f"/{text}/ is no regular expression ({reason}); correct it, or write it in quotes as plain text"
        ) from error
    if empty:
        raise InvestigationError(f"/{text}/ matches an empty text, and so every row; let it need a character")
    return pattern


def _unread(field: str, value: Value, example: str) -> InvestigationError:
    return InvestigationError(f"{field}:{value.text} can't be read; write it like {example}")


def _any(read: Reader) -> TermReader:
    """Return a reader of terms of which one value must match."""

    def condition(values: Sequence[Value], rows: Rows, negated: bool) -> Condition:
        found = Condition.any(read(value, rows) for value in values)
        return found.negated() if negated else found

    return condition


_TEXT = {name: _any(_text(name)) for name in ("resconttype", "useragent", "username", "webcat")}
URI = Field("fulluri", _any(_uri), ("url", "fulluri"), "uri:evil.example/gate")
FIELDS: Mapping[str, Field] = {
    "client": Field("clientip", _any(_client), ("clientip", "src", "ip"), "client:10.55.0.0/20"),
    "host": Field("host", _any(_host), ("domain",), "host:example.com"),
    "uri": URI,
    "method": Field("reqmethod", _any(_method), ("reqmethod",), "method:POST"),
    "code": Field("respcode", _any(_code), ("status", "respcode"), "code:4xx"),
    "type": Field("resconttype", _TEXT["resconttype"], ("content_type", "resconttype"), "type:flash"),
    "agent": Field("useragent", _TEXT["useragent"], ("useragent", "user_agent", "ua"), "agent:curl"),
    "referer": Field("referer", _any(_referer), ("referrer",), "referer:-"),
    "user": Field("username", _TEXT["username"], ("username",), "user:anna"),
    "category": Field("webcat", _TEXT["webcat"], ("webcat", "cat"), "category:news"),
    "time": Field("p_time", _any(_time), ("p_time",), "time:10:00-11:30"),
    "sent": Field("csbytes", _any(_size("sent", "csbytes")), ("csbytes",), "sent:>1MB"),
    "received": Field("scbytes", _any(_size("received", "scbytes")), ("scbytes",), "received:>1MB"),
    "verdict": Field("uri_rep", _verdict_term, ("rep", "reputation", "uri_rep"), "verdict:>=medium"),
    "reason": Field("word", _reason_term, ("word",), "reason:beacon"),
    "severity": Field("uri_sev", _severity_term, ("sev", "uri_sev"), "severity:high"),
}
# Their values can hold commas.
LISTS_OF_URIS = ("uri", "referer")
_BY_KEY = {also: name for name, field in FIELDS.items() for also in (name, *field.also)}


def field_of(key: str) -> str | None:
    """Return the field that a key names, in any case; None for none."""
    return _BY_KEY.get(key.lower().replace("-", "_"))
