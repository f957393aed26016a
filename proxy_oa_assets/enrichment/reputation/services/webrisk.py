"""The `webrisk` service: Google Web Risk's lists of malware, phishing and unwanted software."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, Field
from typing_extensions import override

from proxy_oa_assets.enrichment.reputation.http import Answer, Http
from proxy_oa_assets.enrichment.reputation.service import RemoteService, Send
from proxy_oa_assets.enrichment.reputation.service_errors import RefusedError
from proxy_oa_assets.enrichment.reputation.types import Secret, WebAddress
from proxy_oa_assets.enrichment.reputation.verdict import HIGH, MEDIUM, NONE, Category, Status, Verdict

_ThreatType = Literal["MALWARE", "SOCIAL_ENGINEERING", "UNWANTED_SOFTWARE"]
# All that there are; also what is asked for.
_SEVERITIES: Mapping[_ThreatType, int] = {
    "MALWARE": HIGH,
    "SOCIAL_ENGINEERING": HIGH,
    "UNWANTED_SOFTWARE": MEDIUM,
}


class _Threat(BaseModel):
    types: list[_ThreatType] = Field(default=[], alias="threatTypes")
    # It has up to nine digits of a second's fraction; those beyond six are cut off.
    expires: AwareDatetime | None = Field(default=None, alias="expireTime")


class _Found(BaseModel):
    threat: _Threat = _Threat()


class _Detail(BaseModel):
    reason: str | None = None


class _Error(BaseModel):
    details: list[_Detail] = []


class _Refusal(BaseModel):
    error: _Error


class WebRisk(RemoteService):
    """On which of Google's lists a URL is, or a host's front page if `send` is host."""

    # 400 is said of the value, or of a key that is none.
    _own: ClassVar[tuple[int, ...]] = (HTTPStatus.BAD_REQUEST,)

    url: WebAddress = Field(default="https://webrisk.googleapis.com/v1", description="The API's address")
    key_env: Secret = Field(description="Environment variable that has the API key")

    @override
    def ask(self, values: Sequence[str], http: Http) -> Mapping[str, Verdict]:
        return {value: self._read(self._asked(value, http)) for value in values}

    def _asked(self, value: str, http: Http) -> Answer:
        uri = f"http://{value}/" if self.send is Send.HOST else value
        return http.get(
            f"{self.url}/uris:search",
            headers={"X-Goog-Api-Key": self.key_env.get_secret_value()},
            params=[("uri", uri), *(("threatTypes", name) for name in _SEVERITIES)],
            own=self._own,
        )

    def _read(self, answer: Answer) -> Verdict:
        if answer.status == HTTPStatus.BAD_REQUEST:
            details = answer.read(_Refusal).error.details
            if any(detail.reason == "API_KEY_INVALID" for detail in details):
                raise RefusedError("it doesn't know the key")
            return self.unverified(Status.UNSUPPORTED)
        threat = answer.read(_Found).threat
        return self.verdict(
            max((_SEVERITIES[name] for name in threat.types), default=NONE),
            (Category(name) for name in threat.types),
            threat.expires.timestamp() if threat.expires else None,
        )
