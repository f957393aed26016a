"""The fields of a filter that only scored connections have: verdict, reason and severity.

On raw rows they mean the rows of these connections, and the severity that of the row's URI.
"""

import re
from collections.abc import Sequence

from proxy_oa_assets.enrichment.reputation.verdict import Risk
from proxy_oa_assets.enrichment.score_columns import Severity
from proxy_oa_assets.investigation.filter_text import Kind, Value
from proxy_oa_assets.investigation.filter_values import between_numbers, compared, is_nothing, regex, unread
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.model.tables import PROXY
from proxy_oa_assets.model.text import excerpt
from proxy_oa_assets.ranking.reasons import known_words
from proxy_oa_assets.sql.conditions import (
    Condition,
    Rows,
    contains,
    has_no_value,
    has_reason,
    has_risk,
    has_severity,
    matches,
    of_scored_connection,
)

_NONE_GIVEN = 0
_NAME = re.compile(r"[a-z][a-z0-9_-]*")
# 1 is the gravest severity, and 3 the gravest risk.
_GRAVER = str.maketrans("<>", "><")


def verdict_term(values: Sequence[Value], rows: Rows, *, negated: bool) -> Condition:
    """Return the condition of rows of connections whose gravest verdict is one of some."""
    return _of_scored(Condition.any(map(_verdict, values)), rows, negated=negated)


def reason_term(values: Sequence[Value], rows: Rows, *, negated: bool) -> Condition:
    """Return the condition of rows of connections whose word has one of some reasons."""
    return _of_scored(Condition.any(map(_reason, values)), rows, negated=negated)


def severity_term(values: Sequence[Value], rows: Rows, *, negated: bool) -> Condition:
    """Return the condition of rows whose URI has one of some severities."""
    wanted = set[int]().union(*map(_severities, values))
    return has_severity(rows, {_NONE_GIVEN, *Severity} - wanted if negated else wanted)


def _of_scored(condition: Condition, rows: Rows, *, negated: bool) -> Condition:
    """Return a condition on `proxy_scores` as one on rows of either table."""
    if rows.table is PROXY:
        return of_scored_connection(rows, condition, negated=negated)
    return condition.negated() if negated else condition


def _verdict(value: Value) -> Condition:
    if is_nothing(value):
        return has_no_value("uri_rep")
    operator, text = compared(value)
    named = {risk.name.lower(): risk for risk in Risk}
    if text not in named or value.kind is Kind.REGEX:
        raise unread("verdict", value, f"verdict:high or verdict:>=medium; there are {', '.join(named)}")
    least, most = between_numbers(operator, named[text])
    if not (found := [risk for risk in Risk if least <= risk <= most]):
        raise unread("verdict", value, f"verdict:high; there are {', '.join(named)}, and nothing beyond")
    return has_risk("uri_rep", found)


def _reason(value: Value) -> Condition:
    if value.kind is Kind.REGEX:
        return matches("word", regex(value))
    if is_nothing(value):
        return has_no_value("word")
    name, names = value.text.lower(), known_words()
    if name in names:
        return has_reason("word", name)
    if value.kind is Kind.PLAIN and _NAME.fullmatch(name) and not any(name in known for known in names):
        raise InvestigationError(
            f"reason:{excerpt(value.text)} is no reason; there are {', '.join(names)}. A part of "
            f'another ranking\'s word stands in quotes: reason:"{excerpt(value.text)}"'
        )
    return contains("word", value.text)


def _severities(value: Value) -> set[int]:
    operator, text = compared(value)
    if is_nothing(value) or text in ("none", "0"):
        return {_NONE_GIVEN}
    if text == "any":
        return set(Severity)
    named = {key: severity for severity in Severity for key in (severity.name.lower(), str(severity.value))}
    if text not in named or value.kind is Kind.REGEX:
        raise unread("severity", value, "severity:high, severity:>=medium, severity:any or severity:none")
    least, most = between_numbers(operator.translate(_GRAVER), named[text])
    if not (found := {severity.value for severity in Severity if least <= severity <= most}):
        raise unread("severity", value, "severity:high or severity:low; nothing is beyond these")
    return found
