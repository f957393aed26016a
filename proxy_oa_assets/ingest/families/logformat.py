"""Lines of a Squid `logformat`: divided as `delimited` ones are, or matched with a pattern made of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Self
from urllib.parse import unquote

import numpy as np

from proxy_oa_assets.ingest.families import delimited
from proxy_oa_assets.ingest.families.prepared import Fields, Prepared
from proxy_oa_assets.ingest.layout import Layout
from proxy_oa_assets.ingest.log_lines import Lines
from proxy_oa_assets.ingest.logformat import HEADERS, USERS, Clock, Code, Line, Token, read_line

# What Cisco's appliances write before a line.
_PREFIX = "(?:Info: )?"
# The request's and the response's headers, which log_mime_hdrs appends in Squid's own encoding.
# Squid cuts them, too, and what stands before them.
_HEADERS_BEGIN = " ["
_HEADERS = r"(?: \[([^\[\]]*+)(?:\](?: \[[^\[\]]*+\]?)?)?)?"
_BLANKS = r"(?<! ) ++"
_NUMBER = re.compile(r"t[ru]|dt|icap::tt|<[pt]t|[<>]?st|[<>]sh|<s[HS]|<bs|[<>]?l?p|[<>]rP|sn")
_STATUS = re.compile("[<>]?Hs")
# Squid writes these as they come, blanks included.
_RAW = re.compile("ru|note|err_detail|ssl::[<>]cert_(?:subject|issuer)")
_DIRECTIVE = re.compile(r"%-?([A-Za-z])")
_DIRECTIVES = {
    **dict.fromkeys("deHIkmMSy", r"[ \d]?\d"),
    **dict.fromkeys("aAbBpZ", "[A-Za-z.]{1,32}"),
    "Y": r"\d{4}",
    "z": r"[+-]\d\d:?\d\d",
    "s": r"\d+",
}
_TYPED = {"ts": r"\d+", "tS": r"[\d.]+", "Ss": "(?:[A-Z_]+|-)", "Sh": "(?:[A-Z_]+|-)"}
_ESCAPED_TEXT = r'(?:[^"\\]|\\.)'
_SHOWN = 2048  # characters
_ESCAPED = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_CONTROL = {"n": "\n", "r": "\r", "t": "\t"}


def prepare(lines: Lines, layout: Layout) -> Prepared:
    """Split a block's lines into the tokens of the logformat."""
    line = read_line(layout.declaration.logformat)
    if line.split:
        return delimited.divided(lines, layout, len(line.tokens), parse)
    texts = delimited.line_texts(lines.text, lines.ends)
    return delimited.prepared(lines, layout, texts, np.zeros(len(lines), dtype=np.bool_), parse)


def parse(line: str, layout: Layout) -> Fields | str:
    """Return the values of a line's tokens, NULL words as None, or the reason why it is rejected."""
    declaration = layout.declaration
    patterns = _patterns(declaration.logformat, more=declaration.more_fields)
    tokens, null = patterns.line.tokens, declaration.null
    whole = patterns.whole.fullmatch(line)
    is_long = len(line.encode()) >= declaration.cut_at - 1 and not line.startswith(_HEADERS_BEGIN)
    found = whole or (patterns.cut(line) if is_long else None)
    if found is None:
        return patterns.difference(line)
    # Behind the tokens' groups stands that of the request's headers; a cut line lacks some.
    texts = [text or "" for text in (*found.groups(), *[None] * (len(tokens) + 1))]
    if whole is None and (last := found.lastindex):
        texts[last - 1] += _missing_end(texts[last - 1], tokens[last - 1])
    fields = [
        None if text in null else _value(text, token) for token, text in zip(tokens, texts, strict=False)
    ]
    return [*fields, *(_header(name, texts[len(tokens)]) for name in HEADERS.values())]


def _missing_end(text: str, token: Token) -> str:
    """Return the text that ends a token, such as a bracket, if it was cut off."""
    end = token.elements[-1]
    return end if isinstance(end, str) and not text.endswith(end) else ""


def _header(name: str, headers: str) -> str | None:
    """Return a header of those that Squid writes in a row, in its own encoding, with escaped line ends."""
    found = re.search(rf"(?:^|\\r\\n){name}: (.*?)(?:\\r\\n|$)", headers, re.IGNORECASE)
    return unquote(found[1].replace("\\\\", "\\"), errors="replace") or None if found else None


