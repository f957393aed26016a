"""Sigma's conditions as portable SQL over a request.

Comparisons ignore case, as Sigma's do, except regular expressions and `cased`; they read a text's lower-case
form. Patterns that DuckDB, Impala, Hive and Spark can't all be asked are refused with UnportableError.
"""

import re
from collections.abc import Sequence
from ipaddress import IPv4Network

import re2
from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.types import (
    CompareOperators,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SigmaType,
    SpecialChars,
)

from proxy_oa_assets.ranking.voices.condition import Condition, Sql, all_of, any_of, none_of
from proxy_oa_assets.ranking.voices.sigma_fields import FIELDS, KEYWORDS

_OPERATORS = {
    CompareOperators.LT: "<",
    CompareOperators.LTE: "<=",
    CompareOperators.GT: ">",
    CompareOperators.GTE: ">=",
    CompareOperators.NEQ: "<>",
}
# Java's expressions read these otherwise than RE2 does, on which DuckDB and Impala stand.
_DIFFERS_IN_JAVA = re.compile(
    r"\(\?P<|\\[Cv]|\(\?[a-z]*U|&&|(?<!\\)\[\^?\]?(?:\\.|[^\]\\\[])*\[",
)


class UnportableError(ValueError):
    """A condition that not every engine can be asked; the message says which."""


def lowered(name: str) -> str:
    """Return the column with a text's lower-case form."""
    return f"{name}_lower"


def condition_of(parsed: object, missing: set[str]) -> Condition:
    """Return a parsed condition of a rule as SQL; add the fields that `proxy` doesn't have to `missing`."""
    match parsed:
        case ConditionOR():
            return any_of(condition_of(argument, missing) for argument in parsed.args)
        case ConditionAND():
            return all_of([condition_of(argument, missing) for argument in parsed.args])
        case ConditionNOT():
            return none_of(condition_of(parsed.args[0], missing))
        case ConditionFieldEqualsValueExpression():
            return _matches(parsed.value, _texts(parsed.field, missing), missing)
        case ConditionValueExpression():
            return _matches(_as_keyword(parsed.value), KEYWORDS, missing)
    raise UnportableError(f"its condition has a {type(parsed).__name__}")


def _texts(field: str, missing: set[str]) -> tuple[str, ...]:
    texts = FIELDS.get(field.lower(), ())
    if not texts:
        missing.add(field)
    return texts


def _as_keyword(value: SigmaType) -> SigmaType:
    """Return what is searched anywhere in the request's texts."""
    if isinstance(value, SigmaExpansion):
        return SigmaExpansion([_as_keyword(one) for one in value.values])
    if isinstance(value, SigmaNumber | SigmaBool):
        value = SigmaString(str(value))
    if isinstance(value, SigmaString):
        # In parts, so that an escaped wildcard stays one.
        return SpecialChars.WILDCARD_MULTI + value + SpecialChars.WILDCARD_MULTI
    return value


def _matches(value: SigmaType, texts: Sequence[str], missing: set[str]) -> Condition:
    """Return the condition that one of a field's texts matches."""
    match value:
        case SigmaExpansion():
            return any_of([_matches(one, texts, missing) for one in value.values])
        case SigmaNull():
            return none_of(any_of(map(_exists, texts)))
        case SigmaExists():
            exists = any_of(map(_exists, texts))
            return exists if value.exists else none_of(exists)
        case SigmaFieldReference():
            others = _texts(value.field, missing)
            return any_of(_refers(value, text, other) for text in texts for other in others)
    return any_of(_holds(value, text) for text in texts)


def _holds(value: SigmaType, text: str) -> Condition:
    match value:
        case SigmaCasedString():
            return _like(value, text, text)
        case SigmaString():
            return _like(value.lower(), lowered(text), text)
        case SigmaRegularExpression():
            return _found(text, text, _portable_pattern(value))
        case SigmaCIDRExpression():
            return _found(lowered(text), text, _network_pattern(value))
        case SigmaCompareExpression():
            return _compares(value, text)
        case SigmaNumber() | SigmaBool() if not isinstance(value, SigmaTimestampPart):
            return _sql(lowered(text), "{0} = ?", text, str(value).lower())
    raise UnportableError(f"it has a {type(value).__name__}, which no field of proxy can be compared with")


def _sql(column: str, pattern: str, text: str, *values: str | float) -> Sql:
    return Sql(f"({pattern.format(column)})", values, frozenset((text,)))


