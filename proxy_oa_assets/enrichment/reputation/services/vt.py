"""The `vt` service: VirusTotal's API, version 3. Files and URLs are never handed in, only looked up."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import ClassVar

from pydantic import BaseModel, Field
from typing_extensions import override

from proxy_oa_assets.enrichment.reputation.http import Answer, Http
from proxy_oa_assets.enrichment.reputation.service import RemoteService, Send
from proxy_oa_assets.enrichment.reputation.service_errors import QuotaSpentError, ServiceError
from proxy_oa_assets.enrichment.reputation.types import Secret, WebAddress
from proxy_oa_assets.enrichment.reputation.uri import is_address
from proxy_oa_assets.enrichment.reputation.verdict import HIGH, LOW, MEDIUM, NONE, Category, Status, Verdict


class _Statistics(BaseModel):
    malicious: int
    suspicious: int


class _Attributes(BaseModel):
    last_analysis_stats: _Statistics
    categories: dict[str, str] = {}


class _Found(BaseModel):
    attributes: _Attributes


class _Report(BaseModel):
    data: _Found


class _Error(BaseModel):
    code: str


class _Refusal(BaseModel):
    error: _Error


class VirusTotal(RemoteService):
    """What VirusTotal's scanners last said of a URL or a domain.

    The limits are those of a public key, which isn't for commercial use.
    """

    # 404 says that it was never seen; 429 says whether to wait or that the day is over.
    _own: ClassVar[tuple[int, ...]] = (HTTPStatus.NOT_FOUND, HTTPStatus.TOO_MANY_REQUESTS)

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
    def ask(self, values: Sequence[str], http: Http) -> Mapping[str, Verdict]:
        return {value: self._read(self._asked(value, http)) for value in values}

    def _asked(self, value: str, http: Http) -> Answer:
        if self.send is Send.HOST:
            path = f"ip_addresses/{value.strip('[]')}" if is_address(value) else f"domains/{value}"
        else:
            path = f"urls/{urlsafe_b64encode(value.encode()).decode().rstrip('=')}"
        headers = {"x-apikey": self.key_env.get_secret_value(), "Accept": "application/json"}
        return http.get(f"{self.url}/{path}", headers=headers, own=self._own)

    def _read(self, answer: Answer) -> Verdict:
        if answer.status == HTTPStatus.NOT_FOUND:
            return self.unverified(Status.NO_DATA)
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            if _code(answer) == "QuotaExceededError":
                raise QuotaSpentError("it says that the key's quota is used up")
            answer.refuse()
        attributes = answer.read(_Report).data.attributes
        categories = (Category(name) for name in dict.fromkeys(attributes.categories.values()))
        return self.verdict(self._severity(attributes.last_analysis_stats), categories)

    def _severity(self, found: _Statistics) -> int:
        if found.malicious >= self.malicious_high:
            return HIGH
        if found.malicious >= self.malicious_medium or found.suspicious >= self.suspicious_medium:
            return MEDIUM
        return LOW if found.suspicious >= self.suspicious_low else NONE


def _code(answer: Answer) -> str | None:
    """Return VirusTotal's own word for an error; None where a server before it answered."""
    try:
        return answer.read(_Refusal).error.code
    except ServiceError:
        return None
