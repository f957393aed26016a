"""The `gti` service: Global Threat Intelligence of Trellix, once McAfee, by Trellix' client or by HTTPS.

There is no public specification: requests, responses and thresholds are those of Spot's own client.
"""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import ClassVar, Literal, Self

from pydantic import BaseModel, Field, JsonValue, OnErrorOmit, PrivateAttr, ValidationInfo, model_validator
from requests import Request
from requests.auth import HTTPBasicAuth
from typing_extensions import override

from proxy_oa_assets.enrichment.reputation.http import HttpClient, Number, ServiceResponse, SideField
from proxy_oa_assets.enrichment.reputation.list_file import Lines, Reject, load_list
from proxy_oa_assets.enrichment.reputation.service import RemoteService, Send
from proxy_oa_assets.enrichment.reputation.service_errors import ServiceError
from proxy_oa_assets.enrichment.reputation.services.restclient import LONGEST_ARGUMENT, output_of, passed_on
from proxy_oa_assets.enrichment.reputation.types import Executable, ExistingFile, Secret, Text, web_address
from proxy_oa_assets.enrichment.reputation.uri import is_address
from proxy_oa_assets.enrichment.reputation.verdict import Category, Risk, Status, Verdict
from proxy_oa_assets.model.errors import ReputationConfigError
from proxy_oa_assets.model.text_file import cells

# The lowest reputation of each risk; below all of them it is low.
_THRESHOLDS = ((50, Risk.HIGH), (30, Risk.MEDIUM), (15, Risk.UNVERIFIED))
# The settings that a transport needs, and those that mean nothing to it.
_NEEDED = {"restclient": ("restclient", "user", "password_env"), "https": ()}
_FOREIGN = {"restclient": ("client_cert", "ca_cert"), "https": ("restclient",)}


class _Found(BaseModel):
    rep: Number | None = None
    aflag: object = None
    cat: SideField[list[OnErrorOmit[Number]]] = None


class _Answers(BaseModel):
    a: list[SideField[_Found]]


