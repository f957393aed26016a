"""A Squid `logformat` line and its tokens.

Codes and encodings are those of Squid 5 (`squid.conf.documented`, `src/format/Token.cc`); others are skipped.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from proxy_oa_assets.model.errors import IngestError

CUT_AT = 8191  # bytes: Squid's buffer of a line, less its end
# Fields behind a line's own: of the request's headers, which log_mime_hdrs appends to built-in formats.
HEADERS = {"referer": "Referer", "useragent": "User-Agent"}
USERS = frozenset(("un", "ul", "ue", "ui", "us"))
# Of the codes that begin alike, the longer first.
_CODE = re.compile(
    r"""%(?P<encoding>["\[\#/'])?-?0?\d*(?:\.\d+)?(?:\{(?P<before>[^}]*)\})?(?P<space>[a-z_]+::)?(?P<code>
    (?<=::)[<>]?[a-z_A-Z]+
    # Of the codes that begin alike, the longer first.
    |[<>]nfmark|>eui|[<>]qos|>handshake|err_(?:code|detail)|note|credentials|master_xaction
    |[<>]?l[ap]|oa|t[sulgSr]|<[pt]t|dt|>ha|u[nlsie]|[<>]?Hs|<bs|S[sh]|mt
    |[<>]?r[muspvdP]|rG|[<>]?st|[<>]sh|<s[HS]|e[ta]|sn|[<>][apAh]|>v|%
    |[<>]?[A-Za-z_]+)(?:\{(?P<after>[^}]*)\})?""",
    re.VERBOSE,
)
_CONF_LINE = re.compile(r"\s*logformat\s+\S+\s+(.*)", re.DOTALL)
_DATE = "%d/%b/%Y:%H:%M:%S %z"
_COMPOSED = {"%T": "%H:%M:%S", "%D": "%m/%d/%y", "%F": "%Y-%m-%d", "%R": "%H:%M", "%h": "%b"}


@dataclass(frozen=True)
class Code:
    """A % code: its name without `http::`, its argument, and how its value is encoded.

    `encoding` is Squid's character for it, empty for the code's own; headers' names are in lower case.
    """

    name: str
    argument: str = ""
    encoding: str = ""

    @property
    def key(self) -> str:
        """The code with its header's name."""
        return f"{{{self.argument}}}{self.name}" if self.argument else self.name


@dataclass(frozen=True)
class Clock:
    """A time as strftime writes it, in UTC or Squid's own zone; a part behind a blank isn't the `first`."""

    format: str
    utc: bool
    first: bool = True


Element = str | Code | Clock


@dataclass(frozen=True)
class Token:
    """Elements that are one field of a line, `lead` being the text before it.

    `quoted` is whether the field's elements stand between double quotes, which aren't part of it.
    """

    elements: tuple[Element, ...]
    lead: str = " "
    quoted: bool = False

    @property
    def codes(self) -> list[Code]:
        """The token's codes."""
        return [each for each in self.elements if isinstance(each, Code)]

    @property
    def name(self) -> str:
        """The token as the line has it, widths and encodings left out."""
        return "".join(_written(each) for each in self.elements)

    @property
    def escaped(self) -> bool:
        """Whether quotes and backslashes of the values are written with a backslash before them."""
        return all(each.encoding == '"' for each in self.codes)


@dataclass(frozen=True)
class Line:
    """A logformat's tokens, and the text behind the last; blanks and quotes alone divide `split` lines."""

    tokens: tuple[Token, ...]
    split: bool
    tail: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The tokens' names, each once."""
        names: list[str] = []
        for token in self.tokens:
            names.append(f"{token.name} {names.count(token.name) + 1}" if token.name in names else token.name)
        return tuple(names)


def _written(element: Element) -> str:
    if isinstance(element, Clock):
        return element.format
    return element if isinstance(element, str) else f"%{element.key}"


def read_line(text: str) -> Line:
    """Return the tokens of what stands behind `logformat NAME`, or of a whole such line of squid.conf.

    Raises IngestError if it has no code.
    """
    in_conf = _CONF_LINE.fullmatch(text)
    elements = list(_elements((in_conf[1] if in_conf else text).strip()))
    if not any(isinstance(each, Code) for each in elements):
        raise IngestError(f"the logformat {text!r} has no % code; give what stands behind `logformat NAME`")
    tokens = _split_tokens(elements)
    if tokens is not None and _splits(tokens):
        return Line(tokens, split=True)
    return _free_line(elements)