def _exists(text: str) -> Sql:
    return _sql(text, "{0} <> ''", text)


def _like(value: SigmaString, column: str, text: str) -> Condition:
    """Return the condition that a column matches a value as a whole, wildcards and all."""
    many = SpecialChars.WILDCARD_MULTI
    parts = [
        part
        for part, before in zip(value.s, [None, *value.s], strict=False)
        if (part, before) != (many, many)
    ]
    match parts:
        case [] | ["-"]:
            return none_of(_exists(text))
        case [SpecialChars.WILDCARD_MULTI]:
            return _exists(text)
        case [str(plain)]:
            form = "{0} = ?"
        case [str(plain), SpecialChars.WILDCARD_MULTI]:
            form = "substr({0}, 1, length(?)) = ?"
        case [SpecialChars.WILDCARD_MULTI, str(plain)]:
            form = "substr({0}, 0 - length(?)) = ?"
        case [SpecialChars.WILDCARD_MULTI, str(plain), SpecialChars.WILDCARD_MULTI]:
            form = "instr({0}, ?) > 0"
        case _:
            return _found(column, text, rf"(?s)^{''.join(map(_as_pattern, parts))}\z")
    return _sql(column, form, text, *[plain] * form.count("?"))


def _as_pattern(part: object) -> str:
    match part:
        case str(plain):
            return _literally(plain)
        case SpecialChars.WILDCARD_MULTI:
            return ".*"
        case SpecialChars.WILDCARD_SINGLE:
            return "."
    raise UnportableError(f"it has the placeholder %{getattr(part, 'name', part)}%, which it doesn't define")


def _literally(plain: str) -> str:
    """Return the expression of a text, its own signs alone escaped: engines don't agree on others."""
    return re.sub(r"[\\^$.|?*+()\[\]{}]", r"\\\g<0>", plain)


def _found(column: str, text: str, pattern: str) -> Sql:
    # The one function of the kind that all engines have. What matched is never the empty text.
    return _sql(column, "regexp_extract({0}, ?, 0) <> ''", text, pattern)


def _portable_pattern(value: SigmaRegularExpression) -> str:
    # pySigma takes any value of YAML for a text here.
    if not isinstance(value.regexp, SigmaString):
        raise UnportableError(f"its regular expression {value.regexp!r:.80} is no text; put it in quotes")
    if value.contains_placeholder():
        raise UnportableError(f"its regular expression {value.regexp} has a placeholder")
    pattern = value.escape(escape_escape_char=False)
    if _DIFFERS_IN_JAVA.search(pattern):
        raise UnportableError(f"engines read its regular expression differently: {pattern}")
    if re2.search(pattern, ""):
        raise UnportableError(f"its regular expression also matches an empty text: {pattern}")
    return pattern


def _network_pattern(value: SigmaCIDRExpression) -> str:
    """Return the expression of a network's addresses; IPv6 ones as RFC 5952 writes them."""
    many, one = (
        ("[0-9.]+", "[0-9]") if isinstance(value.network, IPv4Network) else ("[0-9a-f:.]+", "[0-9a-f]")
    )
    alternatives = (
        "".join({"*": many, "?": one}.get(sign) or _literally(sign) for sign in pattern)
        for pattern in value.expand()
    )
    return rf"^(?:{'|'.join(alternatives)})\z"


def _compares(value: SigmaCompareExpression, text: str) -> Condition:
    # The CAST can't fail: what it is given are digits, or NULL, which the first condition leaves out.
    digits = "regexp_extract({0}, '^(-|)[0-9]{{1,15}}$', 0)"
    number = f"CAST(CASE WHEN {digits} <> '' THEN {{0}} ELSE NULL END AS BIGINT)"
    return _sql(text, f"{digits} <> '' AND {number} {_OPERATORS[value.op]} ?", text, value.number.number)


def _refers(value: SigmaFieldReference, text: str, other: str) -> Sql:
    one, two = lowered(text), lowered(other)
    match value.starts_with, value.ends_with:
        case False, False:
            matches = f"{one} = {two}"
        case True, False:
            matches = f"substr({one}, 1, length({two})) = {two}"
        case False, True:
            matches = f"substr({one}, 0 - length({two})) = {two}"
        case _:
            matches = f"instr({one}, {two}) > 0"
    return Sql(f"({two} <> '' AND {matches})", (), frozenset((text, other)))
