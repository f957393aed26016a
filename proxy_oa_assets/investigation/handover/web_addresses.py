"""Web addresses and hosts as security tools take them, made of what the log has: URIs without a scheme."""

import functools
import ipaddress
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import quote

from proxy_oa_assets.enrichment.reputation.uri import canonical_host
from proxy_oa_assets.sql.query import NO_VALUE

_PARTS = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?(?P<authority>[^/?#]*)(?P<rest>.*)",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)
_AUTHORITY = re.compile(
    r"(?P<user>.*@)?(?P<host>\[[^\]]*\]|[^:]*|.*?)(?::(?P<port>\d{1,5})?)?", re.ASCII | re.DOTALL
)
# The user, host and port of any URL; an `@` before the last one is part of the user.
_URL_AUTHORITY = re.compile(
    r"(?P<user>.*@)?(?:(?P<address>\[[0-9a-f:.]+\])|(?P<host>.*?))(?P<port>:\d*)?", re.ASCII | re.DOTALL
)
_NAME = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*", re.ASCII)
_LONGEST_NAME = 253
_TUNNELS = ("CONNECT", "TCP_CONNECT")
_DEFAULT_PORTS = {"http": 80, "https": 443, "ftp": 21}
_SCHEMES = {port: scheme for scheme, port in _DEFAULT_PORTS.items()}
# Browsers send all of these as they are; blanks, quotes, angle brackets and what isn't ASCII, they encode.
_SENT = "".join(char for char in map(chr, range(0x21, 0x7F)) if char not in '"<>')
# What RFC 3986 allows in a host, and in a path or query.
_ALLOWED_IN_HOST = "!$&'()*+,;=-._~%"
_ALLOWED = f"/?:@{_ALLOWED_IN_HOST}"
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})", re.ASCII)


class Kind(StrEnum):
    """What an indicator is; HOST is the text of a host that is neither a name nor an address."""

    URL = "url"
    DOMAIN = "domain"
    IPV4 = "ipv4"
    IPV6 = "ipv6"
    HOST = "host"


class Host(NamedTuple):
    """A host: a name in IDNA's ASCII form, an address in its usual form, or another text as it is logged."""

    kind: Kind
    value: str

    @property
    def in_url(self) -> str:
        """The host as a URL has it."""
        if self.kind is Kind.IPV6:
            return f"[{self.value}]"
        return quote(self.value, safe=_SENT.replace(":", "")) if self.kind is Kind.HOST else self.value


class Addressed(NamedTuple):
    """What a request is to: `url`, or for a tunnel (CONNECT) `host` and `port` alone.

    `logged` is the URI as the log has it, where `url` spells it otherwise; `logged_host` likewise.
    """

    url: str | None
    logged: str
    host: Host | None
    logged_host: str
    port: int | None = None


def addressed(row: Mapping[str, object]) -> Addressed:
    """Return what a raw row's request is to.

    A log's URI has no scheme: it is that of the port (443: https, 21: ftp), else http. A port that isn't the
    scheme's is added.
    """
    uri = _text(row.get("fulluri"))
    parts = _parts(uri)
    user, host_text, uri_port = _authority(parts["authority"])
    _, named, _ = _authority(_text(row.get("host")) or host_text)
    host = host_of(named) if named.strip() else None
    logged_host = "" if host is None or host.value == named.strip("[]").lower() else named
    port = port_number(uri_port or row.get("uriport"))
    method = row.get("reqmethod")
    is_pair = bool(uri_port) and not parts["rest"] and not parts["scheme"]
    if str(method).upper() in _TUNNELS or (method is None and is_pair):
        return Addressed(None, "", host, logged_host, port)
    if not uri:
        return Addressed(None, "", host, logged_host)
    scheme = (parts["scheme"] or _SCHEMES.get(port or 0, "http")).lower()
    shown_port = "" if port in (None, _DEFAULT_PORTS.get(scheme)) else f":{port}"
    # The log leaves out a path of one character.
    rest = parts["rest"] if parts["rest"].startswith("/") else f"/{parts['rest']}"
    in_url = host_of(host_text).in_url
    url = f"{scheme}://{quote(user, safe=_SENT)}{in_url}{shown_port}{quote(rest, safe=_SENT)}"
    same = in_url == host_text.lower() and url.endswith(f"{shown_port}{rest}") and user in url
    return Addressed(url, "" if same else uri, host, logged_host)


@functools.lru_cache(maxsize=512)  # many requests have the same
def host_of(text: str) -> Host:
    """Return what a host is; a URL's brackets around an IPv6 address may be there or not."""
    name = canonical_host(f"[{text}]" if text.count(":") > 1 and not text.startswith("[") else text)
    try:
        address = ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        known = len(name) <= _LONGEST_NAME and _NAME.fullmatch(name)
        return Host(Kind.DOMAIN, name) if known else Host(Kind.HOST, text)
    if "%" in name:  # the zone of an interface, which means nothing elsewhere
        return Host(Kind.HOST, text)
    return Host(Kind.IPV6 if name.startswith("[") else Kind.IPV4, str(address))


def strict_url(url: str) -> str:
    """Return a URL in which everything that RFC 3986 doesn't allow is percent-encoded."""
    scheme, _, after = url.partition("://")
    parts = _parts(after)
    rest, mark, fragment = parts["rest"].partition("#")
    after_host = f"{quote(rest, safe=_ALLOWED)}{mark}{quote(fragment, safe=_ALLOWED)}"
    strict = f"{_strict_authority(parts['authority'])}{after_host}"
    return f"{scheme}://{_STRAY_PERCENT.sub('%25', strict)}"


def _strict_authority(authority: str) -> str:
    found = _found(_URL_AUTHORITY, authority)
    user = f"{quote(found['user'][:-1], safe=f':{_ALLOWED_IN_HOST}')}@" if found["user"] else ""
    host = found["address"] or quote(found["host"], safe=_ALLOWED_IN_HOST)
    return f"{user}{host}{found['port'] or ''}"


def _parts(uri: str) -> re.Match[str]:
    return _found(_PARTS, uri)


def _found(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    found = pattern.fullmatch(text)
    if found is None:  # pragma: no cover - every part of the patterns may be empty
        raise AssertionError(text)
    return found


def _authority(text: str) -> tuple[str, str, str]:
    """Return user (with its `@`), host and port of what stands before a path."""
    found = _AUTHORITY.fullmatch(text)
    if found is None or host_of(text).kind is Kind.IPV6:
        return "", text, ""
    return found["user"] or "", found["host"], found["port"] or ""


def _text(value: object) -> str:
    return "" if value is None or value in NO_VALUE else str(value)


def port_number(port: object) -> int | None:
    """Return a port, 1 to 65535, from its text; None for anything else."""
    if not isinstance(port, str) or not re.fullmatch(r"\d{1,5}", port, re.ASCII):
        return None
    return int(port) if 0 < int(port) < 1 << 16 else None
