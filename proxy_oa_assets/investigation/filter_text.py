"""The text of a filter, as analysts type and paste it, taken apart into terms."""

import re
from dataclasses import dataclass
from enum import Enum

from proxy_oa_assets.investigation.client_ranges import is_address
from proxy_oa_assets.investigation.defanging import refang
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.model.text import excerpt


class Kind(Enum):
    """How a value is written: as it stands, with or without a field, in quotes, or between slashes."""

    PLAIN = "plain"
    ANYWHERE = "anywhere"
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
# Fields whose values can hold blanks and semicolons.
_OF_WORDS = ("agent", "type", "user", "category")
_OF_SIZES = ("sent", "received")

# What programs put between characters, where it can't be seen.
_UNSEEN = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_UNSEEN_BLANKS = re.compile(rf"[\s{_UNSEEN}]+")
_DOTTED = "\u2022\u2023\u25e6\u25aa\u25cf"
_BETWEEN = re.compile(rf"[\s,;{_UNSEEN}{_DOTTED}]+")
# What begins the lines of a list.
_BULLET = re.compile(rf"(?:[{_DOTTED}\u2219\u00b7]\s*|(?:\*|\d{{1,3}}[.)])[ \t]+)(?=\S)")
# Not the colon of a scheme, `http://` or `http[:]//`, and not `\\`.
_KEY = re.compile(r"([a-z][a-z_-]*)[ \t]*:(?!\[?//|\\\\)[ \t]*", re.ASCII | re.IGNORECASE)
_COMPARED = re.compile(r"([a-z][a-z_-]*)[ \t]*(!?=+|[<>]=?|[≤≥])[ \t]*", re.ASCII | re.IGNORECASE)
_MINUS = "\u2013\u2014\u2212-"
_WORD = re.compile(rf"(AND|&&?|OR|\|\|?|NOT|[!{_MINUS}])(?=\s|$)", re.IGNORECASE)
_ANDS, _ORS = ("AND", "&", "&&"), ("OR", "|", "||")
_NOT = re.compile(rf"NOT(?:\s+|(?=\())|[!{_MINUS}]", re.IGNORECASE)
_REGEX = re.compile(r"/((?:[^/\\\n]|\\.|/(?![\s,]|$))+)/(?=[\s,]|$)")
# Quotes as keyboards and as word processors have them.
_QUOTED = re.compile(r'"((?:[^"]|"")*)"(?=[\s,]|$)|[“”„«]([^“”«»]*)[“”»](?=[\s,]|$)')
# A link of Markdown, a defanged dot or colon with the blanks around it, or a character.
_PIECE = re.compile(
    r"\[[^\]\n]+\]\([^\s()]+\)|\s*[\[({]\s*(?:\.|:|dot)\s*[\])}]\s*(?=\w)|(?<=\w)[ \t]+dot[ \t]+(?=\w)|\S",
    re.IGNORECASE,
)
_UNIT = re.compile(r"(?<=\d)[ \t]+(?=(?:[kmgt]?i?b(?:ytes?)?|[kmgt])(?:[\s,;-]|$))|\S", re.IGNORECASE)
_DIGITS = re.compile(r",\d|[ \t]\d{3}(?![\w.:/])")
_HOST = re.compile(r"(?:[a-z+.-]+://)?(?:[\w-]+\.)+[^\W\d_][\w-]+(?=[/:?#,;]|$)", re.IGNORECASE)
_SCHEME = re.compile(r"\s*<?\s*[a-z][a-z0-9+.*-]*(?:\[:\]|:)?\[?//", re.IGNORECASE)
_COMMA = re.compile(r"\s*,[\s,;]*|;[\s,;]*|[ \t]*[\r\n]\s*")
_NEGATED = re.compile(rf"not$|[!{_MINUS}][^\W\d]|!", re.IGNORECASE)
_NEXT_TERM = re.compile(rf"(?:NOT|AND|OR)\s|[!{_MINUS}]\S", re.IGNORECASE)


