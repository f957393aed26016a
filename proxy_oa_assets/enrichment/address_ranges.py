"""Ranges of IP addresses, each with a description, and the forms in which people write them."""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Cheaper than the exception for a text that is no address.
_BEGINS = re.compile(r"\s*(?:[\d\[]|[0-9a-f]{0,4}:)", re.ASCII | re.IGNORECASE)
# Lists of devices pad octets with zeros to three digits; fewer digits could be octal.
_PADDED = re.compile(r"\d{3}(?:\.\d{3}){3}", re.ASCII)
_WILDCARD = re.compile(r"(?P<octets>(?:\d{1,3}\.){1,3})\*(?:\.\*)*", re.ASCII)
# A spreadsheet makes an en dash of a hyphen between blanks.
_DASH = re.compile(r"[-\u2013]")
# Around an address, a block or a range: `[::1]:80` with its port isn't `::1:80`.
_BRACKETS = re.compile(r"(?<![^\s/\u2013-])\[([^\[\]]*)\](?![^\s%/\u2013-])")
_ZONE = re.compile(r"%[\w.~-]+$")
_OCTETS = 4


class _Entry(NamedTuple):
    """An added range; the lesser entry wins."""

    size: int
    position: int
    description: str


@dataclass
class AddressRanges:
    """Ranges of addresses, of which the one with the fewest addresses wins, of equal ones the first.

    They are kept as prefixes, `_prefixes[version][length][network]`, each with its range's size. A range
    becomes the few prefixes that make it up, so that a lookup tries one dictionary per prefix length.
    """

    entries: int = 0
    _prefixes: dict[int, dict[int, dict[int, _Entry]]] = field(default_factory=lambda: {4: {}, 6: {}})

    def find(self, address: Address) -> str | None:
        """Return the description of an address; None if it is in no range."""
        number, bits = int(address), address.max_prefixlen
        found = [
            networks[key]
            for length, networks in self._prefixes[address.version].items()
            if (key := number >> (bits - length)) in networks
        ]
        return min(found).description if found else None

    def add(self, first: Address, last: Address, description: str) -> None:
        """Add the addresses from first to last."""
        low, high, bits = int(first), int(last), first.max_prefixlen
        self.entries += 1
        entry = _Entry(high - low + 1, self.entries, description)
        lengths = self._prefixes[first.version]
        for number, size_bits in _blocks(low, high, bits):
            networks = lengths.setdefault(bits - size_bits, {})
            key = number >> size_bits
            networks[key] = min(entry, networks.get(key, entry))


def address_range(text: str) -> tuple[Address, Address] | None:
    """Return first and last of an address, a CIDR block, `10.0.0.*` or a range; None for another text."""
    if not _BEGINS.match(text):
        return None
    text = _without_brackets(text)
    if "/" in text:
        return _block(text)
    if wildcard := _WILDCARD.fullmatch(text):
        octets = wildcard["octets"].rstrip(".").split(".")
        if {len(octet) for octet in octets} == {3}:
            octets = [str(int(octet)) for octet in octets]
        # More stars than octets are left.
        if len(octets) + text.count("*") > _OCTETS:
            return None
        padded = [*octets, "0", "0", "0"][:_OCTETS]
        return _block(f"{'.'.join(padded)}/{8 * len(octets)}")
    low_text, *high_text = _DASH.split(text, maxsplit=1)
    low = parse_address(low_text)
    high = parse_address(high_text[0]) if high_text else low
    if low is None or high is None or low.version != high.version or int(low) > int(high):
        return None
    return low, high


def _block(text: str) -> tuple[Address, Address] | None:
    address, _, length = text.partition("/")
    try:
        network = ipaddress.ip_network(f"{_bare(address)}/{_bare(length)}", strict=False)
    except ValueError:
        return None
    first, last = _unmapped(network[0]), _unmapped(network[-1])
    # A block around all IPv4-mapped addresses has only one end among them.
    return (first, last) if first.version == last.version else (network[0], network[-1])


def parse_address(text: str) -> Address | None:
    """Return an address, an IPv4 one for an IPv4-mapped IPv6 one; None if the text is no address.

    Brackets and an IPv6 zone are left out; octets may be padded to three digits each.
    """
    if not _BEGINS.match(text):
        return None
    bare = _bare(text)
    # `ipaddress` takes any text for a zone.
    if "%" in bare:
        return None
    try:
        return _unmapped(ipaddress.ip_address(bare))
    except ValueError:
        return None


def _bare(text: str) -> str:
    text = _without_brackets(text)
    if _PADDED.fullmatch(text):
        return ".".join(str(int(octet)) for octet in text.split("."))
    # A zone names an interface of the machine that wrote the address.
    return _ZONE.sub("", text) if ":" in text else text


def _without_brackets(text: str) -> str:
    return (_BRACKETS.sub(r"\1", text) if "[" in text else text).strip()


def _unmapped(address: Address) -> Address:
    return (isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped) or address


def _blocks(low: int, high: int, bits: int) -> Iterator[tuple[int, int]]:
    """Split a range of numbers into the largest aligned blocks, as (first number, bits of the size).

    `ipaddress.summarize_address_range` does the same through address objects, too slowly for long files.
    """
    while low <= high:
        aligned = (low & -low).bit_length() - 1 if low else bits
        fitting = (high - low + 1).bit_length() - 1
        size_bits = min(aligned, fitting)
        yield low, size_bits
        low += 1 << size_bits
