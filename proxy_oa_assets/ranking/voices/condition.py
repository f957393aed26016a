"""Conditions of SQL with bound values, put together by and, or and not.

A condition that is the same for every request is a bool. No condition is NULL, so that `not` is the opposite.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Sql:
    """A condition, its bound values, and the texts (`sigma_fields.py`) that it reads."""

    text: str
    values: tuple[str | int | float, ...] = ()
    reads: frozenset[str] = frozenset()


Condition = Sql | bool


def any_of(conditions: Iterable[Condition]) -> Condition:
    """Return the condition that one of them holds."""
    return _joined(conditions, "OR", decides=True)


def all_of(conditions: Iterable[Condition]) -> Condition:
    """Return the condition that each of them holds."""
    return _joined(conditions, "AND", decides=False)


def none_of(condition: Condition) -> Condition:
    """Return the condition that one doesn't hold."""
    if isinstance(condition, bool):
        return not condition
    return Sql(f"(NOT {condition.text})", condition.values, condition.reads)


def balanced(texts: Sequence[str], join: Callable[[str, str], str]) -> str:
    """Join texts pairwise: engines limit how deep an expression may be, and rules list hundreds of values."""
    if len(texts) == 1:
        return texts[0]
    middle = len(texts) // 2
    return join(balanced(texts[:middle], join), balanced(texts[middle:], join))


def _joined(conditions: Iterable[Condition], operator: str, *, decides: bool) -> Condition:
    open_ones: list[Sql] = []
    for condition in conditions:
        if isinstance(condition, Sql):
            open_ones.append(condition)
        elif condition is decides:
            return decides
    if not open_ones:
        return not decides
    return Sql(
        balanced([sql.text for sql in open_ones], lambda left, right: f"({left} {operator} {right})"),
        tuple(value for sql in open_ones for value in sql.values),
        frozenset().union(*(sql.reads for sql in open_ones)),
    )
