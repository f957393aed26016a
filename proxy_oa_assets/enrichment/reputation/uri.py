"""URIs as proxies log them: host, path and query, mostly without a scheme.

Parsing never fails, because anyone can write a URI into a log, and normalizes only what RFC 3986, section
6.2, calls equivalent. `urllib.parse` raises on some URIs and drops characters from others.
"""

import re
from typing import NamedTuple

_URI = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?(?:[^/?#]*@)?(?P<host>\[[^\]/?#]*\]|[^/?#:]*)"
    r"(?::(?P<port>\d{0,5})(?=[/?#]|\Z))?(?P<path>[^?#]*)(?P<query>\?[^#]*)?",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)
# Browsers read a host whose last part is a number as an IPv4 address: 127.1, 0x7f000001.
_ENDS_IN_A_NUMBER = re.compile(r"(^|\.)(\d+|0x[0-9a-f]*)$", re.ASCII)
_DEFAULT_PORTS = {"http": "80", "https": "443"}


class Uri(NamedTuple):
    """A URI's parts; `host` and `scheme` in lower case, `port` empty if it is the scheme's default."""

    host: str
    port: str
    path: str
    query: str
    scheme: str = ""

    def __str__(self) -> str:
        port = f":{self.port}" if self.port else ""
        return f"{self.host}{port}{self.path}{self.query}"


def parse_uri(text: str) -> Uri:
    """Split a URI with or without scheme; user info and fragment are dropped, an empty path is `/`.

    Text after the host that is no port, as in `a.example:x.example/`, begins the path in place of a `/`.
    """
    match = _URI.match(text)
    if match is None:  # pragma: no cover - every part of the pattern may be empty
        raise AssertionError(text)
    scheme, port = (match["scheme"] or "").lower(), match["port"] or ""
    if port in (_DEFAULT_PORTS.values() if not scheme else (_DEFAULT_PORTS.get(scheme),)):
        port = ""
    return Uri(match["host"].lower().rstrip("."), port, match["path"] or "/", match["query"] or "", scheme)


def is_address(host: str) -> bool:
    """Return whether a host, in lower case, is an IP address and no name."""
    return host.startswith("[") or bool(_ENDS_IN_A_NUMBER.search(host))
