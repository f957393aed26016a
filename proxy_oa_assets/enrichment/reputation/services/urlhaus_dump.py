"""The `urlhaus_dump` service: a CSV dump of URLhaus on this machine; nothing is sent anywhere."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import IO, NamedTuple

from pydantic import Field, PrivateAttr
from typing_extensions import override

from proxy_oa_assets.enrichment.reputation.service import LocalService
from proxy_oa_assets.enrichment.reputation.services.list_file import load_list
from proxy_oa_assets.enrichment.reputation.types import ExistingFile
from proxy_oa_assets.enrichment.reputation.uri import parse_uri
from proxy_oa_assets.enrichment.reputation.verdict import HIGH, LOW, MEDIUM, NONE, Category, Verdict
from proxy_oa_assets.model.errors import ReputationConfigError

# What stands for no tags in a dump.
_NO_TAGS = ("", "None")


def severity_of(url_status: str | None) -> int:
    """Return the severity of a URL that URLhaus has, by whether it serves malware still."""
    return {"online": HIGH, "offline": MEDIUM}.get(url_status or "", LOW)


def categories_of(first: str | None, others: Iterable[str]) -> tuple[Category, ...]:
    """Return names as categories: a URL's threat, say, and its tags (mostly families of malware)."""
    return tuple(Category(name) for name in (first or "", *others) if name)


class _Listed(NamedTuple):
    """What a row says of its URL."""

    severity: int
    categories: tuple[Category, ...]


_NOT_LISTED = _Listed(NONE, ())


class UrlHausDump(LocalService):
    """Whether URLhaus' dump has the full URL; its hosts include sites that everybody uses."""

    path: ExistingFile = Field(description="The dump, CSV or CSV.gz; relative to the reputation file")
    _listed: dict[str, _Listed] = PrivateAttr(default_factory=dict)

    @override
    def judge(self, values: Sequence[str]) -> Mapping[str, Verdict]:
        listed = self._load()
        parsed = {value: parse_uri(value) for value in values}
        return {
            value: self.verdict(*listed.get(str(uri), _NOT_LISTED))
            for value, uri in parsed.items()
            if uri.host
        }

    @override
    def describe(self) -> str:
        return f"{len(self._load()):,} urls of {self.path.name}"

    def _load(self) -> Mapping[str, _Listed]:
        if not self._listed:
            self._listed |= load_list(self.path, self._read)
        return self._listed

    def _read(self, file: IO[str]) -> dict[str, _Listed]:
        rows = csv.reader(_with_header(file))
        header = next((row for row in rows if row), ["url"])
        if "url" not in header:
            raise ReputationConfigError(
                f"The list {self.path} has no column `url`: it is no CSV dump of URLhaus"
            )
        found: dict[str, _Listed] = {}
        for row in rows:
            cells = dict(zip(header, row, strict=False))
            uri = parse_uri(cells.get("url", "").strip())
            listed = _listed(cells.get("url_status", ""), cells.get("threat", ""), cells.get("tags", ""))
            # Of http and https, which a proxy's log doesn't tell apart, the graver.
            if uri.host and listed.severity > found.get(str(uri), _NOT_LISTED).severity:
                found[str(uri)] = listed
        return found


def _with_header(file: IO[str]) -> Iterator[str]:
    """Yield a dump's lines without its comments, the last of which is the header in truth."""
    for line in file:
        if not line.startswith("#"):
            yield line
        elif "url" in line.strip("# \r\n").split(","):
            yield line.lstrip("# ")


@lru_cache(maxsize=10_000)
def _listed(url_status: str, threat: str, tags: str) -> _Listed:
    """Return what a row says; few rows say what no other does."""
    return _Listed(
        severity_of(url_status), categories_of(threat, () if tags in _NO_TAGS else tags.split(","))
    )