def _value(text: str, token: Token) -> str:
    if text.startswith('"') and any(each.encoding == "/" for each in token.codes):
        return _ESCAPED.sub(_unescaped, text[1:-1])
    if "\\" not in text or not (token.quoted or token.codes) or not token.escaped:
        return text
    return _ESCAPED.sub(_unescaped, text)


def _unescaped(match: re.Match[str]) -> str:
    # nginx writes a quote as \x22.
    return chr(int(match[1], 16)) if match[1] else _CONTROL.get(match[2], match[2])


class _Patterns:
    """The patterns of a logformat's lines, whole ones and cut ones, with a group for each token."""

    def __init__(self, line: Line, *, more: bool) -> None:
        self.line = line
        shape = _Shape.of(line)
        leads = [*(token.lead for token in line.tokens[1:]), line.tail]
        self._pieces = [
            _Piece(token, lead[:1], shape) for token, lead in zip(line.tokens, leads, strict=True)
        ]
        tail = re.escape(line.tail) + ("(?: .*)?" if more else _HEADERS) + " *+"
        self.whole = re.compile(_PREFIX + _joined(self._pieces) + tail, re.DOTALL)

    def cut(self, line: str) -> re.Match[str] | None:
        """Return the match of a line that ends within a token; that one's group is None unless it is text."""
        ends = [number for number in range(len(self._pieces)) if self._tells_cut_in(number)]
        return next((found for number, found in self._begun(line) if found and number in ends), None)

    def _tells_cut_in(self, number: int) -> bool:
        """Return whether a cut in a token can be told from one in a raw text before it.

        Nothing tells the end of the last raw text between quotes; of a URL with blanks, distinct text does.
        """
        before, behind = self._pieces[:number], self._pieces[number:]
        if any(piece.open for piece in before) and not any(piece.open for piece in behind):
            return False
        urls = [index for index, piece in enumerate(before) if piece.left_over]
        return not urls or any(piece.distinct for piece in before[urls[-1] + 1 :])

    def difference(self, line: str) -> str:
        """Return where a line isn't as the logformat has it."""
        if line.startswith(_HEADERS_BEGIN):
            return "the headers of the line before, which the proxy had cut"
        # A part of it, so that lines of any length cost little.
        shown = line[:_SHOWN]
        matched = next((number for number, found in self._begun(shown) if found), 0)
        return f"the line isn't as the logformat says, from {self.line.names[matched]} on"

    def _begun(self, line: str) -> Iterator[tuple[int, re.Match[str] | None]]:
        for number in range(len(self._pieces) - 1, -1, -1):
            yield number, _begun(self, number).fullmatch(line)

    def begun(self, number: int) -> re.Pattern[str]:
        """Return the pattern of lines that end within a token."""
        before, last = self._pieces[:number], self._pieces[number]
        return re.compile(_PREFIX + _joined(before, last), re.DOTALL)


@lru_cache(maxsize=512)
def _begun(patterns: _Patterns, number: int) -> re.Pattern[str]:
    return patterns.begun(number)


@lru_cache(maxsize=64)
def _patterns(logformat: str, *, more: bool) -> _Patterns:
    return _Patterns(read_line(logformat), more=more)


@dataclass(frozen=True)
class _Shape:
    """What a token's pattern depends on: whether blanks divide the line, and the codes with blanks in values.

    `url` is the one whose value is what is left between the others'.
    """

    split: bool
    url: Code | None
    blanks: tuple[Code, ...]

    @classmethod
    def of(cls, line: Line) -> Self:
        """Return the shape of a line."""
        bare = [
            each for token in line.tokens if not token.quoted for each in token.codes if each.encoding != '"'
        ]
        urls = [each for name in ("ru", ">ru", "<ru") for each in bare if each.name == name]
        url = urls[0] if urls else None
        blanks = [each for each in bare if each.encoding == "[" or _RAW.fullmatch(each.name)]
        # Beside a URL with blanks a user is a word.
        beside = [
            each for first, second in pairwise(bare) if url in (first, second) for each in (first, second)
        ]
        one_word = beside if url in blanks else []
        blanks += [
            each for each in bare if each.name in USERS and each.encoding != "#" and each not in one_word
        ]
        return cls(line.split, url, tuple(each for each in blanks if each not in one_word or each is url))


