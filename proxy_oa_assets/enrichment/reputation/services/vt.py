"""The `vt` service: VirusTotal's API, version 3. Files and URLs are never submitted, only looked up."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import ClassVar

from pydantic import AliasPath, BaseModel, Field
from requests import Request
from typing_extensions import override

from proxy_oa_assets.enrichment.reputation.http import Count, HttpClient, ServiceResponse, SideField
from proxy_oa_assets.enrichment.reputation.service import RemoteService, Send
from proxy_oa_assets.enrichment.reputation.service_errors import QuotaExceededError, ServiceError
from proxy_oa_assets.enrichment.reputation.types import Secret, WebAddress
from proxy_oa_assets.enrichment.reputation.uri import is_address
from proxy_oa_assets.enrichment.reputation.verdict import Category, Risk, Status, Verdict


class _Statistics(BaseModel):
    malicious: Count
    # Enough malicious ones decide alone.
    suspicious: SideField[Count] = None


class _Attributes(BaseModel):
    last_analysis_stats: _Statistics
    categories: SideField[dict[str, SideField[str]]] = None


class _Report(BaseModel):
    attributes: _Attributes = Field(validation_alias=AliasPath("data", "attributes"))


class _Error(BaseModel):
    code: str = Field(validation_alias=AliasPath("error", "code"))


class VirusTotal(RemoteService):
    """The last verdicts of VirusTotal's scanners on a URL or a domain.

    The default limits are those of a public key, which isn't for commercial use.
    """

    # 404: never seen; 429: its body tells a short pause from a used-up day.
    _accepted: ClassVar[tuple[int, ...]] = (HTTPStatus.NOT_FOUND, HTTPStatus.TOO_MANY_REQUESTS)

    url: WebAddress = Field(default="https://www.virustotal.com/api/v3", description="The API's address")
    key_env: Secret = Field(description="Environment variable that has the API key")
    per_minute: int | None = Field(default=4, ge=1, description="Requests in any minute")
    per_day: int | None = Field(default=500, ge=1, description="Requests a day, from 00:00 UTC")
    malicious_high: int = Field(default=3, ge=1, description="Scanners that say malicious, for severity 3")
    malicious_medium: int = Field(default=1, ge=1, description="The same for severity 2")
    suspicious_medium: int = Field(
        default=2, ge=1, description="Scanners that say suspicious, for severity 2"
    )
    suspicious_low: int = Field(default=1, ge=1, description="The same for severity 1")

    @override
    def look_up(self, values: Sequence[str], http: HttpClient) -> Mapping[str, Verdict]:
        return {value: self._judge(self._request(value, http)) for value in values}

    def _request(self, value: str, http: HttpClient) -> ServiceResponse:
        if self.send is Send.HOST:
            path = f"ip_addresses/{value.strip('[]')}" if is_address(value) else f"domains/{value}"
        else:
            path = f"urls/{urlsafe_b64encode(value.encode()).decode().rstrip('=')}"
        headers = {"x-apikey": self.key_env.get_secret_value(), "Accept": "application/json"}
        return http.send(Request("GET", f"{self.url}/{path}", headers=headers), accept=self._accepted)

    def _judge(self, response: ServiceResponse) -> Verdict:
        if response.status == HTTPStatus.NOT_FOUND:
            return self.unverified(Status.NO_DATA)
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            if _code(response) == "QuotaExceededError":
                raise QuotaExceededError("it says that the key's quota is used up")
            response.raise_for_status()
        attributes = response.parse(_Report).attributes
        names = dict.fromkeys((attributes.categories or {}).values())
        return self.verdict(
            self._risk(attributes.last_analysis_stats), (Category(name) for name in names if name)
        )

    def _risk(self, found: _Statistics) -> Risk:
        if found.malicious >= self.malicious_high:
            return Risk.HIGH
        if found.malicious >= self.malicious_medium:
            return Risk.MEDIUM
        if found.suspicious is None:
            raise ServiceError("its answer isn't as documented (at last_analysis_stats.suspicious)")
        if found.suspicious >= self.suspicious_medium:
            return Risk.MEDIUM
        return Risk.LOW if found.suspicious >= self.suspicious_low else Risk.NONE


def _code(response: ServiceResponse) -> str | None:
    """Return VirusTotal's code of an error; None if a proxy before it responded."""
    try:
        return response.parse(_Error).code
    except ServiceError:
        return None
