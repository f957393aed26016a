"""Web addresses in the spelling that security teams mail, and back: no program makes a link of them."""

import re

_SCHEME = re.compile(r"(h)(tt)(ps?://)|(f)t(ps?://)|(?<=[a-z0-9]):(?=//)", re.IGNORECASE)
# A path or query, and what can be a name or an address anywhere else. What ends a link ends a path.
_PART = re.compile(r"(?P<path>(?<=[\w\]).-])[/?#][^\s\"'<>`|,(){}\[\]^\\]*)|[\w.-]+")
# The addresses in a path or query: behind two slashes, `www.`, of a mail, or with a path of their own.
_IN_PATH = re.compile(
    r"(?<=//)[\w.-]+|(?<=%2f%2f)[\w.-]+|(?<=@)(?=[\w.-]*\.[^\W\d])[\w.-]+"
    r"|(?<![\w.-])www\.[\w.-]+|(?<=[=;&])[\w.-]+(?=[/:?])",
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
        (rf"{_BEFORE}[\[({{<]\s*+(?:\.|dot)\s*+[\])}}>]\s*+|\[\.(?=\w)|(?<=\w)\.\]|\\\.", "."),
        (rf"{_BEFORE}[\[({{]\s*+:\s*+//\s*+[\])}}]\s*+", "://"),
        (r"\[:\]|\(:\)|\{:\}", ":"),
        (r"[\[({]//?[\])}]", "/"),
        (r"\bh(?:xx|\*\*|xt|tx|__)p(s?)(?=:)", r"http\1"),
        (r"\bfxp(s?)(?=:)", r"ftp\1"),
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
    return _IN_PATH.sub(_without_dots, match[0]) if match["path"] else _without_dots(match)


def _without_scheme(match: re.Match[str]) -> str:
    if match[1]:
        return f"{match[1]}{'XX' if match[2].isupper() else 'xx'}{match[3]}"
    return f"{match[4]}x{match[5]}" if match[4] else "[:]"


def _without_dots(match: re.Match[str]) -> str:
    word = match[0]
    inner = word.strip(".")
    if "." not in inner or _DECIMAL.fullmatch(inner) or _INTERNAL.fullmatch(inner):
        return word
    return word.replace(inner, inner.replace(".", "[.]"))


def refang(text: str) -> str:
    """Return a text with the web addresses that others defanged as a log has them.

    `hxxp`, `h**p`, `fxp`, `[.]`, `(dot)`, ` dot `, `{.}`, `[.`, `[.com]`, `[:]`, `[://]`, `[/]` and the like,
    in any case, a dot behind a backslash, and two of those for `//`; blanks around them go as well.
    """
    for pattern, plain in _FANGS:
        text = pattern.sub(plain, text)
    return text
