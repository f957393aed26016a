"""Sigma's semantics in Python, over one request, to compare the SQL with.

It reads the rule's own tree, as pySigma parsed it, and shares nothing with the SQL: wildcards are matched
character by character, networks by `ipaddress`, regular expressions by `re`.
"""

import ipaddress
import re

from sigma.collection import SigmaCollection
from sigma.conditions import ConditionAND, ConditionFieldEqualsValueExpression, ConditionNOT, ConditionOR
from sigma.types import (
    CompareOperators,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaRegularExpression,
    SigmaString,
    SpecialChars,
)

_COLUMNS = {
    "c-uri-stem": "uripath",
    "c-uri-extension": "uriextension",
    "c-useragent": "useragent",
    "cs-method": "reqmethod",
    "cs-host": "host",
    "r-dns": "host",
    "sc-status": "respcode",
    "cs-referrer": "referer",
    "src_ip": "clientip",
    "dst_ip": "serverip",
    "cs-bytes": "csbytes",
    "sc-bytes": "scbytes",
}
_SEARCHED = "clientip username reqmethod useragent referer respcode resconttype serverip".split()


def parsed_rule(text):
    """Return a rule's condition as pySigma reads it."""
    return SigmaCollection.from_yaml(text).rules[0].detection.parsed_condition[0].parsed


def holds(tree, request) -> bool:
    """Return whether a condition holds for a request, a dict of `proxy`'s columns."""
    match tree:
        case ConditionAND():
            return all(holds(part, request) for part in tree.args)
        case ConditionOR():
            return any(holds(part, request) for part in tree.args)
        case ConditionNOT():
            return not holds(tree.args[0], request)
        case ConditionFieldEqualsValueExpression():
            return _field_matches(tree.value, _values(tree.field, request), request)
    line = " ".join([*(_plain(request[name]) for name in _SEARCHED), _values("c-uri", request)[0]])
    return _found_in(tree.value, line)


def _plain(value):
    return "" if value in (None, "-") else str(value)


def _values(field, request):
    if field in ("c-uri", "cs-uri"):
        rest = _plain(request["fulluri"])
        scheme = _plain(request["urischeme"]) or ("https" if request["uriport"] == "443" else "http")
        return [scheme + "://" + rest + "/" * (request["fulluri"] == request["host"]) if rest else "", rest]
    if field == "c-uri-query":
        query = _plain(request["uriquery"])
        return [query.removeprefix("?") if query[:1] == "?" else query, query]
    return [_plain(request[_COLUMNS[field]])] if field in _COLUMNS else []


def _field_matches(value, texts, request):
    match value:
        case SigmaExpansion():
            return any(_field_matches(one, texts, request) for one in value.values)
        case SigmaNull():
            return not any(texts)
        case SigmaExists():
            return value.exists == any(texts)
        case SigmaString() if not value.s or value.s == ["-"]:
            return not any(texts)
        case SigmaFieldReference():
            others = [other.lower() for other in _values(value.field, request) if other]
            ways = {
                (False, False): str.__eq__,
                (True, False): str.startswith,
                (False, True): str.endswith,
                (True, True): str.__contains__,
            }
            way = ways[value.starts_with, value.ends_with]
            return any(way(text.lower(), other) for text in texts for other in others)
    return any(_matches(value, text) for text in texts)


def _matches(value, text):
    match value:
        case SigmaCasedString():
            return text != "" and _wild(_signs(value), text)
        case SigmaString():
            return text != "" and _wild(_signs(value.lower()), text.lower())
        case SigmaRegularExpression():
            flags = {flag.name: flag for flag in (re.IGNORECASE, re.MULTILINE, re.DOTALL)}
            chosen = sum(flags[flag.name] for flag in value.flags)
            return re.search(str(value.regexp), text, chosen) is not None
        case SigmaCIDRExpression():
            return _within(text, value.network)
        case SigmaCompareExpression():
            return re.fullmatch("-?[0-9]+", text) is not None and _compares(int(text), value)
    return text.lower() == str(value).lower()


def _within(text, network):
    try:
        return ipaddress.ip_address(text) in network
    except ValueError:
        return False


def _compares(one, value):
    other = value.number.number
    return {
        CompareOperators.LT: one < other,
        CompareOperators.LTE: one <= other,
        CompareOperators.GT: one > other,
        CompareOperators.GTE: one >= other,
        CompareOperators.NEQ: one != other,
    }[value.op]


def _found_in(value, line):
    match value:
        case SigmaExpansion():
            return any(_found_in(one, line) for one in value.values)
        case SigmaRegularExpression():
            return _matches(value, line)
        case SigmaString():
            return any(_wild([*_signs(value.lower()), "*"], line.lower()[at:]) for at in range(len(line) + 1))
    return str(value).lower() in line.lower()


def _signs(value):
    """Return a pattern's characters; wildcards are strings, characters are numbers."""
    wild = {SpecialChars.WILDCARD_MULTI: "*", SpecialChars.WILDCARD_SINGLE: "?"}
    return [
        sign for part in value.s for sign in ([wild[part]] if part in wild else [ord(char) for char in part])
    ]


def _wild(signs, text):
    reached = {0}
    for sign in signs:
        if sign == "*":
            reached = set(range(min(reached, default=len(text) + 1), len(text) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(text) and sign in ("?", ord(text[at]))}
    return len(text) in reached
