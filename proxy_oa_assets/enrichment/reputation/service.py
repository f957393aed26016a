"""Base classes of reputation services.

A plugin subclasses RemoteService: its settings are its fields, `look_up` requests and reads the response.
Privacy, cache, limits, retries and threads are the same for all services (lookup.py).
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import Field, SecretStr, model_validator

from proxy_oa_assets.enrichment.reputation.types import ExistingFile, NamedSecret, Section, Text
from proxy_oa_assets.enrichment.reputation.verdict import Category, Risk, Status, Verdict
from proxy_oa_assets.model.text_file import IgnoredLines

if TYPE_CHECKING:
    from proxy_oa_assets.enrichment.reputation.http import HttpClient

# A table's row has room for what a person reads; a service, or an attacker who feeds it, may name thousands.
_MAX_CATEGORIES = 20
_MAX_CATEGORY_LENGTH = 100


class Send(StrEnum):
    """The part of a value that leaves the machine."""

    NONE = "none"
    HOST = "host"
    URL_NO_QUERY = "url_no_query"
    URL = "url"


class ReputationService(Section, ABC):
    """A source of verdicts, configured by one entry of the reputation file."""

    labels: ClassVar[Mapping[Risk, str]] = {risk: risk.name for risk in Risk}

    service: Text = Field(description="Which service this is")
    name: Text = Field(description="Its name in uri_rep; `service` if left out")

    @model_validator(mode="before")
    @classmethod
    def _default_name(cls, entry: object) -> object:
        return {"name": entry.get("service"), **entry} if isinstance(entry, dict) else entry

    def verdict(
        self, risk: Risk, categories: Iterable[Category] = (), expires: float | None = None
    ) -> Verdict:
        """Return a verdict with this service's label; `expires` is its end in Unix time, if it has one.

        Only the first 20 distinct categories are kept, their names cut to 100 characters.
        """
        cut = (
            Category(category.name[:_MAX_CATEGORY_LENGTH], category.group[:_MAX_CATEGORY_LENGTH])
            for category in categories
        )
        kept = tuple(islice(dict.fromkeys(cut), _MAX_CATEGORIES))
        return Verdict(self.name, self.labels[risk], risk, Status.OK, kept, expires)

    def unverified(self, status: Status) -> Verdict:
        """Return this service's verdict for a value that it could not judge."""
        return Verdict(self.name, self.labels[Risk.UNVERIFIED], Risk.UNVERIFIED, status)


class LocalService(ReputationService):
    """A service that answers from files of this machine: nothing is sent or cached."""

    @abstractmethod
    def look_up(self, values: Sequence[str]) -> Mapping[str, Verdict]:
        """Return a verdict for each of the distinct values; one that is left out counts as unsupported."""

    @abstractmethod
    def describe(self) -> str:
        """Describe the files in one line. Raises ReputationConfigError if they can't be used."""

    def ignored(self) -> IgnoredLines:
        """Return the files' lines that can match nothing, once values have been looked up."""
        return IgnoredLines()

    def problems(self) -> Sequence[str]:
        """Return what is wrong with files without which values were looked up."""
        return ()


class RemoteService(ReputationService):
    """A service that answers over the network."""

    # `Send.URL` is only for services inside the site: queries can hold the site's own data.
    sendable: ClassVar[tuple[Send, ...]] = (Send.NONE, Send.HOST, Send.URL_NO_QUERY)
    # Settings that shape no verdict: changing one keeps cached verdicts.
    operational: ClassVar[frozenset[str]] = frozenset(
        ("per_minute", "per_day", "threads", "batch", "timeout", "attempts", "patience_minutes", "ca_cert")
    )

    send: Send = Field(default=Send.URL_NO_QUERY, strict=False, description="none, host, url_no_query or url")
    per_minute: int | None = Field(
        default=None, ge=1, description="Requests in any minute; no limit if left out"
    )
    per_day: int | None = Field(
        default=None, ge=1, description="Requests a day, from 00:00 UTC; no limit if left out"
    )
    threads: int = Field(default=4, ge=1, le=4, description="Concurrent requests")
    batch: int = Field(default=1, ge=1, le=1, description="Values in one request")
    timeout: float = Field(default=20, gt=0, le=3600, description="Seconds for a whole response")
    attempts: int = Field(default=3, ge=1, le=10, description="Attempts at a request that fails transiently")
    patience_minutes: float = Field(default=180, gt=0, description="Most minutes of a run's lookups")
    ca_cert: ExistingFile | None = Field(default=None, description="File of the authorities to trust")

    @model_validator(mode="after")
    def _check_send(self) -> Self:
        if self.send not in self.sendable:
            known = ", ".join(self.sendable)
            raise ValueError(f"`send` is {self.send.value}; for {self.service} it is one of {known}")
        return self

    @property
    def account(self) -> str:
        """The account that limits are counted for, as services count: a key, shared by all its entries."""
        keys = [value.variable for _, value in self if isinstance(value, NamedSecret)]
        return " ".join((self.service, *keys)) if keys else self.name

    @property
    def fingerprint(self) -> str:
        """A hash of the settings that shape a verdict; secrets don't enter it."""
        settings = [
            (name, value)
            for name, value in self
            if name not in self.operational and not isinstance(value, SecretStr)
        ]
        return hashlib.sha256(repr(settings).encode("utf-8", "surrogatepass")).hexdigest()[:16]

    @abstractmethod
    def look_up(self, values: Sequence[str], http: "HttpClient") -> Mapping[str, Verdict]:
        """Return verdicts for at most `batch` values, each a URL or, if `send` is host, a host name.

        A value that is left out counts as unsupported. Raises ServiceError if the response can't be used:
        TransientError to be retried, RefusedError to end this run's requests.
        """
