"""Web addresses in the spelling that security teams mail, and back: no program makes a link of them."""

import re

# Where a scheme begins: what is encoded before it, such as %22, can end in a letter or digit.
_BEGINS = r"(?:\b|(?<=%[0-9a-f]{2}))"
# A scheme that couldn't be refanged to the same text, such as hTtp or xhttp, is treated as another one.
_SCHEME = re.compile(
    rf"{_BEGINS}(?P<web>(?-i:[hH]tt|HTT|[fF]t|FT))(?P<rest>ps?://)|(?<=[a-z0-9]):(?=//)", re.IGNORECASE
)
# A path or query, and what can be a name or an address anywhere else. What ends a link ends a path.
_PART = re.compile(r"(?P<path>(?<=[\w\]).-])[/?#][^\s\"'<>`|,(){}\[\]^\\]*)|[\w.-]+")
# The addresses in a path or query: behind two slashes or backslashes, `www.`, of a mail, or with a path of
# their own. Percent-encoded marks, once or several times, separate words for mail programs as well.
_IN_PATH = re.compile(
    r"(?P<before>"
    r"(?:/|%(?:25)*(?:2f|5c)){2}"
    r"|(?:@|%(?:25)*40)(?=[\w.-]*\.[^\W\d])"
    r"|(?:(?<![\w.-])|%(?:25)*[0-9a-f]{2})(?=www\.)"
    r"|(?:[=;&]|%(?:25)*(?:3d|3b|26))(?=[\w.-]+(?:[/:?]|%(?:25)*(?:2f|3a|3f)))"
    r")(?P<name>[\w.-]+)",
    re.IGNORECASE,
)
_DECIMAL = re.compile(r"\d+\.\d+", re.ASCII)
# RFC 1918: an address that leads nowhere outside.
_INTERNAL = re.compile(r"(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d{1,3}\.\d{1,3}", re.ASCII)
# All blanks before a mark, matched from the first one: a search that starts at each blank is quadratic.
_BEFORE = r"(?:(?<!\s)\s++)?"
_FANGS = [
    (re.compile(pattern, re.IGNORECASE), plain)
    for pattern, plain in (
        (r":\\\\(?=\S)", "://"),
        (r"[\[({]\.([\w.-]+)[\])}]", r".\1"),
        (r"(?<=\w)[ \t]+dot[ \t]+(?=\w)", "."),
        (rf"{_BEFORE}[\[({{<]\s*+(?:\.|dot)\s*+[\])}}>]\s*+|\[\.(?=\w)|(?<=\w)\.\]|(?<=\w)\\\.(?=\w)", "."),
        (rf"{_BEFORE}[\[({{]\s*+:\s*+//\s*+[\])}}]\s*+", "://"),
        (r"\[:\]|\(:\)|\{:\}", ":"),
        (r"[\[({]//?[\])}]", "/"),
        (rf"{_BEGINS}(?-i:HXX)(?=ps?:)", "HTT"),
        (rf"{_BEGINS}(h)(?:xx|\*\*|xt|tx|__)(?=ps?:)", r"\1tt"),
        (rf"{_BEGINS}(?-i:FX)(?=ps?:)", "FT"),
        (rf"{_BEGINS}(f)x(?=ps?:)", r"\1t"),
    )
]


def defanged(text: str) -> str:
    """Return a text with `hxxp` for `http`, `fxp` for `ftp` and `[.]` for the dots of names and addresses.

    The colon of another scheme becomes `[:]`. Paths and queries stay as they are, except for the addresses in
    them, and so do decimal numbers, the ends of sentences and internal addresses: a comment can be given as
    well as a URI.
    """
    return _SCHEME.sub(_without_scheme, _PART.sub(_safe, text))


def _safe(match: re.Match[str]) -> str:
    return _IN_PATH.sub(_safe_in_path, match[0]) if match["path"] else _without_dots(match[0])


def _safe_in_path(match: re.Match[str]) -> str:
    return match["before"] + _without_dots(match["name"])


def _without_scheme(match: re.Match[str]) -> str:
    if not match["web"]:
        return "[:]"
    return match["web"].replace("t", "x").replace("T", "X") + match["rest"]


def _without_dots(word: str) -> str:
    inner = word.strip(".")
    if "." not in inner or _DECIMAL.fullmatch(inner) or _INTERNAL.fullmatch(inner):
        return word
    return word.replace(inner, inner.replace(".", "[.]"))


def refang(text: str) -> str:
    """Return a text with the web addresses that others defanged as a log has them.

    `hxxp`, `h**p`, `fxp`, `[.]`, `(dot)`, ` dot `, `{.}`, `[.`, `[.com]`, `[:]`, `[://]`, `[/]` and the like,
    in any case, a dot behind a backslash in a name, and two of those for `//`; blanks around them go as well.
    """
    for pattern, plain in _FANGS:
        text = pattern.sub(plain, text)
    return text
