"""Filters as analysts paste them: which rows of a day they want."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from proxy_oa_assets.investigation.filter_fields import FIELD_OF, FIELDS
from proxy_oa_assets.investigation.filter_text import Term, terms
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.model.tables import PROXY, Table, records
from proxy_oa_assets.model.tsv import NULL
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.sql.conditions import Condition, Rows
from proxy_oa_assets.sql.day_requests import clients_of_day

# Engines plan more for minutes.
_MOST_VALUES = 500
# A surrogate, which no text in UTF-8 has.
_HALF = re.compile(r"[\ud800-\udfff]")
# A day that is only looked at, never read.
_ANY_DAY = Day.parse("2000-01-01")


@dataclass(frozen=True)
class Filters:
    """The terms of a filter; a row must fit all of them.

    Example:
        >>> Filters.parse("hxxp://evil[.]example/gate client:10.55.0.0/20 code:4xx -agent:curl")

    """

    terms: tuple[Term, ...] = ()

    @classmethod
    def parse(cls, text: str | Filters) -> Filters:
        """Read a filter: terms separated by blanks, all of which a row must fit.

        A term without a field is a part of the URI, in any case, with or without a scheme, defanged or not;
        an address is the client's as well. `/.../` is a regular expression, quotes keep blanks, `-`, `!` or
        NOT before a term negates it, and commas separate values of which one must match. `=` before a value
        asks for exactly that value. Raises InvestigationError that names the wrong term and the remedy.
        """
        if isinstance(text, Filters):
            return text
        if half := _HALF.search(text):
            raise InvestigationError(
                f"character {half.start() + 1} of the filter is half of one (U+{ord(half[0]):04X}); delete "
                f"it, or copy the text again"
            )
        found = cls(tuple(terms(text, FIELD_OF)))
        searched = sum(not value.exact for term in found.terms for value in term.values)
        if searched > _MOST_VALUES:
            raise InvestigationError(
                f"the filter has {searched} values, each of which every row is searched for; write at most "
                f"{_MOST_VALUES}, and search for the others apart"
            )
        # Wrong values are refused before a statement is made.
        found.on(Rows(PROXY, _ANY_DAY))
        return found

    def condition(self, table: Table, day: Day, deployment: Deployment, alias: str = "") -> Condition:
        """Return the condition on a day's rows of `proxy` or `proxy_scores`.

        The day's clients are read now if a block or range of addresses needs them.
        """

        def clients() -> Sequence[str]:
            found = records(deployment.impala.query(clients_of_day(table, day)))
            return [NULL if client is None else str(client) for (client,) in found]

        return self.on(Rows(table, day, alias, clients))

    def on(self, rows: Rows) -> Condition:
        """Return the condition on rows."""
        return Condition.all(
            FIELDS[term.field].term(term.values, rows, negated=term.negated) for term in self.terms
        )

    def about(self, fields: Collection[str]) -> Filters:
        """Return the terms about some fields; those without a field are about `uri`."""
        return Filters(tuple(term for term in self.terms if term.field in fields))

    def __and__(self, other: Filters) -> Filters:
        """Return the filter of rows that fit both."""
        return Filters((*self.terms, *other.terms))

    def __bool__(self) -> bool:
        """Return whether it has any term."""
        return bool(self.terms)


def exactly(field: str, *values: str) -> str:
    """Return the text of a term: a field is one of some values, whose characters mean nothing.

    Example:
        >>> exactly("host", "a.example", "b.example")
        'host:="a.example",="b.example"'

    """
    quoted = (value.replace('"', '""') for value in values)
    return f"{field}:" + ",".join(f'="{value}"' for value in quoted)
