"""What of a value may leave the machine."""

import ipaddress
import re
import socket
from dataclasses import dataclass
from urllib.parse import quote

from proxy_oa_assets.enrichment.reputation.service import Send
from proxy_oa_assets.enrichment.reputation.uri import Uri, is_address, parse_uri

# Names that no public resolver answers for: RFC 6762 appendix G, RFC 6761, RFC 8375 and ICANN's `internal`.
INTERNAL_SUFFIXES = (
    *("local", "internal", "corp", "lan", "home", "intranet", "private"),
    *("localhost", "localdomain", "test", "invalid", "home.arpa"),
)
# RFC 1035, section 2.3.4.
_LONGEST_NAME = 253
_HOST_NAME = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})+", re.ASCII)
# All of IPv6 that is given out for use in public (IANA's registry of IPv6 addresses).
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
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
        host = self._public(_ascii(uri.host))
        # Anything but a path after the host would make it another one: `a.example:.inside.corp/`.
        if send is Send.NONE or host is None or not uri.path.startswith("/"):
            return None
        if send is Send.HOST:
            return host
        return _url(uri, host, with_query=send is Send.URL)

    def _public(self, host: str | None) -> str | None:
        """Return a host as services know it; None if it is inside, or can't be outside."""
        if host is None or is_address(host):
            return _public_address((host or "").strip("[]"))
        if len(host) > _LONGEST_NAME or not _HOST_NAME.fullmatch(host):
            return None
        inside = (*INTERNAL_SUFFIXES, *self.own_suffixes)
        return None if any(host == suffix or host.endswith(f".{suffix}") for suffix in inside) else host


def own_suffix(text: str) -> str:
    """Return a configured domain or suffix as hosts are compared with it. Raises ValueError if it is none."""
    suffix = (_ascii(text.strip().lower()) or "").strip(".")
    if is_address(suffix) or not _HOST_NAME.fullmatch(f"host.{suffix}"):
        raise ValueError("it is no domain; write it as example.net, which stands for all below it, too")
    return suffix


def _ascii(host: str) -> str | None:
    """Return a host as it stands in DNS; None if it can't stand there."""
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None


def _public_address(text: str) -> str | None:
    """Return a public address in its usual form, however it was written; None for any other."""
    try:
        # inet_aton reads what browsers read, such as 127.1; ipaddress alone only the usual form.
        address = ipaddress.ip_address(text if ":" in text else socket.inet_aton(text))
    except (OSError, ValueError):
        return None
    if isinstance(address, ipaddress.IPv6Address):
        within = address.ipv4_mapped or address.sixtofour
        if within is None and address in _NAT64:
            within = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        public = address.is_global and address in _GLOBAL_UNICAST if within is None else within.is_global
        # Behind a zone's `%` may stand any text, and it means nothing elsewhere.
        return f"[{address}]" if public and address.scope_id is None else None
    return str(address) if address.is_global and not address.is_multicast else None


def _url(uri: Uri, host: str, *, with_query: bool) -> str:
    scheme = uri.scheme if uri.scheme in ("http", "https") else "http"
    port = f":{uri.port}" if uri.port else ""
    # A lone surrogate, as a command line's byte that is no UTF-8, can't be written in it.
    path = quote(uri.path, safe=_PATH, errors="replace")
    query = quote(uri.query, safe=_QUERY, errors="replace") if with_query else ""
    return f"{scheme}://{host}{port}{path}{query}"
