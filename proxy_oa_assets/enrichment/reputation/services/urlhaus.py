"""The services `urlhaus` and `urlhaus_dump`: abuse.ch's URLhaus, by its API or from a local dump."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

from pydantic import BaseModel, Field, OnErrorOmit
from requests import Request
from typing_extensions import override

from proxy_oa_assets.enrichment.reputation.http import HttpClient, ServiceResponse, SideField
from proxy_oa_assets.enrichment.reputation.indicators import refanged, url
from proxy_oa_assets.enrichment.reputation.list_file import Lines, ListFile, LoadedList, Reject
from proxy_oa_assets.enrichment.reputation.service import LocalService, RemoteService, Send
from proxy_oa_assets.enrichment.reputation.service_errors import RefusedError, ServiceError
from proxy_oa_assets.enrichment.reputation.types import Secret, WebAddress
from proxy_oa_assets.enrichment.reputation.uri import parse_uri
from proxy_oa_assets.enrichment.reputation.verdict import Category, Risk, Status, Verdict
from proxy_oa_assets.model.text_file import IgnoredLines, cells

# Domains in Spamhaus' blocklist that are bad as a whole; the others are "abused_legit_*".
_BAD_DOMAINS = ("spammer_domain", "phishing_domain", "botnet_cc_domain")
# A dump's cells for no tags.
_NO_TAGS = ("", "None")


class _Url(BaseModel):
    url_status: SideField[str] = None
    threat: SideField[str] = None
    tags: SideField[list[SideField[str]]] = None


class _Blacklists(BaseModel):
    spamhaus_dbl: SideField[str] = None


class _Found(_Url):
    """The entry of a URL, or of a host with its URLs."""

    query_status: str
    blacklists: SideField[_Blacklists] = None
    urls: SideField[list[OnErrorOmit[_Url]]] = None


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
        urls = found.urls or []
        threats = [url.threat or "" for url in urls]
        if listing in _BAD_DOMAINS:
            return self.verdict(Risk.HIGH, _categories(listing, threats))
        worst = max((_risk(url.url_status) for url in urls), default=Risk.LOW)
        return self.verdict(min(worst, Risk.MEDIUM), _categories(None, threats))


class _Entry(NamedTuple):
    risk: Risk
    categories: tuple[Category, ...]


_NOT_LISTED = _Entry(Risk.NONE, ())


class UrlHausDump(LocalService, ListFile):
    """URLhaus' dump, which matches only full URLs: its hosts include popular sites."""

    @override
    def look_up(self, values: Sequence[str]) -> Mapping[str, Verdict]:
        parsed, listed = {value: parse_uri(value) for value in values}, self._loaded.content
        return {
            value: self.verdict(*listed.get(uri.normalized(), _NOT_LISTED))
            for value, uri in parsed.items()
            if uri.host
        }

    @override
    def describe(self) -> str:
        return self._loaded.describe("urls", self.path.name)

    @override
    def ignored(self) -> IgnoredLines:
        return self._loaded.ignored

    @cached_property
    def _loaded(self) -> LoadedList[dict[str, _Entry]]:
        return self.load(_read)


def _read(lines: Lines, reject: Reject) -> dict[str, _Entry]:
    """Return the entries by URL. Raises ValueError if there is no column `url`."""
    found: dict[str, _Entry] = {}
    header: list[str] = []
    for number, line in lines:
        text = line.strip("# \r\n")
        if line.startswith("#"):
            # The last comment is the header.
            header = text.split(",") if "url" in text.split(",") else header
        elif not header and text:
            header = cells(line, ",")
        elif text:
            try:
                row = dict(zip(header, cells(line, ","), strict=False))
                key = url(refanged(row.get("url", "")))
            except ValueError as error:
                reject(number, str(error))
                continue
            entry = _entry(row.get("url_status", ""), row.get("threat", ""), row.get("tags", ""))
            # A proxy's log doesn't tell http from https: the graver entry counts.
            if entry.risk > found.get(key, _NOT_LISTED).risk:
                found[key] = entry
        if header and "url" not in header:
            raise ValueError("it has no column `url`, as a CSV dump of URLhaus has")
    return found


# Few rows of a dump differ in these cells.
@lru_cache(maxsize=10_000)
def _entry(url_status: str, threat: str, tags: str) -> _Entry:
    return _Entry(_risk(url_status), _categories(threat, () if tags in _NO_TAGS else tags.split(",")))
