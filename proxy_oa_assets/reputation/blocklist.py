"""The `blocklist` service: local lists of domains and URLs; nothing is sent anywhere.

A list is one indicator a line, or a CSV file with a header whose first column is the indicator and whose
second, if there is one, its category; `.gz` is read, too. A domain list matches a host and the domains above
it. A URL list matches the full URL only: its hosts include sites that everybody uses.
"""

import csv
import gzip
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal

from proxy_oa_assets.errors import ReputationConfigError
from proxy_oa_assets.reputation.service import ReputationService
from proxy_oa_assets.reputation.uri import Uri, parse_uri
from proxy_oa_assets.reputation.verdict import HIGH, LOW, MEDIUM, NONE, Category, Verdict

_LABELS = {NONE: "NONE", LOW: "LOW", MEDIUM: "MEDIUM", HIGH: "HIGH"}


@dataclass
class Blocklist:
    """One list: what it is called, what its lines are, and the severity (0 to 3) of being on it."""

    path: Path
    kind: Literal["domains", "urls"]
    name: str
    severity: int = HIGH
    categories: dict[str, str] = field(default_factory=dict, repr=False)

    def load(self) -> None:
        """Read the file. Raises ReputationConfigError naming it if it can't be read or has no indicator."""
        try:
            with _opened(self.path) as file:
                for indicator, category in _indicators(file):
                    uri = parse_uri(indicator)
                    key = uri.host if self.kind == "domains" else str(uri)
                    if uri.host:
                        self.categories.setdefault(key, category)
        except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
            raise ReputationConfigError(f"The list {self.path} can't be read: {error}") from error
        if not self.categories:
            raise ReputationConfigError(
                f"The list {self.path} is empty; remove it from the reputation file or fill it"
            )

    def category_of(self, uri: Uri) -> Category | None:
        """Return the category under which the list has the URI, or None."""
        for key in _domains(uri.host) if self.kind == "domains" else (str(uri),):
            category = self.categories.get(key)
            if category is not None:
                return Category(category, self.name) if category else Category(self.name)
        return None


class BlocklistService(ReputationService):
    """Verdicts from local lists; the gravest list that has the URI decides."""

    def __init__(self, name: str, lists: Sequence[Blocklist]) -> None:
        super().__init__(name)
        self._lists = sorted(lists, key=lambda blocklist: -blocklist.severity)
        self._loaded = False

    def look_up(self, values: Sequence[str]) -> Mapping[str, Verdict]:
        """Return a verdict for each value that has a host."""
        self._load()
        parsed = {value: parse_uri(value) for value in values}
        return {value: self._judge(uri) for value, uri in parsed.items() if uri.host}

    def describe(self) -> str:
        """Load the lists and say how many indicators each has."""
        self._load()
        return ", ".join(f"{len(each.categories):,} {each.kind} of {each.name}" for each in self._lists)

    def _load(self) -> None:
        if not self._loaded:
            for blocklist in self._lists:
                blocklist.load()
            self._loaded = True

    def _judge(self, uri: Uri) -> Verdict:
        found = [(each, category) for each in self._lists if (category := each.category_of(uri)) is not None]
        value = found[0][0].severity if found else NONE
        return Verdict(self.name, _LABELS[value], value, categories=tuple(category for _, category in found))


def _opened(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _indicators(file: IO[str]) -> Iterator[tuple[str, str]]:
    """Yield (indicator, category) of each line; blank lines and comments (`#`) are passed over."""
    lines = (line for line in file if line.strip() and not line.startswith("#"))
    first = next(lines, "")
    # A header's first word is no domain and no URL.
    if re.search(r"[.:/\[]", first.partition(",")[0]):
        yield first.strip(), ""
        yield from ((line.strip(), "") for line in lines)
        return
    for row in csv.reader(lines):
        if row:
            yield row[0].strip(), row[1].strip() if len(row) > 1 else ""


def _domains(host: str) -> Iterator[str]:
    """Yield a host and each domain above it."""
    while host:
        yield host
        host = host.partition(".")[2]
