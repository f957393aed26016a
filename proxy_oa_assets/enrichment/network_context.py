"""The network context: a site's descriptions of its own addresses.

The file is comma-separated, `ip,description`, with or without a header. `ip` is an address, a CIDR block or a
range `a-b`, IPv4 or IPv6; the entry that covers the fewest addresses wins, of equal ones the first.
"""

import csv
import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from proxy_oa_assets.model.errors import NetworkContextError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class _Entry(NamedTuple):
    """A line of the file; the lesser entry wins."""

    size: int
    position: int
    description: str


@dataclass
class NetworkContext:
    """The entries as prefixes, `_prefixes[version][length][network]`, each with its entry's size.

    A range becomes the few prefixes that make it up, so that a lookup tries one dictionary per prefix length.
    """

    entries: int = 0
    rejected: list[str] = field(default_factory=list)
    _prefixes: dict[int, dict[int, dict[int, _Entry]]] = field(default_factory=lambda: {4: {}, 6: {}})

    def describe(self, clientip: str | None) -> str:
        """Return the description of an address; the empty string for another text or address."""
        address = _address(clientip or "")
        if address is None:
            return ""
        number, bits = int(address), address.max_prefixlen
        found = [
            networks[key]
            for length, networks in self._prefixes[address.version].items()
            if (key := number >> (bits - length)) in networks
        ]
        return min(found).description if found else ""

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


def read_network_context(path: Path) -> NetworkContext:
    """Read a network context file.

    A line that can't be used is left out and named in `rejected` (`file:line: reason`). Raises
    NetworkContextError if the file can't be read.
    """
    context = NetworkContext()
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            for number, line in enumerate(file, start=1):
                _add_line(context, line, f"{path}:{number}", may_be_header=number == 1)
    except OSError as error:
        raise NetworkContextError(
            f"The network context file {path} can't be read: {error}; PROXY_OA_NETWORK_CONTEXT names it"
        ) from error
    return context


def _add_line(context: NetworkContext, line: str, place: str, *, may_be_header: bool) -> None:
    # Parsed line by line, so that a quote that is never closed spoils only its own line.
    try:
        row = next(csv.reader([line], strict=True), [])
    except csv.Error as error:
        context.rejected.append(f"{place}: {error}")
        return
    if not any(cell.strip() for cell in row):
        return
    bounds = _bounds(row[0].strip())
    if bounds is None:
        # A header's first word doesn't look like an address.
        if not (may_be_header and re.fullmatch(r"[A-Za-z_][^.:/]*", row[0].strip())):
            context.rejected.append(f"{place}: {row[0][:80]!r} is no address, CIDR block or range a-b")
    elif not row[1:]:
        context.rejected.append(f"{place}: no description after {row[0]!r}")
    else:
        context.add(*bounds, row[1].strip())


def _bounds(text: str) -> tuple[Address, Address] | None:
    """Return the first and last address of an address, a block or a range; None if it is neither."""
    if "/" in text:
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            return None
        first, last = _unmapped(network[0]), _unmapped(network[-1])
        # A block around all IPv4-mapped addresses has only one end among them.
        return (first, last) if first.version == last.version else (network[0], network[-1])
    low_text, dash, high_text = text.partition("-")
    low = _address(low_text.strip())
    high = _address(high_text.strip()) if dash else low
    if low is None or high is None or low.version != high.version or int(low) > int(high):
        return None
    return low, high


def _address(text: str) -> Address | None:
    """Return an address, an IPv4 one for an IPv4-mapped IPv6 one; None if the text is no address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return _unmapped(address)


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
