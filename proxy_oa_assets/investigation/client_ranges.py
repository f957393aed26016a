"""Which clients a filter means: an address, a prefix, a CIDR block, a range, or a name."""

import ipaddress
import re
from collections.abc import Callable
from contextlib import suppress

from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.model.text import excerpt
from proxy_oa_assets.sql.conditions import Condition, Rows, begins_with, equals, one_of
from proxy_oa_assets.sql.query import NO_VALUE

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_OCTETS = re.compile(r"(?:\d{1,3}\.){1,3}(?=\Z|\*|[xX]\b)|\d{1,3}\.\d{1,3}(?:\.\d{1,3})?(?=\Z)", re.ASCII)
# An IPv4 client as a proxy writes it that listens for both versions.
_MAPPED = "::ffff:"
_OCTET_END = 256
_REST = re.compile(r"(?:[*xX](?:\.[*xX])*)?")


def client_condition(text: str, rows: Rows) -> Condition:
    """Return the condition of the clients that a text names.

    `10.0.0.7`, `10.55.`, `10.55.*`, `10.55.0.0/20`, `10.55.1.1-10.55.2.9`, and the same in IPv6; or a
    client's name, which has a letter. Raises InvestigationError for a text that is none of them.
    """
    column = rows.column("clientip")
    if prefix := _prefix(text):
        return Condition.any(begins_with(f"lower({column})", each) for each in (prefix, _MAPPED + prefix))
    if holds := _network(text) or _range(text):
        return _among(rows, holds)
    wanted = _address(text.strip("[]"))
    if wanted and ":" in text:
        return _among(rows, lambda address: address == wanted)
    if wanted:
        return one_of(column, [text, _MAPPED + text])
    if text not in NO_VALUE and (re.search(r"[*:/]", text) or not re.search(r"[^\W\d_]", text)):
        raise InvestigationError(
            f"client:{excerpt(text)} is no address, prefix, block, range or name; write it like "
            f"10.0.0.7, 10.55., 10.55.0.0/20 or 10.0.0.5-10.0.1.9, without a port; a name of such characters "
            f"stands in quotes"
        )
    return equals(column, text, null_is_word=True)


def is_address(text: str, *, strict: bool = True) -> bool:
    """Return whether a text is an address or a block; `strict`: one that begins with its first address."""
    with suppress(ValueError):
        ipaddress.ip_network(text.strip("[]"), strict=strict)
        return True
    return False


def _among(rows: Rows, holds: Callable[[Address], bool]) -> Condition:
    """Return the condition of those of the day's clients for whose addresses something holds."""
    # Engines have no arithmetic of addresses in common, and an IPv6 address has many spellings.
    found = [client for client in rows.clients() if (address := _address(client)) and holds(address)]
    return one_of(rows.column("clientip"), found, null_is_word=True)


def _address(text: str) -> Address | None:
    with suppress(ValueError):
        address = ipaddress.ip_address(text.partition("%")[0])
        return getattr(address, "ipv4_mapped", None) or address
    return None


def _prefix(text: str) -> str:
    """Return `10.55.` for `10.55.`, `10.55`, `10.55.*`, `10.55.x.x` and `10.55.0.0/16`; empty for others."""
    if (match := _OCTETS.match(text)) and _REST.fullmatch(text[match.end() :]):
        octets = match[0].strip(".").split(".")
        return ".".join(octets) + "." if max(map(int, octets)) < _OCTET_END else ""
    if text.endswith(":") and re.fullmatch(r"(?:[0-9a-f]{1,4}:){1,7}", text, re.IGNORECASE):
        return text.lower()
    with suppress(ValueError):
        network = ipaddress.IPv4Network(text, strict=False)
        if network.prefixlen in (8, 16, 24) and "/" in text:
            octets = network.network_address.exploded.split(".")
            return ".".join(octets[: network.prefixlen // 8]) + "."
    return ""


def _network(text: str) -> Callable[[Address], bool] | None:
    if "/" not in text:
        return None
    try:
        network = ipaddress.ip_network(text.replace("[", "").replace("]", ""), strict=False)
    except ValueError as error:
        raise InvestigationError(
            f"client:{excerpt(text)} is no block of addresses ({excerpt(error)}); write it like "
            f"10.55.0.0/20 or 2001:db8::/32"
        ) from error
    return lambda address: address in network


def _range(text: str) -> Callable[[Address], bool] | None:
    first, dash, last = (part.strip(" []") for part in text.replace("..", "-", 1).partition("-"))
    low, high = _address(first), _address(last)
    if (
        low
        and not high
        and re.fullmatch(r"\d{1,3}", last, re.ASCII)
        and isinstance(low, ipaddress.IPv4Address)
    ):
        # 10.0.0.5-20
        high = _address(first.rpartition(".")[0] + "." + last)
    if not dash or low is None:
        return None
    if high is None or low.version != high.version or int(low) > int(high):
        raise InvestigationError(
            f"client:{excerpt(text)} is no range of addresses; write the lower one first: 10.55.1.1-10.55.2.9"
        )
    return lambda address: address.version == low.version and int(low) <= int(address) <= int(high)
