"""The `fb` service: Meta's ThreatExchange, whose members share verdicts on URLs and domains."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, ClassVar
from urllib.parse import quote, urlencode

from pydantic import AliasPath, BaseModel, Field, RootModel, ValidationError
from requests import Request
from typing_extensions import override

from proxy_oa_assets.enrichment.reputation.http import HttpClient, Number, ServiceResponse, SideField
from proxy_oa_assets.enrichment.reputation.service import RemoteService, Send
from proxy_oa_assets.enrichment.reputation.service_errors import RefusedError, ServiceError, TransientError
from proxy_oa_assets.enrichment.reputation.types import Secret, WebAddress
from proxy_oa_assets.enrichment.reputation.uri import is_address, parse_uri
from proxy_oa_assets.enrichment.reputation.verdict import Risk, Status, Verdict

# Meta's error codes.
_BAD_TOKEN = {102, 190}
_TRANSIENT = {1, 2}
_TOO_MANY = {4, 17, 32, 613}
_FIELDS = "raw_indicator,type,status,confidence,severity,indicator"


class _Indicator(BaseModel):
    indicator: SideField[str] = None


class _Descriptor(BaseModel):
    status: str = ""
    raw_indicator: SideField[str] = None
    indicator: SideField[_Indicator] = None

    def describes(self, text: str) -> bool:
        """Return whether the text is the indicator: the search matches other fields as well."""
        uri = parse_uri(text).normalized()
        indicators = (self.raw_indicator, self.indicator and self.indicator.indicator)
        return any(parse_uri(each).normalized() == uri for each in indicators if each)


class _Descriptors(BaseModel):
    data: list[SideField[_Descriptor]]


class _Entry(BaseModel):
    code: Number
    body: str | None = None


class _Entries(RootModel[list[object]]):
    pass


class _Error(BaseModel):
    code: Number = Field(validation_alias=AliasPath("error", "code"))


class ThreatExchange(RemoteService):
    """The gravest status that a member of ThreatExchange gave to a URL or a host."""

    labels: ClassVar[Mapping[Risk, str]] = {
        Risk.UNVERIFIED: "UNKNOWN",
        Risk.NONE: "NON_MALICIOUS",
        Risk.MEDIUM: "SUSPICIOUS",
        Risk.HIGH: "MALICIOUS",
    }
    # Meta sends its own, more specific error with these.
    _accepted: ClassVar[tuple[int, ...]] = (HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN)

    url: WebAddress = Field(default="https://graph.facebook.com", description="The Graph API's address")
    version: Annotated[str, Field(pattern=r"^v[0-9]+\.[0-9]+$")] = Field(
        default="v26.0", description="The Graph API's version"
    )
    app_id: Annotated[str, Field(pattern=r"^[0-9]+$")] = Field(description="The app's id, a number as text")
    app_secret_env: Secret = Field(description="Environment variable that has the app's secret")
    batch: int = Field(default=50, ge=1, le=50, description="Values in one request")

    @override
    def look_up(self, values: Sequence[str], http: HttpClient) -> Mapping[str, Verdict]:
        entries = self._request(values, http)
        if len(entries) != len(values):
            raise ServiceError(f"it gave {len(entries)} answers to {len(values)} questions")
        verdicts, errors = {}, []
        for value, entry in zip(values, entries, strict=True):
            try:
                verdicts[value] = self._judge(value, entry)
            except RefusedError:
                raise
            except ServiceError as error:
                verdicts[value] = self.unverified(error.status)
                errors.append(error)
        # A batch that failed as a whole counts as failed, and can be retried.
        if len(errors) == len(values):
            raise errors[0]
        return verdicts

    def _request(self, values: Sequence[str], http: HttpClient) -> list[object]:
        form = {
            "access_token": f"{self.app_id}|{self.app_secret_env.get_secret_value()}",
            "batch": json.dumps([{"method": "GET", "relative_url": self._search(value)} for value in values]),
            "include_headers": "false",
        }
        response = http.send(Request("POST", f"{self.url}/", data=form), accept=self._accepted)
        if response.body.lstrip().startswith(b"{"):
            raise _meta_error(response)
        if response.status in self._accepted:
            response.raise_for_status()
        return response.parse(_Entries).root

    def _search(self, value: str) -> str:
        """Return the search for a value, all quoted: Meta expands `{result=...}`."""
        kind = "URI"
        if self.send is Send.HOST:
            kind = "IP_ADDRESS" if is_address(value) else "DOMAIN"
        query = {
            "type": kind,
            "strict_text": "true",
            "text": self._text(value),
            "fields": _FIELDS,
            "limit": "20",
        }
        return f"{self.version}/threat_descriptors?{urlencode(query, quote_via=quote)}"

    def _text(self, value: str) -> str:
        # Only URLs have brackets around an IPv6 address.
        return value.strip("[]") if self.send is Send.HOST else value

    def _judge(self, value: str, given: object) -> Verdict:
        if given is None:
            # Meta ran out of time before this operation.
            raise TransientError("it left questions of a request unanswered")
        try:
            entry = _Entry.model_validate(given)
        except ValidationError:
            raise ServiceError("its answer isn't as documented (at an entry)") from None
        response = ServiceResponse(entry.code, (entry.body or "").encode())
        if entry.code != HTTPStatus.OK:
            raise _meta_error(response)
        found = response.parse(_Descriptors).data
        text = self._text(value)
        statuses = {descriptor.status for descriptor in found if descriptor and descriptor.describes(text)}
        for risk in (Risk.HIGH, Risk.MEDIUM, Risk.NONE):
            if self.labels[risk] in statuses:
                return self.verdict(risk)
        # One that can't be read may describe the text.
        if None in found:
            raise ServiceError("its answer isn't as documented (at data)")
        return self.unverified(Status.NO_DATA)


def _meta_error(response: ServiceResponse) -> ServiceError:
    """Return the meaning of Meta's own error; raise the HTTP status's if there is none."""
    try:
        code = response.parse(_Error).code
    except ServiceError:
        response.raise_for_status()
        raise
    if code in _BAD_TOKEN:
        return RefusedError(f"it answered error {code}: the app's id or secret is wrong")
    if code in _TRANSIENT | _TOO_MANY:
        status = Status.OVER_QUOTA if code in _TOO_MANY else Status.FAILED
        return TransientError(f"it answered error {code}", status)
    if response.status == HTTPStatus.FORBIDDEN:
        return RefusedError(f"it answered error {code}: the app may not ask this")
    return ServiceError(f"it answered error {code}")
