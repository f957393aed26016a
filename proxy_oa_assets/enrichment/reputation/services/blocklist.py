"""The `blocklist` service: local lists of domains and URLs.

A list has one indicator a line, or is a CSV file with a header whose first column is the indicator and whose
second, if any, its category. A domain list matches a host and the domains above it, and the addresses of its
blocks and ranges. A URL list matches only full URLs: its hosts include popular sites.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv6Address
from typing import Self

from pydantic import Field, model_validator
from typing_extensions import override

from proxy_oa_assets.enrichment.address_ranges import AddressRanges, address_range, parse_address
from proxy_oa_assets.enrichment.reputation.indicators import (
    Kind,
    domains,
    indicators,
    refanged,
    url,
    usual_name,
)
from proxy_oa_assets.enrichment.reputation.list_file import Lines, ListFile, LoadedList, Reject
from proxy_oa_assets.enrichment.reputation.service import LocalService
from proxy_oa_assets.enrichment.reputation.types import Text
from proxy_oa_assets.enrichment.reputation.uri import Uri, is_address, parse_uri
from proxy_oa_assets.enrichment.reputation.verdict import Category, Risk, Status, Verdict
from proxy_oa_assets.model.errors import ReputationConfigError
from proxy_oa_assets.model.text_file import IgnoredLines


@dataclass
class _Blocked:
    """Categories by host or URL, and by address; `hosts` counts the hosts in a list of URLs."""

    categories: dict[str, str] = field(default_factory=dict)
    ranges: AddressRanges = field(default_factory=AddressRanges)
    hosts: int = 0

    def __len__(self) -> int:
        return len(self.categories) + self.ranges.entries


class BlockedList(ListFile, frozen=False):
    """One list; `severity` is the `Risk` of its entries, 0 to 3."""

    kind: Kind = Field(description="What its lines are: domains or urls")
    name: Text = Field(default="-", description="The category's group in uri_rep; else the file's name")
    severity: int = Field(default=3, ge=0, le=3, description="Risk of its entries: 0 to 3")

    @model_validator(mode="after")
    def _named(self) -> Self:
        if "name" not in self.model_fields_set:
            self.name = self.path.stem
        return self

    @cached_property
    def loaded(self) -> LoadedList[_Blocked]:
        """The list's content. Raises ReputationConfigError, naming the file."""
        return self.load(self._read)

    def describe(self) -> str:
        """Describe the list in one line. Raises ReputationConfigError if it can match hardly anything."""
        found = self.loaded.describe(self.kind, self.name)
        if self.loaded.content.hosts * 2 > len(self.loaded.content):
            raise ReputationConfigError(
                f"{found}, most of which are hosts and match front pages alone; set its `kind` to domains"
            )
        return found

    def category_of(self, uri: Uri) -> Category | None:
        """Return the URI's category on the list; None if it isn't listed."""
        category = self._category_of_url(uri) if self.kind == "urls" else self._category_of_host(uri.host)
        if category is None:
            return None
        return Category(category, self.name) if category else Category(self.name)

    def _category_of_url(self, uri: Uri) -> str | None:
        return self.loaded.content.categories.get(uri.normalized())

    def _category_of_host(self, host: str) -> str | None:
        listed = self.loaded.content
        if not is_address(host):
            return next((listed.categories[name] for name in _names(host) if name in listed.categories), None)
        category, address = listed.categories.get(host), parse_address(host)
        return listed.ranges.find(address) if category is None and address else category

    def _read(self, lines: Lines, reject: Reject) -> _Blocked:
        found = _Blocked()
        for number, indicator, category in indicators(lines, self.kind, reject):
            try:
                for key in self._keys(indicator, category, found):
                    found.categories.setdefault(key, category)
            except ValueError as error:
                reject(number, f"{indicator[:80]!r}: {error}")
        return found

    def _keys(self, indicator: str, category: str, found: _Blocked) -> list[str]:
        if self.kind == "domains" and (name := usual_name(indicator)):
            return [name]
        text = refanged(indicator)
        if not text:
            raise ValueError("its first column is empty")
        if self.kind == "urls":
            key = url(text)
            found.hosts += "/" not in text and "?" not in text
            return [key]
        bounds = address_range(text)
        if bounds and bounds[0] != bounds[1]:
            found.ranges.add(*bounds, category)
            return []
        # A host has brackets around it.
        if bounds and isinstance(bounds[0], IPv6Address):
            return [f"[{bounds[0]}]"]
        return domains(text)


class Blocklist(LocalService):
    """Local lists, of which the gravest that has the URI decides."""

    lists: list[BlockedList] = Field(min_length=1, description="The lists")

    @override
    def look_up(self, values: Sequence[str]) -> Mapping[str, Verdict]:
        usable, problems = self._usable
        if not usable:
            raise ReputationConfigError("; ".join(problems))
        # What no other list has may be on the one that can't be read.
        missing = self.unverified(Status.FAILED) if problems else self.verdict(Risk.NONE)
        parsed = {value: parse_uri(value) for value in values}
        return {value: self._judge(uri, usable) or missing for value, uri in parsed.items() if uri.host}

    @override
    def describe(self) -> str:
        return ", ".join(each.describe() for each in self.lists)

    @override
    def ignored(self) -> IgnoredLines:
        usable, _ = self._usable
        lines = IgnoredLines()
        for each in usable:
            lines += each.loaded.ignored
        return lines

    @override
    def problems(self) -> Sequence[str]:
        return self._usable[1]

    @cached_property
    def _usable(self) -> tuple[list[BlockedList], list[str]]:
        """Return the lists that can be read, and what is wrong with the others."""
        usable, problems = [], []
        for each in self.lists:
            try:
                each.loaded  # noqa: B018 - reads the file
            except ReputationConfigError as error:
                problems.append(str(error))
            else:
                usable.append(each)
        return usable, problems

    def _judge(self, uri: Uri, lists: Sequence[BlockedList]) -> Verdict | None:
        matches = [(each.severity, found) for each in lists if (found := each.category_of(uri))]
        if not matches:
            return None
        matches.sort(key=lambda match: -match[0])
        return self.verdict(Risk(matches[0][0]), (category for _, category in matches))


def _names(host: str) -> Iterator[str]:
    """Yield a host and each domain above it."""
    while host:
        yield host
        host = host.partition(".")[2]
