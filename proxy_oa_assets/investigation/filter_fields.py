"""The fields of a filter, and what the values of each mean as a condition on rows."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from proxy_oa_assets.investigation.client_ranges import client_condition, is_address
from proxy_oa_assets.investigation.filter_text import Kind, Value
from proxy_oa_assets.investigation.filter_values import (
    between_numbers,
    clock,
    compared,
    ends,
    is_nothing,
    regex,
    sizes,
    unread,
)
from proxy_oa_assets.investigation.pasted_uris import host_spellings, refanged, uri_spellings
from proxy_oa_assets.investigation.scored_fields import reason_term, severity_term, verdict_term
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.model.text import excerpt
from proxy_oa_assets.model.tsv import NULL
from proxy_oa_assets.sql.conditions import (
    Condition,
    Rows,
    between,
    contains,
    day_time,
    equals,
    has_no_value,
    matches,
    one_of,
)

# Returns the condition of a value.
_Reader = Callable[[Value, Rows], Condition]
# So many parts of URIs are searched for one by one.
_FEW = 4
# Engines refuse an expression whose program is too large.
_LONGEST_PATTERN = 20_000
# Columns whose fields read `*` on their own.
_WITH_WILDCARDS = ("clientip", "host", "fulluri", "referer")
_CODE = re.compile(r"([1-9])xx|\d{3}")


class _Term(Protocol):
    def __call__(self, values: Sequence[Value], rows: Rows, *, negated: bool) -> Condition: ...


@dataclass(frozen=True)
class Field:
    """A field: how the values of a term become a condition, an example, and its other names."""

    term: _Term
    example: str
    also: tuple[str, ...] = ()


def _text(name: str, read: _Reader | None = None, *, word_null: bool = False) -> _Term:
    """Return a term on a text column; `read` reads what is neither exact nor a regex, nor says no value.

    `word_null`: NULL is the word `null` and a value like others, as in URI and client. Without `read`, a
    value is a part of the column's.
    """

    def condition(value: Value, rows: Rows) -> Condition:
        column = rows.column(name)
        if value.kind is Kind.REGEX:
            return matches(f"coalesce({column}, 'null')" if word_null else column, regex(value))
        if is_nothing(value) and not word_null:
            return has_no_value(column)
        if value.kind is Kind.PLAIN and "*" in value.text and name not in _WITH_WILDCARDS:
            raise InvestigationError(
                f"{excerpt(value.text)} has a *, which is no wildcard here; write it without, or as a "
                f"regular expression between slashes; in quotes, * is a character"
            )
        return read(value, rows) if read else contains(column, value.text)

    def term(values: Sequence[Value], rows: Rows, *, negated: bool) -> Condition:
        # However many rows an analyst selects, their values are one list.
        exact = [value.text for value in values if value.exact]
        listed = [one_of(rows.column(name), exact, null_is_word=True)] if exact else []
        others = [condition(value, rows) for value in values if not value.exact]
        found = Condition.any([*listed, *others])
        return found.negated() if negated else found

    return term


def _uri(value: Value, rows: Rows) -> Condition:
    column = rows.column("fulluri")
    if value.kind is Kind.QUOTED:
        return contains(column, value.text, null_is_word=True)
    found = []
    for text, port in uri_spellings(value.text):
        has_text = contains(column, text, null_is_word=True)
        # A log can have read ports as numbers.
        has_port = [one_of(rows.column("uriport"), [port, f"{port}.0"])] if port else []
        found.append(Condition.all([has_text, *has_port]))
    if value.kind is Kind.ANYWHERE and is_address(address := refanged(value.text)):
        found.append(client_condition(address, rows))
    return Condition.any(found)


_each_uri = _text("fulluri", _uri, word_null=True)


def _uris(values: Sequence[Value], rows: Rows, *, negated: bool) -> Condition:
    """Return the condition of URIs; many parts are one expression, which an engine searches for at once."""
    parts: dict[Value, list[str]] = {}
    for value in values:
        spelled = [] if value.exact or value.kind is Kind.REGEX else _plain_parts(value)
        if spelled:
            parts[value] = spelled
    pattern = "|".join(re.escape(part) for spelled in parts.values() for part in spelled)
    if len(parts) <= _FEW or len(pattern) > _LONGEST_PATTERN:
        return _each_uri(values, rows, negated=negated)
    others = [value for value in values if value not in parts]
    listed = [_each_uri(others, rows, negated=False)] if others else []
    found = Condition.any([matches(rows.column("fulluri"), f"(?i){pattern}"), *listed])
    return found.negated() if negated else found


def _plain_parts(value: Value) -> list[str]:
    """Return the parts of which a URI must have one; none for a value that asks for more."""
    quoted = value.kind is Kind.QUOTED
    spelled = [(value.text, "")] if quoted else uri_spellings(value.text)
    if not quoted and is_address(refanged(value.text)):
        return []
    plain = all(
        text.isascii() and text.isprintable() and not port and text.lower() not in NULL
        for text, port in spelled
    )
    return [text for text, _ in spelled] if plain else []


def _referer(value: Value, rows: Rows) -> Condition:
    column = rows.column("referer")
    if value.kind is Kind.QUOTED:
        return contains(column, value.text)
    # A referer has its port.
    return Condition.any(contains(column, text) for text, port in uri_spellings(value.text) if not port)


def _host(value: Value, rows: Rows) -> Condition:
    """Return the condition of a host and those below it; `.` before it asks for those below, `*` for any."""
    column = rows.column("host")
    names = host_spellings(value.text)
    if "*" in names[0].removeprefix("*."):
        return Condition.any(matches(column, f"(?i)^{_wildcard(name)}$") for name in names)
    below = names[0].startswith((".", "*."))
    names = [name.removeprefix("*").lstrip(".") for name in names]
    found = [] if below else [one_of(f"lower({column})", names)]
    if tails := [re.escape(name) for name in names if ":" not in name]:
        found.append(matches(column, rf"(?i)\.(?:{'|'.join(tails)})$"))
    return Condition.any(found)


def _wildcard(name: str) -> str:
    return ".*".join(re.escape(part) for part in name.split("*"))


def _client(value: Value, rows: Rows) -> Condition:
    if value.kind is Kind.QUOTED:
        return equals(rows.column("clientip"), value.text, null_is_word=True)
    return client_condition(refanged(value.text), rows)


def _method(value: Value, rows: Rows) -> Condition:
    return one_of(f"upper({rows.column('reqmethod')})", [value.text.upper()])


def _code(value: Value, rows: Rows) -> Condition:
    operator, text = compared(value)
    column, limits = rows.column("respcode"), ends(text)
    # A code that passed through a column of doubles is 404.0.
    code = f"substr({column}, 1, 3)"
    if text.isdecimal() and not _CODE.fullmatch(text):
        return one_of(column, [text])
    if not all(_CODE.fullmatch(limit) for limit in limits) or (operator and len(limits) > 1):
        raise unread("code", value, "code:404, code:4xx, code:400-499 or code:>=500")
    low, high = limits[0].replace("xx", "00"), limits[-1].replace("xx", "99")
    if not operator and low > high:
        raise unread("code", value, "code:400-499, the lower one first")
    if operator:
        least, _ = between_numbers(operator, int(high if operator == ">" else low))
        _, most = between_numbers(operator, int(low if operator == "<" else high))
        low, high = f"{max(least, 0):03d}", f"{min(most, 999):03d}"
    return between(code, low, high)


def _time(value: Value, rows: Rows) -> Condition:
    operator, text = compared(value)
    column, limits = day_time(rows.column("p_time")), [clock(end) for end in ends(text)]
    low, high = limits[0], limits[-1]
    if low is None or high is None or (operator and len(limits) > 1):
        raise unread("time", value, "time:10:00-11:30, time:>=22:00 or time:09:41:07")
    # `10:00` is the whole minute: `~` follows each character of a time.
    after = f"{high}~"
    match operator:
        case ">":
            return between(column, after, None)
        case ">=":
            return between(column, low, None)
        case "<=":
            return between(column, None, after)
        case "<":
            return Condition(f"{column} < ?", (low,))
    # Over midnight, the two ends of the day.
    join = Condition.all if low <= after else Condition.any
    return join([between(column, low, None), between(column, None, after)])


def _size(field: str, name: str) -> _Term:
    def condition(value: Value, rows: Rows) -> Condition:
        column = rows.column(name)
        if is_nothing(value):
            return Condition(f"{column} IS NULL")
        limits = sizes(value)
        if limits is None:
            raise unread(
                field,
                value,
                f"{field}:>1000000, {field}:1MB (at least), {field}:=512 or {field}:1kB-1MB, the lower first",
            )
        return between(column, *limits)

    def term(values: Sequence[Value], rows: Rows, *, negated: bool) -> Condition:
        found = Condition.any(condition(value, rows) for value in values)
        return found.negated() if negated else found

    return term


FIELDS: Mapping[str, Field] = {
    "client": Field(
        _text("clientip", _client, word_null=True), "client:10.55.0.0/20", ("clientip", "src", "ip")
    ),
    "host": Field(_text("host", _host), "host:example.com", ("domain",)),
    "uri": Field(_uris, "uri:example.com/gate", ("url", "fulluri")),
    "method": Field(_text("reqmethod", _method), "method:POST", ("reqmethod",)),
    "code": Field(_text("respcode", _code), "code:4xx", ("status", "respcode")),
    "type": Field(_text("resconttype"), "type:flash", ("content_type", "resconttype")),
    "agent": Field(_text("useragent"), 'agent:"Windows NT 5"', ("useragent", "user_agent", "ua")),
    "referer": Field(_text("referer", _referer), "referer:-", ("referrer",)),
    "user": Field(_text("username"), "user:anna", ("username",)),
    "category": Field(_text("webcat"), "category:news", ("webcat", "cat")),
    "time": Field(_text("p_time", _time), "time:10:00-11:30", ("p_time",)),
    "sent": Field(_size("sent", "csbytes"), "sent:>1MB", ("csbytes",)),
    "received": Field(_size("received", "scbytes"), "received:>1MB", ("scbytes",)),
    "verdict": Field(verdict_term, "verdict:>=medium", ("reputation", "uri_rep")),
    "reason": Field(reason_term, "reason:beacon", ("word",)),
    "severity": Field(severity_term, "severity:high", ("sev", "uri_sev")),
}
# The field that each key names.
FIELD_OF = {key: name for name, field in FIELDS.items() for key in (name, *field.also)}