def terms(text: str, fields: dict[str, str]) -> list[Term]:
    """Take a filter apart into its terms; `fields` are the names of fields by the keys that name them.

    A comma or a line's end separates values. Of a URI, a comma does only where it can't be a part of it:
    before a blank or another address with its scheme, or where no path has begun; so does a semicolon. Raises
    InvestigationError that names the term and the remedy.
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
        self._match(_UNSEEN_BLANKS)
        self._match(_BULLET)
        self._match(_BETWEEN)
        while self.at < len(self.text):
            if not self._is_and():
                found.append(self._term())
            self._match(_BETWEEN)
        return found

    def _is_and(self) -> bool:
        """Pass the word AND, which every blank means."""
        word = _WORD.match(self.text, self.at)
        if not word:
            return False
        name = word[1].upper()
        if name in _ORS:
            raise InvestigationError(
                f"{word[1]} stands between terms; write the values of one term with commas: "
                f'client:10.0.0.1,10.0.0.2 ("{word[1]}" in quotes is a part of a URI)'
            )
        if (name not in (*_ANDS, "NOT")) or not self.text[word.end() :].strip():
            no_blanks = "; a range has no blanks: time:10:00-11:30" if name in _MINUS else ""
            raise InvestigationError(
                f"{word[1]} has no term after it; write it before one, as in -host:example.com{no_blanks}; "
                f'in quotes, "{word[1]}" is a part of a URI'
            )
        if name in _ANDS:
            self.at = word.end()
            return True
        return False

    def _term(self) -> Term:
        started = self.at
        negated = self._match(_NOT) is not None
        if negated and _NOT.match(self.text, self.at):
            raise InvestigationError(
                f"{excerpt(self.text[started:])} begins with two negations; write one of them, or "
                f"none; a part of a URI that begins with - stands in quotes"
            )
        keyed = self.at
        field = self._field()
        kind = Kind.PLAIN if self.at > keyed else Kind.ANYWHERE
        values = [self._value(field, kind)]
        while self._is_listed(field):
            values.append(self._value(field, kind))
        self._check_rest(field, values[-1])
        return Term(field, tuple(values), negated)

    def _check_rest(self, field: str, value: Value) -> None:
        """Refuse a value that a blank has cut."""
        if field not in _OF_WORDS or value.kind is not Kind.PLAIN:
            return
        word = self._rest().split(maxsplit=1)[0] if self._rest().strip() else ""
        at = len(self.text) - len(self._rest().lstrip())
        if not word or word[0] in '/"“”„«,;':
            return
        key = _COMPARED.match(self.text, at)
        begun = (key and self._is_field(key[1])) or any(
            pattern.match(self.text, at) for pattern in (_KEY, _WORD, _NOT)
        )
        if not (begun or _HOST.match(refang(word)) or is_address(word, strict=False)):
            shown = excerpt(value.text)
            raise InvestigationError(
                f"{excerpt(word)} follows {field}:{shown} after a blank; a value with blanks is "
                f'written in quotes, {field}:"{shown} ...", and a part of the URI after uri:'
            )

    def _field(self) -> str:
        key = _KEY.match(self.text, self.at)
        if not key:
            compared = _COMPARED.match(self.text, self.at)
            if compared and self._is_field(compared[1]):
                operator = compared[2]
                value = "" if operator in ("=", "==", "!=") else operator
                raise InvestigationError(
                    f"{excerpt(compared[0].strip())} is no term; a colon ends the name of a field: "
                    f"{'-' * (operator == '!=')}{compared[1]}:{value}...; a part of a URI stands in quotes: "
                    f'"{excerpt(compared[0].strip())}..."'
                )
            return URI
        field = self.fields.get(key[1].lower().replace("-", "_"))
        if field is not None:
            self.at = key.end()
            return field
        if is_address(self._rest().split()[0].rstrip(","), strict=False):
            return URI
        known = ", ".join(dict.fromkeys(self.fields.values()))
        raise InvestigationError(
            f"{excerpt(key[1])}: is no field; there are {known}. A part of a URI that has a colon stands in "
            f'quotes: "{excerpt(key[1])}:..."'
        )

    def _is_field(self, name: str) -> bool:
        return name.lower().replace("-", "_") in self.fields

    def _value(self, field: str, kind: Kind) -> Value:
        exact = self._match(re.compile("=")) is not None
        if match := self._match(_QUOTED):
            text = (match[1] or match[2] or "").replace('""', '"')
            if not text and not exact:
                raise InvestigationError(
                    f"{excerpt(match[0].strip())} is empty, which fits every row; leave it out"
                )
            return Value(text, Kind.QUOTED, exact)
        if match := self._match(_REGEX):
            return Value(match[1], Kind.REGEX)
        if self._rest().startswith('"'):
            raise InvestigationError(
                f"{excerpt(self._rest())} begins with a quote that nothing ends; end it before a "
                f'blank, and write "" for a quote inside'
            )
        started, pieces = self.at, _UNIT if field in _OF_SIZES else _PIECE
        while piece := pieces.match(self.text, self.at):
            if piece[0] in (",", ";") and self._separates(field, self.text[started : self.at]):
                break
            self.at = piece.end()
        text = self.text[started : self.at].translate(dict.fromkeys(map(ord, _UNSEEN)))
        if not text:
            raise InvestigationError(
                f"{field}: has no value; write one after it, or {field}:- for requests without one"
            )
        value = Value(text, kind, exact)
        self._check_value(field, value)
        return value

    def _check_value(self, field: str, value: Value) -> None:
        """Refuse a value that can be meant otherwise."""
        text = value.text
        if value.kind is Kind.PLAIN and not value.exact and field not in _OF_URIS and _NEGATED.match(text):
            raise InvestigationError(
                f"{field}:{excerpt(text)} has its negation behind the colon; write it before the "
                f"field, as in -host:example.com, or the value in quotes"
            )
        if value.kind is Kind.ANYWHERE and text[0] == "(" and text.count("(") > text.count(")"):
            raise InvestigationError(
                f"{excerpt(text)} begins with a bracket that the term doesn't end; brackets group "
                f"no terms: leave it out, or write what has it in quotes"
            )
        if field in _OF_SIZES and text[-1].isdecimal() and _DIGITS.match(self.text, self.at):
            raise InvestigationError(
                f"{field}:{excerpt(text + self._rest())} can be one number or several; write one "
                f"without commas and blanks, as 1000000 or 1MB, and a blank after the comma between two"
            )

    def _separates(self, field: str, before: str) -> bool:
        after, semicolon = self.text[self.at + 1 :], self.text[self.at] == ";"
        if field not in _OF_URIS:
            return not (semicolon and field in _OF_WORDS)
        if semicolon and "." not in before:
            return False
        in_path = re.search(r"[/?]", _SCHEME.sub("", before, count=1))
        return not in_path or not after or after[0].isspace() or _SCHEME.match(after) is not None

    def _is_listed(self, field: str) -> bool:
        """Pass a comma, or a line's end, that another value of the same term follows."""
        match = _COMMA.match(self.text, self.at)
        if not match or match.end() == len(self.text):
            return False
        at, line = match.end(), not match[0].strip()
        if line and (bullet := _BULLET.match(self.text, at)):
            at = bullet.end()
        key = _KEY.match(self.text, at) or _COMPARED.match(self.text, at)
        if _NEXT_TERM.match(self.text, at) or (key and self._is_field(key[1])):
            return False
        if line and field in _OF_URIS and _WORD.match(self.text, at):
            return False
        self.at = at
        return True

    def _rest(self) -> str:
        return self.text[self.at :]

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.text, self.at)
        if match:
            self.at = match.end()
        return match