class Gti(RemoteService):
    """GTI's reputation and categories of a URL or a host."""

    labels: ClassVar[Mapping[Risk, str]] = {
        Risk.UNVERIFIED: "Unverified",
        Risk.LOW: "Minimal",
        Risk.MEDIUM: "Medium",
        Risk.HIGH: "High",
    }
    # A private GTI is the site's own.
    sendable: ClassVar[tuple[Send, ...]] = tuple(Send)
    operational: ClassVar[frozenset[str]] = RemoteService.operational | {"client_cert"}

    transport: Literal["restclient", "https"] = Field(description="By Trellix' client, or by HTTPS")
    server: Text = Field(description="The server, as the client takes it; for https its whole URL")
    client: dict[str, JsonValue] = Field(
        min_length=1, description="The client's description, `ci` of each request"
    )
    user: Text | None = Field(default=None, description="The user")
    password_env: Secret | None = Field(
        default=None, description="Environment variable that has the password"
    )
    restclient: Executable | None = Field(default=None, description="Trellix' client program")
    client_cert: ExistingFile | None = Field(
        default=None, description="For https: file of a certificate and its key, with or without a user"
    )
    category_file: ExistingFile | None = Field(
        default=None, description="CSV of code, name and group; none: uri_rep has no categories"
    )
    batch: int = Field(default=1, ge=1, le=100, description="Values in one request")
    _categories: Mapping[str, Category] = PrivateAttr(default_factory=dict)
    _environ: Mapping[str, str] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _fits_its_transport(self, info: ValidationInfo) -> Self:
        for setting in _NEEDED[self.transport]:
            if getattr(self, setting) is None:
                raise ValueError(f"transport {self.transport} needs `{setting}`")
        for setting in _FOREIGN[self.transport]:
            if getattr(self, setting) is not None:
                raise ValueError(f"`{setting}` means nothing to transport {self.transport}; leave it out")
        if self.transport == "https":
            self._check_https()
        if self.category_file:
            try:
                self._categories = load_list(self.category_file, _read_categories).content
            except ReputationConfigError as error:
                raise ValueError(f"`category_file`: {error}") from None
        self._environ = passed_on((info.context or {}).get("environ", {}))
        return self

    def _check_https(self) -> None:
        if (self.user is None) != (self.password_env is None):
            raise ValueError("`user` and `password_env` go together; one of them is missing")
        if self.user is None and self.client_cert is None:
            raise ValueError("transport https needs `user` and `password_env`, or `client_cert`")
        try:
            web_address(self.server)
        except ValueError as error:
            raise ValueError(f"`server`: {error}") from None

    @override
    def look_up(self, values: Sequence[str], http: HttpClient) -> Mapping[str, Verdict]:
        request = {"ci": self.client, "q": [self._question(value) for value in values]}
        if self.transport == "https":
            response = self._by_https(request, http)
        else:
            query = json.dumps(request, separators=(",", ":"))
            if len(query) > LONGEST_ARGUMENT:
                return self._in_halves(values, http)
            response = self._by_client(query)
        found = response.parse(_Answers).a
        if len(found) != len(values):
            raise ServiceError(f"it gave {len(found)} answers to {len(values)} questions")
        if not any(found):
            raise ServiceError("its answer isn't as documented (at a.0)")
        return {value: self._judge(each) for value, each in zip(values, found, strict=True)}

    def _in_halves(self, values: Sequence[str], http: HttpClient) -> Mapping[str, Verdict]:
        # A single value that is too long for a command line can't be looked up.
        if len(values) == 1:
            return {}
        half = len(values) // 2
        return {**self.look_up(values[:half], http), **self.look_up(values[half:], http)}

    def _question(self, value: str) -> dict[str, str]:
        if self.send is Send.HOST and is_address(value):
            return {"op": "ip", "ip": value.strip("[]")}
        return {"op": "url", "url": value}

    def _by_client(self, query: str) -> ServiceResponse:
        command = [
            *(str(self.restclient), "-s", self.server, "-q", query),
            *("-i", self.user or "", "-p", self._password(), "-t"),
        ]
        output = output_of(command, environ=self._environ, seconds=self.timeout)
        # Like Spot, cut off everything after the object.
        return ServiceResponse(HTTPStatus.OK, output[: output.rfind(b"}") + 1])

    def _by_https(self, request: object, http: HttpClient) -> ServiceResponse:
        # Encoded here: `requests` encodes passwords as Latin-1, and fails for other characters.
        auth = (self.user.encode(), self._password().encode()) if self.user else None
        return http.send(
            Request("POST", self.server, json=request, auth=HTTPBasicAuth(*auth) if auth else None),
            cert=str(self.client_cert) if self.client_cert else None,
        )

    def _password(self) -> str:
        return self.password_env.get_secret_value() if self.password_env else ""

    def _judge(self, found: _Found | None) -> Verdict:
        if found is None:
            return self.unverified(Status.FAILED)
        if found.rep is None or "aflag" in found.model_fields_set:
            return self.unverified(Status.NO_DATA)
        risk = next((risk for least, risk in _THRESHOLDS if found.rep >= least), Risk.LOW)
        codes = map(str, (found.cat or ()) if self._categories else ())
        return self.verdict(risk, (self._categories.get(code, Category(code)) for code in codes))


def _read_categories(lines: Lines, _reject: Reject) -> dict[str, Category]:
    """Return the categories by code. Raises ValueError naming the line that has none."""
    found = {}
    for number, line in lines:
        row = [cell.strip() for cell in cells(line, ",")]
        code, name, group, *_ = (*row, "", "", "")
        if code.isdecimal() and name:
            found[code] = Category(name, group)
        # Only the first line can be a header; Spot's own file has none.
        elif any(row) and number > 1:
            raise ValueError(f"line {number} isn't code,name,group")
    return found
