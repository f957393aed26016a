"""The part of a value that may leave the machine."""

import ipaddress
import re
from typing import Annotated
from urllib.parse import quote

from pydantic import AfterValidator, Field

from proxy_oa_assets.enrichment.reputation.service import Send
from proxy_oa_assets.enrichment.reputation.types import Section
from proxy_oa_assets.enrichment.reputation.uri import canonical_host, is_address, parse_uri

# Names that no public resolver answers for: RFC 6762 appendix G, RFC 6761, RFC 8375 and ICANN's `internal`.
INTERNAL_SUFFIXES = (
    *("local", "internal", "corp", "lan", "home", "intranet", "private"),
    *("localhost", "localdomain", "test", "invalid", "home.arpa"),
)
# RFC 1035, section 2.3.4.
_LONGEST_NAME = 253
_HOST_NAME = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})+", re.ASCII)
# All public unicast addresses (IANA's IPv6 address space registry).
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# RFC 3986's characters of a path and a query; everything else is written as %XX.
_PATH, _QUERY = "/:@!$&'()*+,;=%~", "/:@!$&'()*+,;=%~?"


def _suffix(text: str) -> str:
    """Return a configured domain or suffix in the form of hosts. Raises ValueError if it is none."""
    suffix = canonical_host(text.strip()).strip(".")
    if is_address(suffix) or not _HOST_NAME.fullmatch(f"host.{suffix}"):
        raise ValueError("it is no domain; write it as example.net, which stands for all below it, too")
    return suffix


_Suffix = Annotated[str, AfterValidator(_suffix)]


class Privacy(Section):
    """The site's own suffixes, internal and trusted; no name below them is ever sent."""

    # Not strict: JSON and TOML have lists.
    internal_suffixes: tuple[_Suffix, ...] = Field(default=(), strict=False)
    allowed_domains: tuple[_Suffix, ...] = Field(default=(), strict=False)

    def outgoing(self, value: str, send: Send) -> str | None:
        """Return the text to send for a value, a URL or a host name; None if nothing may be sent."""
        uri = parse_uri(value)
        host = self._public(uri.host)
        # Without a path's slash, what follows the host would extend it: `a.example:.inside.corp/`.
        if send is Send.NONE or host is None or not uri.path.startswith("/"):
            return None
        if send is Send.HOST:
            return host
        scheme = uri.scheme if uri.scheme in ("http", "https") else "http"
        port = f":{uri.port}" if uri.port else ""
        # A lone surrogate, from a byte of a command line that isn't UTF-8, can't be encoded.
        path = quote(uri.path, safe=_PATH, errors="replace")
        query = quote(uri.query, safe=_QUERY, errors="replace") if send is Send.URL else ""
        return f"{scheme}://{host}{port}{path}{query}"

    def _public(self, host: str) -> str | None:
        """Return a host's public form; None if it is internal or can't be public."""
        if is_address(host):
            return _public_address(host.strip("[]"))
        if len(host) > _LONGEST_NAME or not _HOST_NAME.fullmatch(host):
            return None
        inside = (*INTERNAL_SUFFIXES, *self.internal_suffixes, *self.allowed_domains)
        return None if any(host == suffix or host.endswith(f".{suffix}") for suffix in inside) else host


def _public_address(text: str) -> str | None:
    """Return a public address in its canonical form; None for any other text."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        within = address.ipv4_mapped or address.sixtofour
        if within is None and address in _NAT64:
            within = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        public = address.is_global and address in _GLOBAL_UNICAST if within is None else within.is_global
        # A zone (`%...`) can be any text, and means nothing on another machine.
        return f"[{address}]" if public and address.scope_id is None else None
    return str(address) if address.is_global and not address.is_multicast else None
