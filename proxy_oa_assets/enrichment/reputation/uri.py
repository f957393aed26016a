"""URIs as proxies log them: host, path and query, mostly without a scheme.

Parsing never fails, because anyone can write a URI into a log, and normalizes only what RFC 3986, section
6.2, calls equivalent. `urllib.parse` raises on some URIs and drops characters from others.
"""

import ipaddress
import re
import socket
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

import idna

_URI = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?(?:[^/?#]*@)?(?P<host>\[[^\]/?#]*\]|[^/?#:]*)"
    r"(?::(?P<port>\d{0,5})(?=[/?#]|\Z))?(?P<path>[^?#]*)(?P<query>\?[^#]*)?",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)
# Browsers read a host whose last part is a number as an IPv4 address: 127.1, 0x7f000001.
_ENDS_IN_A_NUMBER = re.compile(r"(^|\.)(\d+|0x[0-9a-f]*)$", re.ASCII)
_NUMBERS = re.compile(r"[0-9a-fx.]+")
# In the host of a URL they end it, or make it invalid (WHATWG's URL standard, "forbidden domain code point").
_FORBIDDEN = re.compile(r"[\0-\x20\x7f#/:<>?@\[\\\]^|%]")
# DNS has 253; characters that IDNA drops come on top. Punycode takes quadratic time.
_LONGEST_HOST = 1000
_RESERVED = ":/?#[]@!$&'()*+,;="
_UNENCODED = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]*")
_ENCODED = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
_DEFAULT_PORTS = {"http": "80", "https": "443"}


class Uri(NamedTuple):
    """A URI's parts: `host` as `canonical_host` returns it, `port` empty if it is the scheme's default."""

    host: str
    port: str
    path: str
    query: str
    scheme: str = ""

    def __str__(self) -> str:
        port = f":{self.port}" if self.port else ""
        return f"{self.host}{port}{self.path}{self.query}"

    def normalized(self) -> str:
        """Return the text by which URIs are compared: with one form of percent-encoding (RFC 3986, 6.2.2)."""
        text = str(self)
        if _UNENCODED.fullmatch(text):
            return text
        encoded = quote(text, safe=f"{_RESERVED}%", errors="surrogatepass")
        return _ENCODED.sub(_decoded_if_unreserved, encoded)


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
    return Uri(canonical_host(match["host"]), port, match["path"] or "/", match["query"] or "", scheme)


def canonical_host(host: str) -> str:
    """Return a host as DNS has it: lower case, IDNA's ASCII form, no final dot; an address in its usual form.

    Percent-encoding is decoded. What no name and no address has stays, in lower case.
    """
    host = host.lower()
    if host.startswith("["):
        return _canonical_ipv6(host)
    if "%" in host:
        host = _decoded(host)
    if not host.isascii():
        host = _ascii(host)
    host = host.rstrip(".")
    return _canonical_ipv4(host) if is_address(host) else host


def _decoded_if_unreserved(encoded: re.Match[str]) -> str:
    char = chr(int(encoded[1], 16))
    return char if _UNRESERVED.fullmatch(char) else encoded[0].upper()


def _decoded(host: str) -> str:
    try:
        decoded = unquote_to_bytes(host).decode().lower()
    except UnicodeError:
        return host
    return host if _FORBIDDEN.search(decoded) else decoded


def _ascii(host: str) -> str:
    """Return a name by UTS 46, as browsers do, IDNA 2008's form where it has one; the same text otherwise."""
    if len(host) > _LONGEST_HOST:
        return host
    try:
        mapped = idna.uts46_remap(host, std3_rules=False, transitional=False)
    except idna.IDNAError:
        return host
    if _FORBIDDEN.search(mapped):
        return host
    # Not by `idna.encode`, which refuses emoji, as registries do: browsers open such names.
    return ".".join(
        label if label.isascii() else f"xn--{label.encode('punycode').decode('ascii')}"
        for label in mapped.split(".")
    )


def _canonical_ipv4(host: str) -> str:
    # inet_aton ignores what follows a blank.
    if not _NUMBERS.fullmatch(host):
        return host
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return host


def _canonical_ipv6(host: str) -> str:
    try:
        address = ipaddress.IPv6Address(host[1:-1])
    except ValueError:
        return host
    # A dual-stack proxy logs an IPv4 address this way.
    return str(address.ipv4_mapped) if address.ipv4_mapped else f"[{address}]"


def is_address(host: str) -> bool:
    """Return whether a host, in lower case, is an IP address and no name."""
    return host.startswith("[") or bool(_ENDS_IN_A_NUMBER.search(host))
