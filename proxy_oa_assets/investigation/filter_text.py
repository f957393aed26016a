"""The text of a filter, as analysts type and paste it, taken apart into terms."""

import ipaddress
import re
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

from proxy_oa_assets.model.errors import InvestigationError


class Kind(Enum):
    """How a value is written: as it stands, in quotes, or between slashes."""

    PLAIN = "plain"
    QUOTED = "quoted"
    REGEX = "regex"


@dataclass(frozen=True)
class Value:
    """A value of a term; `exact` if `=` stands before it."""

    text: str
    kind: Kind = Kind.PLAIN
    exact: bool = False


@dataclass(frozen=True)
class Term:
    """A term: its field's name, empty for a part of the URI, and the values of which one must match."""

    field: str
    values: tuple[Value, ...]
    negated: bool = False


# What people's programs put for quotes, for a hyphen, and between characters, where it can't be seen.
_TYPED = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "\u2011": "-", "\u2212": "-", "\ufeff": None}
    | dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060", None)
)
_KEY = re.compile(r"([A-Za-z][A-Za-z_-]*)\s*:(?!\[?//|\\\\)", re.ASCII)
# `localhost:8080/x`
_PORT = re.compile(r"\d{1,5}(?=[\s/,]|$)", re.ASCII)
_NOT = re.compile(r"NOT\s+|[-!](?=\S)")
_REGEX = re.compile(r"/((?:[^/\\\n]|\\.|/(?![\s,]|$))+)/(?=[\s,]|$)")
_QUOTED = re.compile(r'"((?:[^"]|"")*)"(?=[\s,]|$)')
_SCHEME = re.compile(r"\s*<?\s*[a-z][a-z0-9+.*-]*(?:\[:\]|:)?\[?//", re.IGNORECASE)
_COMMAS = re.compile(r"\s*,[\s,]*")


def terms(
    text: str, fields: Collection[str], field_of: Callable[[str], str | None], listed: Collection[str]
) -> list[Term]:
    """Take a filter apart into its terms.

    `field_of` returns the field that a key names, None for none; `fields` are their names for messages. A
    comma separates values; in a URI, and in a field of `listed`, only where it can't be a part of the URI:
    before a blank or another address with its scheme, or where no path has begun. Raises InvestigationError
    that names the term and the remedy.
    """
    reader = _Reader(text.translate(_TYPED), fields, field_of, listed)
    return list(filter(None, reader.terms()))


@dataclass
class _Reader:
    text: str
    fields: Collection[str]
    field_of: Callable[[str], str | None]
    listed: Collection[str]
    at: int = 0

    def terms(self) -> "list[Term | None]":
        found = []
        while self._skip(re.compile(r"[\s,;]+")) or self.at < len(self.text):
            if self.at < len(self.text):
                found.append(self._term())
        return found

    def _term(self) -> Term | None:
        started = self.at
        if word := self._match(re.compile(r"(AND|OR|NOT|-)(?=\s|$)")):
            if word[1] == "AND":
                return None
            if word[1] == "OR":
                raise InvestigationError(
                    "OR stands between terms; write the values of one term with commas: "
                    'client:10.0.0.1,10.0.0.2 ("OR" in quotes is a part of a URI)'
                )
            if word[1] == "-" or not self.text[self.at :].strip():
                raise InvestigationError(
                    f'{word[1]} has no term after it; write it before one, as in -host:example.com, or "-" in '
                    f"quotes for a part of a URI"
                )
            self.at = started
        negated = self._match(_NOT) is not None
        field = self._field()
        values = [self._value(field)]
        while self._comma(field):
            values.append(self._value(field))
        return Term(field, tuple(values), negated)

    def _field(self) -> str:
        key = _KEY.match(self.text, self.at)
        if not key or _PORT.match(self.text, key.end()) and self.field_of(key[1]) is None:
            return ""
        field = self.field_of(key[1])
        if field is None:
            if _is_address(re.split(r"[\s,]", self.text[self.at :], maxsplit=1)[0]):
                return ""
            raise InvestigationError(
                f"{key[1]}: is no field; there are {', '.join(self.fields)}. A part of a URI that has a colon "
                f'stands in quotes: "{key[1]}:..."'
            )
        self.at = key.end()
        self._skip(re.compile(r"\s+"))
        return field

    def _value(self, field: str) -> Value:
        exact = bool(field) and self._match(re.compile(r"=(?![=])")) is not None
        for pattern, kind in ((_QUOTED, Kind.QUOTED), (_REGEX, Kind.REGEX)):
            if match := self._match(pattern):
                text = match[1].replace('""', '"') if kind is Kind.QUOTED else match[1]
                return Value(text, kind, exact)
        if self.text.startswith('"', self.at):
            raise InvestigationError(
                f"{self.text[self.at : self.at + 60]} begins with a quote that nothing ends; end it before a "
                f'blank, with "" for a quote inside'
            )
        started = self.at
        while self.at < len(self.text) and not self.text[self.at].isspace():
            if self.text[self.at] == "," and self._separates(field, self.text[started : self.at]):
                break
            self.at += 1
        return Value(self.text[started : self.at], Kind.PLAIN, exact)

    def _separates(self, field: str, before: str) -> bool:
        after = self.text[self.at + 1 :]
        if field and field not in self.listed:
            return True
        in_path = re.search(r"[/?]", re.sub(_SCHEME, "", before, count=1))
        return not in_path or not after or after[0].isspace() or _SCHEME.match(after) is not None

    def _comma(self, field: str) -> bool:
        """Pass a comma that another value of the same term follows."""
        match = _COMMAS.match(self.text, self.at)
        if not match or match.end() == len(self.text):
            return False
        rest = self.text[match.end() :]
        key = _KEY.match(rest)
        if re.match(r"(?:NOT|AND|OR)\s|[-!]\S", rest) or (key and self.field_of(key[1]) is not None):
            return False
        self.at = match.end()
        return True

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.text, self.at)
        if match:
            self.at = match.end()
        return match

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        return self._match(pattern) is not None


def _is_address(text: str) -> bool:
    with suppress(ValueError):
        ipaddress.ip_network(text.strip("[]"), strict=False)
        return True
    return False
