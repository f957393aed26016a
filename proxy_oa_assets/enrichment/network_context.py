"""The network context: a site's descriptions of its own addresses.

The file has two columns, `ip,description`, with or without a header, separated by commas, semicolons or tabs.
`ip` is an address, a CIDR block, `10.0.0.*` or a range `a-b`, IPv4 or IPv6; the entry that covers the fewest
addresses wins, of equal ones the first.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from proxy_oa_assets.enrichment.address_ranges import Address, AddressRanges, address_range, parse_address
from proxy_oa_assets.model.errors import NetworkContextError
from proxy_oa_assets.model.text_file import IgnoredLines, cells, numbered_lines

_SEPARATOR = re.compile(r"[,;\t]")
# Its first word doesn't look like an address.
_HEADER = re.compile(r"[^\W\d](?:[^.:/]|/(?!\d))*")
# Excel's, which names the separator.
_NO_ROW = re.compile(r"\s*(?:#|$|sep=.\s*$)", re.IGNORECASE)


@dataclass
class NetworkContext:
    """The descriptions of addresses, and the lines of the file that can't be used."""

    ranges: AddressRanges = field(default_factory=AddressRanges)
    rejected: IgnoredLines = field(default_factory=IgnoredLines)

    @property
    def entries(self) -> int:
        """The number of lines that are used."""
        return self.ranges.entries

    def describe(self, clientip: str | None) -> str:
        """Return the description of an address; the empty string for another text or address."""
        address = parse_address(clientip or "")
        return (address and self.ranges.find(address)) or ""


def read_network_context(path: Path) -> NetworkContext:
    """Read a network context file.

    A line that can't be used is left out and named in `rejected` (`file:line: reason`). Raises
    NetworkContextError if the file can't be read or no line can be used.
    """
    context = NetworkContext()
    lines_of: dict[tuple[Address, Address], tuple[int, str]] = {}
    try:
        for number, row in _rows(path, context.rejected):
            found = _entry(row)
            if isinstance(found, str):
                context.rejected.add(f"{path}:{number}", found)
                continue
            first, last, description = found
            earlier, same = lines_of.setdefault((first, last), (number, description))
            if earlier == number:
                context.ranges.add(first, last, description)
            elif same != description:
                context.rejected.add(f"{path}:{number}", f"line {earlier} describes {row[0]!r} already")
    except (OSError, ValueError) as error:
        raise NetworkContextError(
            f"The network context file {path} can't be read: {error}; PROXY_OA_NETWORK_CONTEXT names it"
        ) from error
    if not context.entries:
        first_reason = f": {context.rejected.first[0]}" if context.rejected else ""
        raise NetworkContextError(
            f"No line of the network context file {path} can be used{first_reason}; write "
            f"`ip,description` lines, or remove PROXY_OA_NETWORK_CONTEXT, which names it"
        )
    return context


def _rows(path: Path, rejected: IgnoredLines) -> Iterator[tuple[int, list[str]]]:
    """Yield number and stripped cells of each line but blank ones, comments and a header."""
    may_be_header = True
    for number, line in numbered_lines(path, rejected):
        if _NO_ROW.match(line):
            continue
        separator = _SEPARATOR.search(line)
        try:
            row = [cell.strip() for cell in cells(line, separator[0] if separator else ",")]
        except ValueError as error:
            rejected.add(f"{path}:{number}", str(error))
            continue
        is_header = may_be_header and _HEADER.fullmatch(row[0]) and address_range(row[0]) is None
        may_be_header = False
        if any(row) and not is_header:
            yield number, row


def _entry(row: list[str]) -> tuple[Address, Address, str] | str:
    """Return the first and last address and the description of a row, or why it has none."""
    ip, *others = row
    if not others or not others[0]:
        return f"no description after {ip[:80]!r} and a comma, a semicolon or a tab"
    bounds = address_range(ip)
    if bounds is None:
        return f"{ip[:80]!r} is no address, CIDR block, 10.0.0.* or range a-b"
    # Written as it were the description, the second of three columns would be every client's context.
    if len(others) > 1 and address_range(others[0]):
        return f"its second column, {others[0][:80]!r}, is an address; write a range as a-b in the first"
    return *bounds, others[0]
