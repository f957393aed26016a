"""Conditions on rows of `proxy` and `proxy_scores`, in the portable subset, with their bound values.

A condition is NULL for a row without a value, which selects nothing; negated, it selects that row.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY_SCORES, PROXY_THREAT_INVESTIGATION, Table
from proxy_oa_assets.model.tsv import NULL
from proxy_oa_assets.sql.query import CLIENT, NO_VALUE, URI, Values, of_day

# What the columns of `proxy` are called in `proxy_scores`.
_SCORES_NAMES = {"p_date": "tdate", "p_time": "time"}


@dataclass(frozen=True)
class Condition:
    """SQL and its bound values."""

    sql: str
    values: Values = ()

    @classmethod
    def all(cls, conditions: Iterable[Condition]) -> Condition:
        """Return the condition that each of them holds; of none, that of every row."""
        return cls._joined(conditions, " AND ", EVERY_ROW)

    @classmethod
    def any(cls, conditions: Iterable[Condition]) -> Condition:
        """Return the condition that one of them holds; of none, that of no row."""
        return cls._joined(conditions, " OR ", NO_ROW)

    @classmethod
    def _joined(cls, conditions: Iterable[Condition], word: str, of_none: Condition) -> Condition:
        # Those that say nothing would only hide a condition that an engine tests while it reads.
        first, *more = [each for each in conditions if each != of_none] or [of_none]
        if not more:
            return first
        parts = (first, *more)
        return cls(
            f"({word.join(each.sql for each in parts)})",
            tuple(chain.from_iterable(each.values for each in parts)),
        )

    def negated(self) -> Condition:
        """Return the condition of all other rows, those without a value too."""
        return Condition(f"CASE WHEN {self.sql} THEN 0 ELSE 1 END = 1", self.values)


EVERY_ROW = Condition("1 = 1")
NO_ROW = Condition("1 = 0")


def _no_clients() -> Sequence[str]:
    return ()


@dataclass(frozen=True)
class Rows:
    """The rows of a table that conditions are about. `clients` returns the day's distinct clients."""

    table: Table
    day: Day
    alias: str = ""
    clients: Callable[[], Sequence[str]] = field(default=_no_clients)

    def column(self, name: str) -> str:
        """Return the expression of a column, by its name in `proxy`."""
        own = _SCORES_NAMES.get(name, name) if self.table is PROXY_SCORES else name
        return f"{self.alias}.{own}" if self.alias else own

    @property
    def name(self) -> str:
        """What the expressions of `query.py` call the rows."""
        return self.alias or self.table.name


def day_time(column: str) -> str:
    """Return a time as HH:MM:SS, also where the log has H:MM:SS."""
    return f"CASE WHEN {column} LIKE '_:%' THEN concat('0', {column}) ELSE {column} END"


def equals(column: str, text: str, *, null_is_word: bool = False) -> Condition:
    """Return the condition of a value that is a text; `null_is_word`: NULL is the word `null`."""
    # No coalesce around the column: the engines couldn't test the condition while they read.
    if null_is_word and text == NULL:
        return Condition(f"({column} = ? OR {column} IS NULL)", (text,))
    return Condition(f"{column} = ?", (text,))


def has_part(column: str, text: str, *, null_is_word: bool = False) -> Condition:
    """Return the condition of a value that has a part."""
    null = " OR {0} IS NULL" if null_is_word and text in NULL else ""
    return Condition(f"(instr({column}, ?) > 0{null.format(column)})", (text,))


def contains(column: str, text: str, *, null_is_word: bool = False) -> Condition:
    """Return the condition of a value that has a part, in any case."""
    found = has_part(f"lower({column})", text.lower(), null_is_word=null_is_word)
    # Impala's lower() changes ASCII letters alone.
    return found if text.isascii() else Condition.any([found, has_part(column, text)])


def matches(column: str, pattern: str) -> Condition:
    """Return the condition of a value in which a regular expression finds a text that isn't empty."""
    return Condition(f"regexp_extract({column}, ?, 0) <> ''", (pattern,))


def begins_with(column: str, prefix: str) -> Condition:
    """Return the condition of a value that begins with a text, which has no wildcard of LIKE."""
    return Condition(f"{column} LIKE ?", (f"{prefix}%",))


