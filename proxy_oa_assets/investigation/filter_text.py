"""The text of a filter, as analysts type and paste it, taken apart into terms."""

import ipaddress
import re
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.model.text import shortened


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
    """A term: its field, and the values of which one must match, or none of them if it is negated."""

    field: str
    values: tuple[Value, ...]
    negated: bool = False


# A term without a field is a part of the URI.
URI = "uri"
# Fields whose values can hold commas.
_OF_URIS = (URI, "referer")

# What programs put between characters, where it can't be seen.
_UNSEEN = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_BETWEEN = re.compile(rf"[\s,;{_UNSEEN}]+")
# Not the colon of a scheme, `http://` or `http[:]//`, and not `\\`.
_KEY = re.compile(r"([a-z][a-z_-]*)[ \t]*:(?!\[?//|\\\\)[ \t]*", re.ASCII | re.IGNORECASE)
_WORD = re.compile(r"(AND|OR|NOT|-)(?=\s|$)")
_NOT = re.compile(r"NOT\s+|-")
_REGEX = re.compile(r"/((?:[^/\\\n]|\\.|/(?![\s,]|$))+)/(?=[\s,]|$)")
# Quotes as keyboards and as word processors have them.
_QUOTED = re.compile(r'"((?:[^"]|"")*)"(?=[\s,]|$)|[“”„«]([^“”«»]*)[“”»](?=[\s,]|$)')
# A character, or a defanged dot or colon with the blanks around it.
_PIECE = re.compile(r"\s*[\[({]\s*(?:\.|:|dot)\s*[\])}]\s*(?=\w)|\S", re.IGNORECASE)
_SCHEME = re.compile(r"\s*<?\s*[a-z][a-z0-9+.*-]*(?:\[:\]|:)?\[?//", re.IGNORECASE)
_COMMA = re.compile(r"\s*,[\s,]*|[ \t]*[\r\n]\s*")
_NEXT_TERM = re.compile(r"(?:NOT|AND|OR)\s|-\S")
_SHOWN = 60


def terms(text: str, fields: dict[str, str]) -> list[Term]:
    """Take a filter apart into its terms; `fields` are the names of fields by the keys that name them.

    A comma or a line's end separates values. Of a URI, a comma does only where it can't be a part of it:
    before a blank or another address with its scheme, or where no path has begun. Raises InvestigationError
    that names the term and the remedy.
    """
    reader = _Reader(text, fields)
    return list(reader.terms())


@dataclass
class _Reader:
    text: str
    fields: dict[str, str]
    at: int = 0

    def terms(self) -> "list[Term]":
        found = []
        self._match(_BETWEEN)
        while self.at < len(self.text):
            if not self._is_and():
                found.append(self._term())
            self._match(_BETWEEN)
        return found

    def _is_and(self) -> bool:
        """Pass the word AND, which every blank means."""
        word = _WORD.match(self.text, self.at)
        if word and word[1] == "OR":
            raise InvestigationError(
                "OR stands between terms; write the values of one term with commas: client:10.0.0.1,10.0.0.2 "
                '("OR" in quotes is a part of a URI)'
            )
        if word and (word[1] == "-" or not self.text[word.end() :].strip()):
            raise InvestigationError(
                f"{word[1]} has no term after it; write it before one, as in -host:example.com; in quotes, "
                f'"{word[1]}" is a part of a URI'
            )
        if word and word[1] == "AND":
            self.at = word.end()
            return True
        return False

    def _term(self) -> Term:
        negated = self._match(_NOT) is not None
        field = self._field()
        values = [self._value(field)]
        while self._is_listed():
            values.append(self._value(field))
        return Term(field, tuple(values), negated)

    def _field(self) -> str:
        key = _KEY.match(self.text, self.at)
        if not key:
            return URI
        field = self.fields.get(key[1].lower().replace("-", "_"))
        if field is not None:
            self.at = key.end()
            return field
        if _is_address(self._rest().split()[0]):
            return URI
        raise InvestigationError(
            f"{key[1]}: is no field; there are {', '.join(dict.fromkeys(self.fields.values()))}. A part of a "
            f'URI that has a colon stands in quotes: "{key[1]}:..."'
        )

    def _value(self, field: str) -> Value:
        exact = self._match(re.compile("=")) is not None
        if match := self._match(_QUOTED):
            text = (match[1] or match[2] or "").replace('""', '"')
            if not text and not exact:
                raise InvestigationError(f"{match[0].strip()} is empty, which fits every row; leave it out")
            return Value(text, Kind.QUOTED, exact)
        if match := self._match(_REGEX):
            return Value(match[1], Kind.REGEX)
        if self._rest().startswith('"'):
            raise InvestigationError(
                f"{shortened(self._rest(), _SHOWN)} begins with a quote that nothing ends; end it before a "
                f'blank, and write "" for a quote inside'
            )
        started = self.at
        while piece := _PIECE.match(self.text, self.at):
            if piece[0] == "," and self._separates(field, self.text[started : self.at]):
                break
            self.at = piece.end()
        text = self.text[started : self.at].translate(dict.fromkeys(map(ord, _UNSEEN)))
        if not text:
            raise InvestigationError(
                f"{field}: has no value; write one after it, or {field}:- for requests without one"
            )
        return Value(text, Kind.PLAIN, exact)

    def _separates(self, field: str, before: str) -> bool:
        after = self.text[self.at + 1 :]
        if field not in _OF_URIS:
            return True
        in_path = re.search(r"[/?]", _SCHEME.sub("", before, count=1))
        return not in_path or not after or after[0].isspace() or _SCHEME.match(after) is not None

    def _is_listed(self) -> bool:
        """Pass a comma that another value of the same term follows."""
        match = _COMMA.match(self.text, self.at)
        if not match or match.end() == len(self.text):
            return False
        key = _KEY.match(self.text, match.end())
        if _NEXT_TERM.match(self.text, match.end()) or (key and key[1].lower() in self.fields):
            return False
        self.at = match.end()
        return True

    def _rest(self) -> str:
        return self.text[self.at :]

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.text, self.at)
        if match:
            self.at = match.end()
        return match


def _is_address(text: str) -> bool:
    with suppress(ValueError):
        ipaddress.ip_network(text.strip("[],"), strict=False)
        return True
    return False
