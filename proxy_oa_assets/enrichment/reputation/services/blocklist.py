"""The `blocklist` service: local lists of domains and URLs.

A list has one indicator a line, or is a CSV file with a header whose first column is the indicator and whose
second, if any, its category; it can be gzipped. A domain list matches a host and the domains above it. A URL
list matches only full URLs: its hosts include popular sites.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import IO, Literal, Self

from pydantic import Field, model_validator
from typing_extensions import override

from proxy_oa_assets.enrichment.reputation.service import LocalService, load_list
from proxy_oa_assets.enrichment.reputation.types import ExistingFile, Section, Text
from proxy_oa_assets.enrichment.reputation.uri import Uri, parse_uri
from proxy_oa_assets.enrichment.reputation.verdict import Category, Risk, Verdict

# Cell separators and wildcards of other list formats.
_IN_NO_HOST = re.compile(r"[\s,;*|^]").search


class BlockedList(Section, frozen=False):
    """One list; `severity` is the `Risk` of its entries, 0 to 3."""

    path: ExistingFile = Field(description="The list's file; relative to the reputation file")
    kind: Literal["domains", "urls"] = Field(description="What its lines are")
    name: Text = Field(default="-", description="The category's group in uri_rep; else the file's name")
    severity: int = Field(default=3, ge=0, le=3, description="Risk of its entries: 0 to 3")

    @model_validator(mode="after")
    def _named(self) -> Self:
        if "name" not in self.model_fields_set:
            self.name = self.path.stem
        return self

    @cached_property
    def categories(self) -> dict[str, str]:
        """The list's categories by host or URL. Raises ReputationConfigError, naming the file."""
        return load_list(self.path, self._read)

    def category_of(self, uri: Uri) -> Category | None:
        """Return the URI's category on the list; None if it isn't listed."""
        for key in _domains(uri.host) if self.kind == "domains" else (str(uri),):
            if (category := self.categories.get(key)) is not None:
                return Category(category, self.name) if category else Category(self.name)
        return None

    def _read(self, file: IO[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for indicator, category in _indicators(file):
            uri = parse_uri(indicator)
            is_domain = uri.path == "/" and not uri.query and not _IN_NO_HOST(uri.host)
            # A domain list's other lines (URLs, a hosts file's, a CSV's) would mark hosts that aren't meant.
            if uri.host and (self.kind == "urls" or is_domain):
                found.setdefault(uri.host if self.kind == "domains" else str(uri), category)
        return found


class Blocklist(LocalService):
    """Local lists, of which the gravest that has the URI decides."""

    lists: list[BlockedList] = Field(min_length=1, description="The lists")

    @override
    def look_up(self, values: Sequence[str]) -> Mapping[str, Verdict]:
        parsed = {value: parse_uri(value) for value in values}
        return {value: self._judge(uri) for value, uri in parsed.items() if uri.host}

    @override
    def describe(self) -> str:
        return ", ".join(f"{len(each.categories):,} {each.kind} of {each.name}" for each in self.lists)

    def _judge(self, uri: Uri) -> Verdict:
        matches = [(each.severity, found) for each in self.lists if (found := each.category_of(uri))]
        matches.sort(key=lambda match: -match[0])
        risk = Risk(matches[0][0]) if matches else Risk.NONE
        return self.verdict(risk, (category for _, category in matches))


def _indicators(file: IO[str]) -> Iterator[tuple[str, str]]:
    """Yield (indicator, category) of each line but blank ones and comments (`#`)."""
    lines = (line for line in file if line.strip() and not line.startswith("#"))
    first = next(lines, "")
    # A header's first word is neither a domain nor a URL.
    if re.search(r"[.:/\[]", first.partition(",")[0]):
        yield from ((re.split(r"\s#", line)[0].strip(), "") for line in (first, *lines))
        return
    for row in csv.reader(lines):
        if row:
            yield row[0].strip(), row[1].strip() if len(row) > 1 else ""


def _domains(host: str) -> Iterator[str]:
    """Yield a host and each domain above it."""
    while host:
        yield host
        host = host.partition(".")[2]
