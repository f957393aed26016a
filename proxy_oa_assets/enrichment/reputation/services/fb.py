"""The `fb` service: Meta's ThreatExchange, whose members share what they think of URLs and domains."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, ClassVar
from urllib.parse import quote, urlencode

from pydantic import BaseModel, Field, RootModel
from typing_extensions import override

from proxy_oa_assets.enrichment.reputation.http import Answer, Http
from proxy_oa_assets.enrichment.reputation.service import RemoteService, Send
from proxy_oa_assets.enrichment.reputation.service_errors import PassingError, RefusedError, ServiceError
from proxy_oa_assets.enrichment.reputation.types import Secret, WebAddress
from proxy_oa_assets.enrichment.reputation.uri import is_address, parse_uri
from proxy_oa_assets.enrichment.reputation.verdict import HIGH, MEDIUM, NONE, UNVERIFIED, Status, Verdict

# Of Meta's error codes: the token is none, it may be over in a moment, too many calls.
_BAD_TOKEN = {102, 190}
_PASSING = {1, 2}
_TOO_MANY = {4, 17, 32, 613}
_FIELDS = "raw_indicator,type,status,confidence,severity,indicator"
_MOST_DESCRIPTORS = "20"


class _Indicator(BaseModel):
    indicator: str = ""


class _Descriptor(BaseModel):
    status: str = ""
    raw_indicator: str = ""
    indicator: _Indicator = _Indicator()

    def describes(self, text: str) -> bool:
        """Return whether it is of that text: the search finds it in other fields as well."""
        uri = str(parse_uri(text))
        return any(str(parse_uri(own)) == uri for own in (self.raw_indicator, self.indicator.indicator))


class _Descriptors(BaseModel):
    data: list[_Descriptor]


class _Entry(BaseModel):
    code: int
    body: str | None = None


class _Entries(RootModel[list[_Entry | None]]):
    pass


class _Error(BaseModel):
    code: int


class _Refusal(BaseModel):
    error: _Error


class ThreatExchange(RemoteService):
    """The gravest status that a member of ThreatExchange gave to a URL or a host."""

    labels: ClassVar[Mapping[int, str]] = {
        UNVERIFIED: "UNKNOWN",
        NONE: "NON_MALICIOUS",
        MEDIUM: "SUSPICIOUS",
        HIGH: "MALICIOUS",
    }
    # With these Meta sends its own error, which says more than they do.
    _own: ClassVar[tuple[int, ...]] = (HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN)

    url: WebAddress = Field(default="https://graph.facebook.com", description="The Graph API's address")
    version: Annotated[str, Field(pattern=r"^v[0-9]+\.[0-9]+$")] = Field(
        default="v26.0", description="The Graph API's version"
    )
    app_id: Annotated[str, Field(pattern=r"^[0-9]+$")] = Field(description="The app's id, a number as text")
    app_secret_env: Secret = Field(description="Environment variable that has the app's secret")
    batch: int = Field(default=50, ge=1, le=50, description="Values in one request")

    @override
    def ask(self, values: Sequence[str], http: Http) -> Mapping[str, Verdict]:
        entries = self._asked(values, http)
        if len(entries) != len(values):
            raise ServiceError(f"it gave {len(entries)} answers to {len(values)} questions")
        answers, troubles = {}, []
        for value, entry in zip(values, entries, strict=True):
            try:
                answers[value] = self._judge(value, entry)
            except RefusedError:
                raise
            except ServiceError as error:
                answers[value] = self.unverified(error.status)
                troubles.append(error)
        # If the whole batch failed, it counts as such and may be tried again.
        if len(troubles) == len(values):
            raise troubles[0]
        return answers

    def _asked(self, values: Sequence[str], http: Http) -> list[_Entry | None]:
        form = {
            "access_token": f"{self.app_id}|{self.app_secret_env.get_secret_value()}",
            "batch": json.dumps([{"method": "GET", "relative_url": self._search(value)} for value in values]),
            "include_headers": "false",
        }
        answer = http.post(f"{self.url}/", form=form, own=self._own)
        if answer.body.lstrip().startswith(b"{"):
            raise _trouble(answer)
        if answer.status in self._own:
            answer.refuse()
        return answer.read(_Entries).root

    def _search(self, value: str) -> str:
        """Return what is asked of a value, all of it quoted: Meta expands `{result=...}` in these."""
        query = {
            "type": self._type(value),
            "strict_text": "true",
            "text": self._text(value),
            "fields": _FIELDS,
            "limit": _MOST_DESCRIPTORS,
        }
        return f"{self.version}/threat_descriptors?{urlencode(query, quote_via=quote)}"

    def _type(self, value: str) -> str:
        if self.send is not Send.HOST:
            return "URI"
        return "IP_ADDRESS" if is_address(value) else "DOMAIN"

    def _text(self, value: str) -> str:
        # An address of IPv6 stands in brackets in URLs alone.
        return value.strip("[]") if self.send is Send.HOST else value

    def _judge(self, value: str, entry: _Entry | None) -> Verdict:
        if entry is None:
            # Meta ran out of time before it came to this one.
            raise PassingError("it left questions of a request unanswered")
        answer = Answer(entry.code, (entry.body or "").encode())
        if entry.code != HTTPStatus.OK:
            raise _trouble(answer)
        found = answer.read(_Descriptors).data
        text = self._text(value)
        statuses = {descriptor.status for descriptor in found if descriptor.describes(text)}
        for severity in (HIGH, MEDIUM, NONE):
            if self.labels[severity] in statuses:
                return self.verdict(severity)
        return self.unverified(Status.NO_DATA)


def _trouble(answer: Answer) -> ServiceError:
    """Return what Meta's own error means; raise what the HTTP status does if there is none."""
    try:
        code = answer.read(_Refusal).error.code
    except ServiceError:
        answer.refuse()
        raise
    if code in _BAD_TOKEN:
        return RefusedError(f"it answered error {code}: the app's id or secret is wrong")
    if code in _PASSING | _TOO_MANY:
        how = Status.OVER_QUOTA if code in _TOO_MANY else Status.FAILED
        return PassingError(f"it answered error {code}", how)
    if answer.status == HTTPStatus.FORBIDDEN:
        return RefusedError(f"it answered error {code}: the app may not ask this")
    return ServiceError(f"it answered error {code}")