def _elements(text: str) -> Iterator[Element]:
    quoting, at = "", 0
    while at < len(text):
        if text[at] != "%":
            end = text.find("%", at)
            literal = text[at : end if end >= 0 else len(text)]
            for character in literal:
                quoting = _quoting_after(character, quoting)
            yield literal
            at += len(literal)
            continue
        found = _CODE.match(text, at)
        if found is None:
            raise IngestError(
                f"the logformat's {text[at : at + 20]!r} isn't a % code; see logformat in squid.conf"
            )
        at = found.end()
        name = ((found["space"] or "") + found["code"]).removeprefix("http::").replace("tls::", "ssl::")
        argument = found["before"] or found["after"] or ""
        if name in ("tl", "tg"):
            yield Clock(_expanded(argument or _DATE), utc=name == "tg")
        elif name == "%":
            yield "%"
        else:
            argument = argument.lower() if name.endswith(("h", "ha")) else argument
            yield Code(name, argument, found["encoding"] or quoting)


def _quoting_after(character: str, quoting: str) -> str:
    """Return which encoding a literal character turns on or off for the codes behind it."""
    if character == '"' and quoting in ("", '"'):
        return "" if quoting else '"'
    if character == "[" and not quoting:
        return "["
    return "" if character == "]" and quoting == "[" else quoting


def _expanded(time: str) -> str:
    for short, long in _COMPOSED.items():
        time = time.replace(short, long)
    return time


def _split_tokens(elements: Iterable[Element]) -> tuple[Token, ...] | None:
    """Return the fields of a line that blanks divide; None if a quote isn't at a field's begin or end."""
    tokens: list[Token] = []
    current: list[Element] = []
    inside = closed = False
    for element in elements:
        for part in _parts(element, inside=inside):
            if part == " " and not inside:
                if current or closed:
                    tokens.append(Token(_joined(current), quoted=closed))
                current, closed = [], False
            elif part == '"':
                if not inside and (current or closed):
                    return None
                inside, closed = not inside, inside
            elif closed:
                return None
            else:
                current.append(part)
    if current or closed:
        tokens.append(Token(_joined(current), quoted=closed))
    return None if inside else tuple(tokens)


def _parts(element: Element, *, inside: bool) -> Iterator[Element]:
    """Yield blanks, quotes and what stands between them."""
    if isinstance(element, Code):
        yield element
    elif isinstance(element, str):
        yield from element
    elif inside:
        yield element
    else:
        for number, word in enumerate(element.format.split(" ")):
            if number:
                yield " "
            yield Clock(word, element.utc, first=not number)


def _joined(parts: Sequence[Element]) -> tuple[Element, ...]:
    joined: list[Element] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        else:
            joined.append(part)
    return tuple(joined)


def _splits(tokens: Sequence[Token]) -> bool:
    """Return whether blanks and quotes alone divide the fields, and each has what a column needs."""
    quotes = {each.encoding for token in tokens if token.quoted for each in token.codes}
    bare = {each.encoding for token in tokens if not token.quoted for each in token.codes}
    if "/" in quotes | bare or '"' in bare or len(quotes) > 1:
        return False
    for token in tokens:
        times = [each for each in token.elements if isinstance(each, Clock)]
        clean = token.name in ("%ts", "%ts.%tu", "%tS")
        if (times and token.codes) or (not clean and {each.name for each in token.codes} & {"ts", "tS"}):
            return False
    return True


def _free_line(elements: Sequence[Element]) -> Line:
    """Return a line whose fields are its codes, with the text between them as it stands."""
    tokens: list[Token] = []
    lead, rest = "", list(_joined(elements))
    while rest:
        element = rest.pop(0)
        if isinstance(element, str):
            lead += element
            continue
        whole: tuple[Element, ...] = (element,)
        if isinstance(element, Code) and element.name == "ts" and _is_fraction(rest):
            whole = (element, ".", rest[1])
            del rest[:2]
        tokens.append(Token(whole, lead))
        lead = ""
    return Line(tuple(tokens), split=False, tail=lead)


def _is_fraction(rest: Sequence[Element]) -> bool:
    return len(rest) > 1 and rest[0] == "." and isinstance(rest[1], Code) and rest[1].name == "tu"
