"""The `misp` service: the attributes of a site's own MISP."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from pydantic import AliasPath, BaseModel, Field
from requests import Request
from typing_extensions import override

from proxy_oa_assets.enrichment.reputation.http import HttpClient, SideField
from proxy_oa_assets.enrichment.reputation.service import RemoteService, Send
from proxy_oa_assets.enrichment.reputation.types import Secret, WebAddress
from proxy_oa_assets.enrichment.reputation.uri import canonical_host, parse_uri
from proxy_oa_assets.enrichment.reputation.verdict import Category, Risk, Status, Verdict

_OF_URLS = ("url", "uri")
_OF_HOSTS = ("domain", "hostname")

_Categories = Mapping[str, list[Category]]


class _Event(BaseModel):
    info: SideField[str] = None


class _Attribute(BaseModel):
    type: str
    value: str
    category: SideField[str] = None
    event: SideField[_Event] = Field(default=None, alias="Event")


class _Response(BaseModel):
    attributes: list[SideField[_Attribute]] = Field(validation_alias=AliasPath("response", "Attribute"))


class Misp(RemoteService):
    """Whether a MISP has a URL, or else its host, as an attribute for detection (`to_ids`)."""

    sendable: ClassVar[tuple[Send, ...]] = tuple(Send)

    url: WebAddress = Field(description="The MISP's address")
    key_env: Secret = Field(description="Environment variable that has the authentication key")
    batch: int = Field(default=200, ge=1, le=200, description="Values in one request")

    @override
    def look_up(self, values: Sequence[str], http: HttpClient) -> Mapping[str, Verdict]:
        request = Request(
            "POST",
            f"{self.url}/attributes/restSearch",
            headers={"Authorization": self.key_env.get_secret_value(), "Accept": "application/json"},
            json={
                "returnFormat": "json",
                "value": list(dict.fromkeys(text for value in values for text in _searched(value))),
                "type": [*_OF_URLS, *_OF_HOSTS],
                "to_ids": True,
                "enforceWarninglist": True,
            },
        )
        attributes = http.send(request).parse(_Response).attributes
        urls, hosts = _by_indicator([attribute for attribute in attributes if attribute])
        # An attribute that can't be read may be of any value that no other one matches.
        other = self.unverified(Status.FAILED) if None in attributes else self.verdict(Risk.NONE)
        return {value: self._judge(value, urls, hosts) or other for value in values}

    def _judge(self, value: str, urls: _Categories, hosts: _Categories) -> Verdict | None:
        uri = parse_uri(value)
        if self.send is not Send.HOST and (url := uri.normalized()) in urls:
            return self.verdict(Risk.HIGH, urls[url])
        if uri.host in hosts:
            return self.verdict(Risk.MEDIUM, hosts[uri.host])
        return None


def _searched(value: str) -> Iterator[str]:
    """Yield a value as it is sent, and its host."""
    # MISP reads a final % as a wildcard, and would return all attributes of a host.
    if not value.endswith("%"):
        yield value
    yield parse_uri(value).host


def _by_indicator(attributes: Sequence[_Attribute]) -> tuple[_Categories, _Categories]:
    """Return the categories by URL and by host.

    MISP's database may ignore case; a URL's path doesn't.
    """
    urls, hosts = defaultdict(list), defaultdict(list)
    for attribute in attributes:
        event = attribute.event.info if attribute.event else None
        category = Category(attribute.category or "", event or "")
        hosts[canonical_host(attribute.value)].append(category)
        if attribute.type in _OF_URLS:
            urls[parse_uri(attribute.value).normalized()].append(category)
    return urls, hosts
