"""The services `urlhaus` and `urlhaus_dump`: abuse.ch's URLhaus, by its API or from a local dump."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import IO, NamedTuple

from pydantic import BaseModel, Field, OnErrorOmit
from requests import Request
from typing_extensions import override

from proxy_oa_assets.enrichment.reputation.http import HttpClient, ServiceResponse, SideField
from proxy_oa_assets.enrichment.reputation.service import LocalService, RemoteService, Send, load_list
from proxy_oa_assets.enrichment.reputation.service_errors import RefusedError, ServiceError
from proxy_oa_assets.enrichment.reputation.types import ExistingFile, Secret, WebAddress
from proxy_oa_assets.enrichment.reputation.uri import parse_uri
from proxy_oa_assets.enrichment.reputation.verdict import Category, Risk, Status, Verdict
from proxy_oa_assets.model.errors import ReputationConfigError

# Domains in Spamhaus' blocklist that are bad as a whole; the others are "abused_legit_*".
_BAD_DOMAINS = ("spammer_domain", "phishing_domain", "botnet_cc_domain")
# A dump's cells for no tags.
_NO_TAGS = ("", "None")


class _Url(BaseModel):
    url_status: str | None = None
    threat: SideField[str] = None
    tags: SideField[list[SideField[str]]] = None


class _Blacklists(BaseModel):
    spamhaus_dbl: str | None = None


class _Found(_Url):
    """The entry of a URL, or of a host with its URLs."""

    query_status: str
    blacklists: _Blacklists | None = None
    urls: list[OnErrorOmit[_Url]] = []


def _risk(url_status: str | None) -> Risk:
    """Return the risk of a listed URL: whether it serves malware now, did, or isn't known to."""
    return {"online": Risk.HIGH, "offline": Risk.MEDIUM}.get(url_status or "", Risk.LOW)


def _categories(first: str | None, others: Iterable[str | None]) -> tuple[Category, ...]:
    return tuple(Category(name) for name in (first or "", *others) if name)


class UrlHaus(RemoteService):
    """URLhaus' entry of a URL, or of a host if `send` is host."""

    url: WebAddress = Field(default="https://urlhaus-api.abuse.ch/v1", description="The API's address")
    key_env: Secret = Field(description="Environment variable that has the Auth-Key")

    @override
    def look_up(self, values: Sequence[str], http: HttpClient) -> Mapping[str, Verdict]:
        return {value: self._judge(self._request(value, http)) for value in values}

    def _request(self, value: str, http: HttpClient) -> ServiceResponse:
        kind = "host" if self.send is Send.HOST else "url"
        headers = {"Auth-Key": self.key_env.get_secret_value()}
        return http.send(Request("POST", f"{self.url}/{kind}/", headers=headers, data={kind: value}))

    def _judge(self, response: ServiceResponse) -> Verdict:
        found = response.parse(_Found)
        outcome = found.query_status
        if outcome == "no_results":
            return self.verdict(Risk.NONE)
        if outcome in ("invalid_url", "invalid_host"):
            return self.unverified(Status.UNSUPPORTED)
        if outcome == "unknown_auth_key":
            raise RefusedError("it doesn't know the key")
        if outcome != "ok":
            raise ServiceError("its answer has a `query_status` that isn't documented")
        if self.send is Send.HOST:
            return self._judge_host(found)
        return self.verdict(_risk(found.url_status), _categories(found.threat, found.tags or ()))

    def _judge_host(self, found: _Found) -> Verdict:
        """Return high for a domain that Spamhaus lists as bad as a whole, otherwise at most medium.

        A shared host has other people's URLs as well.
        """
        listing = found.blacklists.spamhaus_dbl if found.blacklists else None
        threats = [url.threat or "" for url in found.urls]
        if listing in _BAD_DOMAINS:
            return self.verdict(Risk.HIGH, _categories(listing, threats))
        worst = max((_risk(url.url_status) for url in found.urls), default=Risk.LOW)
        return self.verdict(min(worst, Risk.MEDIUM), _categories(None, threats))


class _Entry(NamedTuple):
    risk: Risk
    categories: tuple[Category, ...]


_NOT_LISTED = _Entry(Risk.NONE, ())


class UrlHausDump(LocalService):
    """URLhaus' dump, which matches only full URLs: its hosts include popular sites."""

    path: ExistingFile = Field(description="The dump, CSV or CSV.gz; relative to the reputation file")

    @override
    def look_up(self, values: Sequence[str]) -> Mapping[str, Verdict]:
        parsed = {value: parse_uri(value) for value in values}
        return {
            value: self.verdict(*self._entries.get(str(uri), _NOT_LISTED))
            for value, uri in parsed.items()
            if uri.host
        }

    @override
    def describe(self) -> str:
        return f"{len(self._entries):,} urls of {self.path.name}"

    @cached_property
    def _entries(self) -> Mapping[str, _Entry]:
        return load_list(self.path, self._read)

    def _read(self, file: IO[str]) -> dict[str, _Entry]:
        rows = csv.reader(_with_header(file))
        header = next((row for row in rows if row), ["url"])
        if "url" not in header:
            raise ReputationConfigError(
                f"The list {self.path} has no column `url`: it is no CSV dump of URLhaus"
            )
        found: dict[str, _Entry] = {}
        for row in rows:
            cells = dict(zip(header, row, strict=False))
            uri = parse_uri(cells.get("url", "").strip())
            entry = _entry(cells.get("url_status", ""), cells.get("threat", ""), cells.get("tags", ""))
            # A proxy's log doesn't tell http from https: the graver entry counts.
            if uri.host and entry.risk > found.get(str(uri), _NOT_LISTED).risk:
                found[str(uri)] = entry
        return found


def _with_header(file: IO[str]) -> Iterator[str]:
    """Yield a dump's lines without its comments, except the last one, which is the header."""
    for line in file:
        if not line.startswith("#"):
            yield line
        elif "url" in line.strip("# \r\n").split(","):
            yield line.lstrip("# ")


# Few rows of a dump differ in these cells.
@lru_cache(maxsize=10_000)
def _entry(url_status: str, threat: str, tags: str) -> _Entry:
    return _Entry(_risk(url_status), _categories(threat, () if tags in _NO_TAGS else tags.split(",")))