class _Piece:
    """A token's part of the pattern: what stands before its value, the value, and what stands behind."""

    def __init__(self, token: Token, after: str, shape: _Shape) -> None:
        self.before = _BLANKS if shape.split else re.escape(token.lead) + " *+"
        self.before += '"' if token.quoted else ""
        self.after = '"' if token.quoted else ""
        # Neither quotes nor blanks tell where it ends: the text behind it decides.
        self.open = token.quoted and not token.escaped
        self._token, self._shape = token, shape
        if token.quoted:
            self.value = ".*?" if self.open else _ESCAPED_TEXT + "*+"
        else:
            self.value = self._bare("" if shape.split else after)

    def _bare(self, after: str) -> str:
        elements = self._token.elements
        pattern = ""
        for element, following in zip(elements, [*elements[1:], after], strict=True):
            if isinstance(element, Code):
                pattern += self._of(element, following[:1] if isinstance(following, str) else "")
            else:
                pattern += _clock(element.format) if isinstance(element, Clock) else re.escape(element)
        blanks = not self._shape.split or any(each in self._shape.blanks for each in self._token.codes)
        return pattern if blanks else f"(?>{pattern})"

    def _of(self, code: Code, following: str) -> str:
        if not self._shape.split and code.encoding in ('"', "'"):
            return (
                ".{1,8192}?" if code.encoding == "'" else _ESCAPED_TEXT + ("*+" if following == '"' else "*?")
            )
        if code == self._shape.url and code.encoding != "/":
            return ".+" if code in self._shape.blanks else "[^ ]+"
        if code.name in USERS and code in self._shape.blanks:
            return '(?:"[^"]*+"|.{1,256}?)'
        # A type that ends in a quote is the end of an agent, which stands behind the type in another format.
        barred = '"' if code.name == "mt" else ""
        word = f"[^ {barred}{re.escape(following.strip(' '))}]+"
        return _typed(code) or (".{1,4096}?" if code in self._shape.blanks else word)

    @property
    def left_over(self) -> bool:
        """Whether the value is a URL that can have blanks."""
        return self._shape.url in self._shape.blanks and self._shape.url in self._token.codes

    @property
    def distinct(self) -> bool:
        """Whether few texts can be the value: Squid's own words, or one between quotes."""
        return self._token.quoted or any(code.name in ("Ss", "Sh") for code in self._token.codes)

    @property
    def begun(self) -> str:
        """The pattern of a line's last value, if the line was cut within it."""
        codes = self._token.codes
        text = any(each.name in ("ru", ">ru", "<ru", ">h", ">ha", *USERS) for each in codes)
        if not text or (len(codes) > 1 and not self._token.quoted):
            return ".*"
        return rf"({_ESCAPED_TEXT}*+)\\?" if self._token.quoted and not self.open else "(.*)"


def _typed(code: Code) -> str:
    """Return the pattern of a value whose characters are known, else an empty one."""
    if code.encoding == "/":
        return rf'(?:"{_ESCAPED_TEXT}*+"|[^ "]+)'
    if code.encoding == "[" and code.name not in USERS:
        return r"[^\[\]]*"
    if _NUMBER.fullmatch(code.name):
        return r"(?:-?\d[\d.]*|-)"
    return r"(?:\d{1,3}|-)" if _STATUS.fullmatch(code.name) else _TYPED.get(code.name, "")


def _clock(time: str) -> str:
    at, pattern = 0, ""
    for found in _DIRECTIVE.finditer(time):
        pattern += re.escape(time[at : found.start()]) + _DIRECTIVES.get(found[1], "[^ ]{1,32}?")
        at = found.end()
    return (pattern + re.escape(time[at:])).replace(r"\ ", " ")


def _joined(pieces: list[_Piece], begun: _Piece | None = None) -> str:
    """Return the pattern of tokens in a row; a line that is cut ends in the one that is `begun`.

    Where a value between quotes is raw, the first place with what must stand between it and the next such
    value ends it, for good: a client can't shift what is behind, nor make the search long.
    """
    text, committed = "", ""
    opens = [number for number, piece in enumerate(pieces) if piece.open]
    for number, piece in enumerate(pieces):
        before = piece.before if number else piece.before.removeprefix(_BLANKS)
        if piece.open and number != opens[0]:
            text, committed, before = f"{text}(?>{committed}{before})", "", ""
        whole = piece.open and number == opens[-1] and begun is None
        committed += f"{before}({'.*' if whole else piece.value}){piece.after}"
    if begun is None:
        return text + committed
    if not pieces:
        return begun.before.removeprefix(_BLANKS) + begun.begun
    return f"{text}{committed}(?:{begun.before}{begun.begun}|)"