def one_of(column: str, values: Collection[str], *, null_is_word: bool = False) -> Condition:
    """Return the condition of a value that is one of several; `null_is_word` as in `equals`."""
    if not values:
        return NO_ROW
    among = f"{column} IN ({', '.join('?' * len(values))})"
    if null_is_word and NULL in values:
        among = f"({among} OR {column} IS NULL)"
    return Condition(among, tuple(values))


def one_of_or_null(column: str, values: Sequence[str | None]) -> Condition:
    """Return the condition of a value that is one of several, NULL if None is among them."""
    known = [value for value in values if value is not None]
    conditions = [Condition(f"{column} IS NULL")] if len(known) < len(values) else []
    return Condition.any([*conditions, *([one_of(column, known)] if known else [])])


def between(column: str, low: str | int | None, high: str | int | None) -> Condition:
    """Return the condition of a value from a limit to a limit; None is no limit."""
    parts = [(f"{column} >= ?", low), (f"{column} <= ?", high)]
    return Condition.all(Condition(sql, (limit,)) for sql, limit in parts if limit is not None)


def has_no_value(column: str) -> Condition:
    """Return the condition of a row without a value: NULL, empty, or what logs write for it."""
    nothing = (*NO_VALUE, NULL)
    return Condition(f"({column} IS NULL OR {column} IN ({', '.join('?' * len(nothing))}))", nothing)


def has_risk(column: str, risks: Collection[int]) -> Condition:
    """Return the condition of a `uri_rep` whose gravest risk is one of some."""
    # As `verdict.decode` reads it: service:LABEL:risk[:categories], joined by ::.
    patterns = [f"(^|::)[^:]*:[^:]*:{risk}(:|$)" for risk in (3, 2, 1, 0, -1)]
    cases = " ".join(f"WHEN regexp_extract({column}, ?, 0) <> '' THEN {risk}" for risk in (3, 2, 1, 0, -1))
    among = ", ".join("?" * len(risks))
    return Condition(f"CASE {cases} END IN ({among})", (*patterns, *risks)) if risks else NO_ROW


def has_reason(column: str, name: str) -> Condition:
    """Return the condition of a word that has a reason of a name, with or without points and detail."""
    word = f"concat(';', {column}, ';')"
    return Condition.any(Condition(f"instr({word}, ?) > 0", (f";{name}{end}",)) for end in "=:;")


def of_scored_connection(rows: Rows, scored: Condition, *, negated: bool) -> Condition:
    """Return the condition of rows of connections that have a row of `proxy_scores` with a condition.

    Or, negated, of all other rows. The condition is about `proxy_scores` without an alias.
    """
    where, values = of_day(PROXY_SCORES, rows.day)
    # A pair compares as one text: Impala takes one column in a subquery.
    pair = "concat({0}, ' ', {1})"
    one, other = (pair.format(CLIENT.format(name), URI.format(name)) for name in (rows.name, "proxy_scores"))
    among = f"SELECT {other} FROM proxy_scores WHERE {where} AND {scored.sql}"
    return Condition(f"{one} {'NOT IN' if negated else 'IN'} ({among})", (*values, *scored.values))


def has_severity(rows: Rows, severities: Collection[int]) -> Condition:
    """Return the condition of rows whose URI has one of some severities; 0 is none."""
    where, values = of_day(PROXY_THREAT_INVESTIGATION, rows.day)
    # The gravest counts: Spot's own tables can hold a URI twice.
    listed = sorted({1, 2, 3} - set(severities) if 0 in severities else severities)
    given = URI.format("proxy_threat_investigation")
    return Condition(
        f"{URI.format(rows.name)} {'NOT IN' if 0 in severities else 'IN'} (SELECT uri FROM "
        f"(SELECT {given} AS uri, min(uri_sev) AS severity FROM proxy_threat_investigation "
        f"WHERE {where} AND uri_sev BETWEEN 1 AND 3 GROUP BY {given}) given "
        f"WHERE severity IN ({', '.join('?' * len(listed)) or '0'}))",
        (*values, *listed),
    )
