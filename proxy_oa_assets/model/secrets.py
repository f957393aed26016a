"""Secrets in use, and texts without them: a server can send back what it was sent, and a library quotes it.

The rule for every server, of a cluster or of reputation: its own words (bodies, reasons, headers, and the
errors of libraries that quote them) are passed on only through `Secrets.struck`, or not at all.
"""

import binascii
import html
import re
import threading
import traceback
from base64 import b64encode, urlsafe_b64encode
from collections import deque
from collections.abc import Collection
from functools import lru_cache
from urllib.parse import quote

_STRUCK = "***"
# A piece of a secret of this length counts as the secret: servers cut texts.
_PIECE = 8
# Kerberos makes a ticket for each request; a server sends back that of the request at hand.
_LATEST = 4
# Texts are escaped in one another: a percent-encoded URL in JSON in HTML.
_LEVELS = 4
# Errors of servers; their stack traces are longer.
_LONGEST = 20_000

_ESCAPE = re.compile(
    r"%(?P<percent>[0-9a-f]{2})|\\x(?P<byte>[0-9a-f]{2})|\\u(?P<unit>[0-9a-f]{4})|\\(?P<char>[\"'/\\])"
    r"|(?P<entity>&(?:\#\d{1,7}|\#x[0-9a-f]{1,6}|amp|lt|gt|quot|apos);)",
    re.IGNORECASE | re.ASCII,
)
# What carries a secret that the client doesn't know before, such as the token of a NameNode's redirect.
_CREDENTIAL = re.compile(
    r"(?:delegation|token|signature|passw(?:or)?d|secret|api_?key|authorization)"
    r"[\"']?\s*[=:]\s*[\"']?(?:(?:negotiate|basic|bearer|digest)\s+)?(?P<value>[^\s\"'&<>;,]+)"
    r"|cookie[\"']?\s*:(?P<cookies>[^\r\n]+)|hadoop\.auth=(?P<cookie>[^\r\n]+)"
    r"|\b(?:negotiate|basic|bearer)\s+(?P<login>[\w+/.~-]{16,}=*)",
    re.IGNORECASE | re.ASCII,
)

# The characters of a text, and where each stands in the original.
_Spans = list[tuple[int, int]]


class _Latest(threading.local):
    """Secrets of a thread's latest requests: those of others would take their place."""

    def __init__(self) -> None:
        self.values: deque[str] = deque(maxlen=_LATEST)


class Secrets:
    """Secrets in use with a server; the latest of those that become known later are added, in each thread.

    The empty text and None are none.
    """

    def __init__(self, *values: str | None) -> None:
        self._values = {value for value in values if value}
        self._latest = _Latest()

    def add(self, *values: str | None) -> None:
        """Add secrets of one request, such as a ticket."""
        latest = self._latest.values
        latest.extend([value for value in values if value and value not in latest])

    def struck(self, text: str) -> str:
        """Return a text with `***` in place of each secret, each piece of one, and what looks like one.

        They are found as they are, in base64 and hexadecimal, and as JSON, HTML, URLs and Python escape them.
        """
        text = text[:_LONGEST]
        pieces = frozenset[str]().union(*map(_pieces, (*self._values, *self._latest.values)))
        struck = [False] * len(text)
        for found, spans in _levels(text):
            for start, end in _places(found, pieces):
                first, last = spans[start][0], spans[end - 1][1]
                struck[first:last] = [True] * (last - first)
        marks = "".join("x" if each else " " for each in struck)
        parts, at = [], 0
        for run in re.finditer("x+", marks):
            parts += [text[at : run.start()], _STRUCK]
            at = run.end()
        return "".join([*parts, text[at:]])

    def cause(self, error: BaseException) -> BaseException | None:
        """Return an error to raise another one from; None if a text of it or of its causes has a secret.

        Dagster stores and shows all causes of an error.
        """
        text = "".join(
            line
            for cause in _chain(error)
            for line in (str(cause), repr(cause), *traceback.format_exception_only(cause))
        )
        return error if len(text) <= _LONGEST and self.struck(text) == text else None


def _chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is not None and each not in found:
            found.append(each)
            waiting += [each.__cause__, each.__context__]
    return found


@lru_cache(maxsize=4 * _LATEST)
def _pieces(value: str) -> frozenset[str]:
    """Return the pieces of a secret's forms that can't be unescaped to it.

    They are UTF-8 bytes in Latin-1, and in lower case.
    """
    content = value.encode("utf-8", errors="surrogatepass")
    plain = content.decode("latin-1")
    # A server that reads UTF-8 as Latin-1 sends `Ã©` for `é`; in forms, a space is `+`.
    forms = {plain, plain.encode("utf-8").decode("latin-1"), plain.replace(" ", "+"), content.hex()}
    encoded = [content, *(quote(content, safe=safe).encode() for safe in ("", "/", "/+="))]
    forms |= {form for each in encoded for form in _base64(each)}
    # A request with basic authentication, sent back in base64.
    forms |= {form for once in _base64(content) for form in _base64(once.encode())}
    return frozenset(
        form[at : at + _PIECE].lower()
        for form in forms
        if len(form) >= min(len(plain), _PIECE // 2)
        for at in range(max(len(form) - _PIECE, 0) + 1)
    )


def _base64(content: bytes) -> set[str]:
    """Return the forms of a text in base64, without the characters that depend on its neighbours."""
    forms = set()
    for offset in range(3):
        shifted = bytes(offset) + content
        first, last = -(-offset * 8 // 6), len(shifted) * 8 // 6
        forms |= {encode(shifted).decode()[first:last] for encode in (b64encode, urlsafe_b64encode)}
    return forms


def _places(text: str, pieces: Collection[str]) -> list[tuple[int, int]]:
    """Return where pieces of secrets, and values of credentials, stand in a text."""
    lowered = text.lower()
    places = [
        (at, at + length)
        for length in {len(piece) for piece in pieces}
        for at in range(len(lowered) - length + 1)
        if lowered[at : at + length] in pieces
    ]
    return places + [found.span(found.lastgroup or 0) for found in _CREDENTIAL.finditer(text)]


def _levels(text: str) -> list[tuple[str, _Spans]]:
    """Return a text's bytes as characters with their places in it, then unescaped once, twice, and so on."""
    units = [
        (char, (at, at + 1))
        for at, each in enumerate(text)
        for char in each.encode("utf-8", errors="surrogatepass").decode("latin-1")
    ]
    levels = [("".join(char for char, _ in units), [place for _, place in units])]
    while len(levels) < _LEVELS and _ESCAPE.search(levels[-1][0]):
        levels.append(_unescaped(*levels[-1]))
    return levels


def _unescaped(text: str, spans: _Spans) -> tuple[str, _Spans]:
    parts, places, at = list[str](), _Spans(), 0
    for found in _ESCAPE.finditer(text):
        start, end = found.span()
        meant = _meaning(found)
        parts += [text[at:start], meant]
        places += [*spans[at:start], *[(spans[start][0], spans[end - 1][1])] * len(meant)]
        at = end
    return "".join([*parts, text[at:]]), [*places, *spans[at:]]


def _meaning(escape: re.Match[str]) -> str:
    """Return what an escape stands for, as UTF-8 bytes in Latin-1."""
    if digits := escape["percent"] or escape["byte"]:
        return binascii.unhexlify(digits).decode("latin-1")
    if escape["unit"]:
        meant = chr(int(escape["unit"], 16))
    elif escape["entity"]:
        meant = html.unescape(escape["entity"].lower())
    else:
        meant = escape["char"]
    return meant.encode("utf-8", errors="surrogatepass").decode("latin-1")
