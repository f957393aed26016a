"""The `webrisk` service: Google Web Risk's lists of malware, phishing and unwanted software."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, Field, OnErrorOmit
from requests import Request
from typing_extensions import override

from proxy_oa_assets.enrichment.reputation.http import HttpClient, ServiceResponse, SideField
from proxy_oa_assets.enrichment.reputation.service import RemoteService, Send
from proxy_oa_assets.enrichment.reputation.service_errors import RefusedError, ServiceError
from proxy_oa_assets.enrichment.reputation.types import Secret, WebAddress
from proxy_oa_assets.enrichment.reputation.verdict import Category, Risk, Status, Verdict

_ThreatType = Literal["MALWARE", "SOCIAL_ENGINEERING", "UNWANTED_SOFTWARE"]
# All threat types; each request names them.
_RISKS: Mapping[_ThreatType, Risk] = {
    "MALWARE": Risk.HIGH,
    "SOCIAL_ENGINEERING": Risk.HIGH,
    "UNWANTED_SOFTWARE": Risk.MEDIUM,
}


class _Threat(BaseModel):
    # A type that isn't known may come beside one that is.
    types: list[SideField[_ThreatType]] = Field(default=[], alias="threatTypes")
    # Google sends up to nine digits of a second's fraction; pydantic cuts those beyond six.
    expires: SideField[AwareDatetime] = Field(default=None, alias="expireTime")


class _Found(BaseModel):
    threat: _Threat = _Threat()


class _Detail(BaseModel):
    reason: SideField[str] = None


class _Error(BaseModel):
    details: SideField[list[OnErrorOmit[_Detail]]] = None


class _Refusal(BaseModel):
    error: _Error


class WebRisk(RemoteService):
    """Google's lists that have a URL, or a host's front page if `send` is host."""

    # 400: of the value, or of an invalid key.
    _accepted: ClassVar[tuple[int, ...]] = (HTTPStatus.BAD_REQUEST,)

    url: WebAddress = Field(default="https://webrisk.googleapis.com/v1", description="The API's address")
    key_env: Secret = Field(description="Environment variable that has the API key")

    @override
    def look_up(self, values: Sequence[str], http: HttpClient) -> Mapping[str, Verdict]:
        return {value: self._judge(self._request(value, http)) for value in values}

    def _request(self, value: str, http: HttpClient) -> ServiceResponse:
        uri = f"http://{value}/" if self.send is Send.HOST else value
        params = [("uri", uri), *(("threatTypes", name) for name in _RISKS)]
        headers = {"X-Goog-Api-Key": self.key_env.get_secret_value()}
        request = Request("GET", f"{self.url}/uris:search", headers=headers, params=params)
        return http.send(request, accept=self._accepted)

    def _judge(self, response: ServiceResponse) -> Verdict:
        if response.status == HTTPStatus.BAD_REQUEST:
            details = response.parse(_Refusal).error.details
            if any(detail.reason == "API_KEY_INVALID" for detail in details or ()):
                raise RefusedError("it doesn't know the key")
            return self.unverified(Status.UNSUPPORTED)
        threat = response.parse(_Found).threat
        known = [name for name in threat.types if name]
        if threat.types and not known:
            raise ServiceError("its answer isn't as documented (at threat.threatTypes)")
        return self.verdict(
            max((_RISKS[name] for name in known), default=Risk.NONE),
            map(Category, known),
            threat.expires.timestamp() if threat.expires else None,
        )
