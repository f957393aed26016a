"""What of a value may leave the machine."""

import ipaddress
import re
import socket
from dataclasses import dataclass
from urllib.parse import quote

from proxy_oa_assets.reputation.service import Send
from proxy_oa_assets.reputation.uri import Uri, is_address, parse_uri

# Names that no public resolver answers for: RFC 6762 appendix G, RFC 6761, RFC 8375 and ICANN's `internal`.
INTERNAL_SUFFIXES = (
    *("local", "internal", "corp", "lan", "home", "intranet", "private"),
    *("localhost", "localdomain", "test", "invalid", "home.arpa"),
)
_HOST_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)+", re.ASCII)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# RFC 3986's characters of a path and a query; everything else is written as %XX.
_PATH, _QUERY = "/:@!$&'()*+,;=%~", "/:@!$&'()*+,;=%~?"


@dataclass(frozen=True)
class Privacy:
    """The site's own names, none of which is ever sent: internal suffixes, and domains it trusts."""

    own_suffixes: tuple[str, ...] = ()

    def outgoing(self, value: str, send: Send) -> str | None:
        """Return what is sent for a value, a URL or a host name; None if nothing may be."""
        uri = parse_uri(value)
        host = _ascii(uri.host)
        if send is Send.NONE or host is None or not self._is_public(host):
            return None
        if send is Send.HOST:
            return host
        return _url(uri, host, with_query=send is Send.URL)

    def _is_public(self, host: str) -> bool:
        if is_address(host):
            return _is_public_address(host.strip("[]"))
        if not _HOST_NAME.fullmatch(host):
            return False
        return not any(
            host == suffix or host.endswith(f".{suffix}")
            for suffix in (*INTERNAL_SUFFIXES, *self.own_suffixes)
        )


def own_suffix(text: str) -> str:
    """Return a configured domain or suffix as hosts are compared with it."""
    return (_ascii(text.strip().lower()) or "").strip(".")


def _ascii(host: str) -> str | None:
    """Return a host as it stands in DNS; None if it can't stand there."""
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None


def _is_public_address(text: str) -> bool:
    try:
        # inet_aton reads what browsers read, such as 127.1; ipaddress alone only the usual form.
        address = ipaddress.ip_address(text if ":" in text else socket.inet_aton(text))
    except (OSError, ValueError):
        return False
    if isinstance(address, ipaddress.IPv6Address):
        within = address.ipv4_mapped or address.sixtofour
        if within is None and address in _NAT64:
            within = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if within is not None:
            return within.is_global
    return address.is_global and not address.is_multicast


def _url(uri: Uri, host: str, *, with_query: bool) -> str:
    scheme = uri.scheme if uri.scheme in ("http", "https") else "http"
    port = f":{uri.port}" if uri.port else ""
    query = quote(uri.query, safe=_QUERY) if with_query else ""
    return f"{scheme}://{host}{port}{quote(uri.path, safe=_PATH)}{query}"
