"""What every reputation service is: the settings of its entry in the reputation file, and how it answers.

A service of one's own subclasses RemoteService: its settings are its fields, `ask` says how to ask and how to
read the answer. What may be sent, the cache, limits, retries and threads are the same for all (enquiry.py).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from proxy_oa_assets.enrichment.reputation.types import ExistingFile, NamedSecret, Text
from proxy_oa_assets.enrichment.reputation.verdict import (
    HIGH,
    LOW,
    MEDIUM,
    NONE,
    UNVERIFIED,
    Category,
    Status,
    Verdict,
)

if TYPE_CHECKING:
    from proxy_oa_assets.enrichment.reputation.http import Http

# A row of a table has room for what a person reads; a service, or whoever feeds it, may name thousands.
_MOST_CATEGORIES = 20
_LONGEST_CATEGORY = 100


class Send(StrEnum):
    """What of a value leaves the machine."""

    NONE = "none"
    HOST = "host"
    URL_NO_QUERY = "url_no_query"
    URL = "url"


class ReputationService(BaseModel, ABC):
    """A source of verdicts, configured by one entry of the reputation file."""

    # Input stays out of errors: somebody may have written a secret into the wrong place.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    labels: ClassVar[Mapping[int, str]] = {
        UNVERIFIED: "UNVERIFIED",
        NONE: "NONE",
        LOW: "LOW",
        MEDIUM: "MEDIUM",
        HIGH: "HIGH",
    }

    service: Text = Field(description="Which service this is")
    name: Text = Field(description="What uri_rep calls it; as the service, if left out")

    @model_validator(mode="before")
    @classmethod
    def _named(cls, entry: object) -> object:
        return {"name": entry.get("service"), **entry} if isinstance(entry, dict) else entry

    def verdict(
        self, value: int, categories: Iterable[Category] = (), expires: float | None = None
    ) -> Verdict:
        """Return an answer with this service's label; `expires` is its own end, in Unix time."""
        return Verdict(self.name, self.labels[value], value, Status.OK, _readable(categories), expires)

    def unverified(self, status: Status) -> Verdict:
        """Return this service's answer for a value that it could not judge."""
        return Verdict(self.name, self.labels[UNVERIFIED], UNVERIFIED, status)


def _readable(categories: Iterable[Category]) -> tuple[Category, ...]:
    """Return the first distinct categories, their names cut."""
    cut = (
        Category(category.name[:_LONGEST_CATEGORY], category.group[:_LONGEST_CATEGORY])
        for category in categories
    )
    return tuple(islice(dict.fromkeys(cut), _MOST_CATEGORIES))


class LocalService(ReputationService):
    """A service that answers from this machine: nothing is sent, so nothing is held back or kept."""

    @abstractmethod
    def judge(self, values: Sequence[str]) -> Mapping[str, Verdict]:
        """Return a verdict for each of the distinct values that the service can judge."""

    @abstractmethod
    def describe(self) -> str:
        """Say in one line what it answers from. Raises ReputationConfigError if it can't be read."""


class RemoteService(ReputationService):
    """A service that is asked over the network."""

    # What it may be sent: a whole URL only where the site's own data stays inside.
    sendable: ClassVar[tuple[Send, ...]] = (Send.NONE, Send.HOST, Send.URL_NO_QUERY)

    send: Send = Field(default=Send.URL_NO_QUERY, strict=False, description="none, host, url_no_query or url")
    per_minute: int | None = Field(
        default=None, ge=1, description="Requests in any minute; no limit if left out"
    )
    per_day: int | None = Field(
        default=None, ge=1, description="Requests a day, from 00:00 UTC; no limit if left out"
    )
    threads: int = Field(default=4, ge=1, le=4, description="Requests at once")
    batch: int = Field(default=1, ge=1, le=1, description="Values in one request")
    timeout: float = Field(
        default=20, gt=0, le=3600, description="Seconds that an answer may take, to its last byte"
    )
    attempts: int = Field(default=3, ge=1, le=10, description="How often what may pass is tried")
    patience_minutes: float = Field(
        default=180,
        gt=0,
        description="How long a run may take with this service; the rest is asked next time",
    )
    ca_cert: ExistingFile | None = Field(default=None, description="File of the authorities to trust")

    @model_validator(mode="after")
    def _sends_what_it_may(self) -> Self:
        if self.send not in self.sendable:
            known = ", ".join(self.sendable)
            raise ValueError(f"`send` is {self.send.value}; for {self.service} it is one of {known}")
        return self

    @property
    def account(self) -> str:
        """What limits are counted for, as services count: a key, whatever entries ask with it."""
        keys = [value.variable for _, value in self if isinstance(value, NamedSecret)]
        return " ".join((self.service, *keys)) if keys else self.name

    @abstractmethod
    def ask(self, values: Sequence[str], http: "Http") -> Mapping[str, Verdict]:
        """Ask for at most `batch` values, each a URL or, if `send` is host, a host name.

        A value that is left out counts as unsupported. Raises ServiceError if nothing can be made of the
        answer; PassingError has it tried again, RefusedError ends asking for this run.
        """
