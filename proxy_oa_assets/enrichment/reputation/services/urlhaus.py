"""The `urlhaus` service: abuse.ch's URLhaus, which collects URLs that serve malware."""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, Field
from typing_extensions import override

from proxy_oa_assets.enrichment.reputation.http import Answer, Http
from proxy_oa_assets.enrichment.reputation.service import RemoteService, Send
from proxy_oa_assets.enrichment.reputation.service_errors import RefusedError, ServiceError
from proxy_oa_assets.enrichment.reputation.services.urlhaus_dump import categories_of, severity_of
from proxy_oa_assets.enrichment.reputation.types import Secret, WebAddress
from proxy_oa_assets.enrichment.reputation.verdict import HIGH, LOW, MEDIUM, NONE, Status, Verdict

# Of what Spamhaus' domain blocklist lists: domains that are bad as a whole. The others are "abused_legit_*".
_BAD_DOMAINS = ("spammer_domain", "phishing_domain", "botnet_cc_domain")


class _Outcome(BaseModel):
    query_status: str


class _Url(BaseModel):
    url_status: str | None = None
    threat: str | None = None
    tags: list[str] | None = None


class _Blacklists(BaseModel):
    spamhaus_dbl: str | None = None


class _Host(BaseModel):
    blacklists: _Blacklists | None = None
    urls: list[_Url] = []


class UrlHaus(RemoteService):
    """What URLhaus has of a URL, or of a host if `send` is host."""

    url: WebAddress = Field(default="https://urlhaus-api.abuse.ch/v1", description="The API's address")
    key_env: Secret = Field(description="Environment variable that has the Auth-Key")

    @override
    def ask(self, values: Sequence[str], http: Http) -> Mapping[str, Verdict]:
        return {value: self._read(self._asked(value, http)) for value in values}

    def _asked(self, value: str, http: Http) -> Answer:
        what = "host" if self.send is Send.HOST else "url"
        headers = {"Auth-Key": self.key_env.get_secret_value()}
        return http.post(f"{self.url}/{what}/", headers=headers, form={what: value})

    def _read(self, answer: Answer) -> Verdict:
        outcome = answer.read(_Outcome).query_status
        if outcome == "no_results":
            return self.verdict(NONE)
        if outcome in ("invalid_url", "invalid_host"):
            return self.unverified(Status.UNSUPPORTED)
        if outcome == "unknown_auth_key":
            raise RefusedError("it doesn't know the key")
        if outcome != "ok":
            raise ServiceError("its answer has a `query_status` that isn't documented")
        if self.send is Send.HOST:
            return self._of_host(answer.read(_Host))
        found = answer.read(_Url)
        return self.verdict(severity_of(found.url_status), categories_of(found.threat, found.tags or ()))

    def _of_host(self, found: _Host) -> Verdict:
        """Judge a host by its URLs, of which a shared one has bad ones, too: medium at most.

        A domain that Spamhaus lists as bad as a whole is high.
        """
        listing = found.blacklists.spamhaus_dbl if found.blacklists else None
        threats = [url.threat or "" for url in found.urls]
        if listing in _BAD_DOMAINS:
            return self.verdict(HIGH, categories_of(listing, threats))
        worst = max((severity_of(url.url_status) for url in found.urls), default=LOW)
        return self.verdict(min(worst, MEDIUM), categories_of(None, threats))
