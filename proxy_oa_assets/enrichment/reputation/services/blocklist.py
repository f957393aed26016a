"""The `blocklist` service: local lists of domains and URLs; nothing is sent anywhere.

A list is one indicator a line, or a CSV file with a header whose first column is the indicator and whose
second, if there is one, its category; `.gz` is read, too. A domain list matches a host and the domains above
it. A URL list matches the full URL only: its hosts include sites that everybody uses.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator
from typing_extensions import override

from proxy_oa_assets.enrichment.reputation.service import LocalService
from proxy_oa_assets.enrichment.reputation.services.list_file import load_list
from proxy_oa_assets.enrichment.reputation.types import ExistingFile, Text
from proxy_oa_assets.enrichment.reputation.uri import Uri, parse_uri
from proxy_oa_assets.enrichment.reputation.verdict import HIGH, NONE, Category, Verdict

# What separates cells or stands for any text, in lists of other forms.
_IN_NO_HOST = re.compile(r"[\s,;*|^]").search


class BlockedList(BaseModel):
    """One list: what its lines are, what it is called, and the severity (0 to 3) of being on it."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    path: ExistingFile = Field(description="The list's file; relative to the reputation file")
    kind: Literal["domains", "urls"] = Field(description="What its lines are")
    name: Text = Field(default="-", description="The category's group in uri_rep; else the file's name")
    severity: int = Field(default=HIGH, ge=NONE, le=HIGH, description="Of being on the list: 0 to 3")
    _categories: dict[str, str] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _named(self) -> Self:
        if "name" not in self.model_fields_set:
            self.name = self.path.stem
        return self

    def __len__(self) -> int:
        return len(self._categories)

    def load(self) -> None:
        """Read the file. Raises ReputationConfigError naming it if it can't be read or has no indicator."""
        if not self._categories:
            self._categories = load_list(self.path, self._read)

    def category_of(self, uri: Uri) -> Category | None:
        """Return the category under which the list has the URI, or None."""
        for key in _domains(uri.host) if self.kind == "domains" else (str(uri),):
            category = self._categories.get(key)
            if category is not None:
                return Category(category, self.name) if category else Category(self.name)
        return None

    def _read(self, file: IO[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for indicator, category in _indicators(file):
            uri = parse_uri(indicator)
            # The hosts of a list of URLs include sites that everybody uses; none of them is meant.
            if uri.host and (self.kind == "urls" or _is_domain(uri)):
                found.setdefault(uri.host if self.kind == "domains" else str(uri), category)
        return found


class Blocklist(LocalService):
    """Verdicts from local lists; the gravest list that has the URI decides."""

    lists: list[BlockedList] = Field(min_length=1, description="The lists")

    @override
    def judge(self, values: Sequence[str]) -> Mapping[str, Verdict]:
        self._load()
        parsed = {value: parse_uri(value) for value in values}
        return {value: self._judge(uri) for value, uri in parsed.items() if uri.host}

    @override
    def describe(self) -> str:
        self._load()
        return ", ".join(f"{len(each):,} {each.kind} of {each.name}" for each in self.lists)

    def _load(self) -> None:
        for each in self.lists:
            each.load()

    def _judge(self, uri: Uri) -> Verdict:
        on = [(each, category) for each in self.lists if (category := each.category_of(uri)) is not None]
        on.sort(key=lambda found: -found[0].severity)
        return self.verdict(on[0][0].severity if on else NONE, (category for _, category in on))


def _indicators(file: IO[str]) -> Iterator[tuple[str, str]]:
    """Yield (indicator, category) of each line; blank lines and comments (`#`) are passed over."""
    lines = (line for line in file if line.strip() and not line.startswith("#"))
    first = next(lines, "")
    # A header's first word is no domain and no URL.
    if re.search(r"[.:/\[]", first.partition(",")[0]):
        yield from ((re.split(r"\s#", line)[0].strip(), "") for line in (first, *lines))
        return
    for row in csv.reader(lines):
        if row:
            yield row[0].strip(), row[1].strip() if len(row) > 1 else ""


def _is_domain(uri: Uri) -> bool:
    """Return whether a list's indicator is nothing but a host: no URL, no row of a CSV or of a hosts file."""
    return uri.path == "/" and not uri.query and not _IN_NO_HOST(uri.host)


def _domains(host: str) -> Iterator[str]:
    """Yield a host and each domain above it."""
    while host:
        yield host
        host = host.partition(".")[2]
