"""The configured services together: what each says of a day's values, asked side by side."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TypeVar

from proxy_oa_assets.enrichment.reputation.cache import VerdictCache
from proxy_oa_assets.enrichment.reputation.config import ReputationConfig
from proxy_oa_assets.enrichment.reputation.limits import Clock, machine_clock
from proxy_oa_assets.enrichment.reputation.lookup import (
    Desk,
    Enquiry,
    http_for,
    limits_for,
)
from proxy_oa_assets.enrichment.reputation.service import LocalService, RemoteService, ReputationService, Send
from proxy_oa_assets.enrichment.reputation.service_errors import ServiceError, outcome
from proxy_oa_assets.enrichment.reputation.stats import LookupStats
from proxy_oa_assets.enrichment.reputation.verdict import Status, Verdict, encode


def look_up_remotely(
    service: RemoteService,
    values: Sequence[str],
    *,
    configured: ReputationConfig,
    state: Path,
    clock: Clock,
    report: Callable[[str], None],
) -> tuple[dict[str, Verdict], LookupStats]:
    """Return a service's verdict for each distinct value, and how they came about."""
    # Opened by each service: SQLite keeps several connections apart better than threads on one.
    with VerdictCache(state / "verdicts.sqlite", configured.keeping) as cache:
        cache.forget_expired(clock.now())
        return Enquiry(service, Desk(configured.privacy, cache, state, clock, report)).look_up(values)


def ask_once(service: RemoteService, value: str, state: Path, clock: Clock) -> Verdict | None:
    """Ask a service for one value, within its limits, whatever is known. Raises ServiceError."""
    with closing(http_for(service)) as http, closing(limits_for(service, state, clock)) as limits:
        limits.take()
        return service.ask([value], http).get(value)


# What `proxy-oa doctor` asks for: a name that RFC 2606 keeps free of anybody's use.
HARMLESS = "example.com"
_WAKE_SECONDS = 0.2

T = TypeVar("T")


@dataclass(frozen=True)
class Reputation:
    """The answers: each service's verdict for each value, in the services' order, and their tallies."""

    verdicts: Mapping[str, Sequence[Verdict]]
    tallies: Mapping[str, LookupStats]

    @cached_property
    def uri_rep(self) -> dict[str, str]:
        """What the tables keep, by value."""
        return {value: encode(given) for value, given in self.verdicts.items()}


class ReputationClient:
    """The services of a reputation file; `state` is the folder of the verdict cache and of the limits."""

    def __init__(self, configured: ReputationConfig, state: Path) -> None:
        self._configured, self._state = configured, state

    def look_up(
        self,
        values: Sequence[str],
        *,
        report: Callable[[str], None] = lambda _: None,
        clock: Clock | None = None,
    ) -> Reputation:
        """Ask each service for each distinct value; give the most suspicious values first.

        What a service couldn't answer is its unverified label; asking never raises for a service's sake.
        """
        distinct = list(dict.fromkeys(values))
        services = self._configured.services
        stop = threading.Event()
        clock = clock or machine_clock(stop)
        with ThreadPoolExecutor(max(len(services), 1)) as pool:
            asking = [pool.submit(self._ask, service, distinct, clock, report) for service in services]
            try:
                answers = [_ended(each).result() for each in asking]
            finally:
                # An interrupted run waits for the answers that are on their way, and asks no more.
                stop.set()
        return Reputation(
            {value: [verdicts[value] for verdicts, _ in answers] for value in distinct},
            {service.name: tally for service, (_, tally) in zip(services, answers, strict=True)},
        )

    def probes(self) -> dict[str, Callable[[], str]]:
        """Return what `proxy-oa doctor` tries of each service."""
        return {service.name: partial(self._try, service) for service in self._configured.services}

    def _ask(
        self, service: ReputationService, values: Sequence[str], clock: Clock, report: Callable[[str], None]
    ) -> tuple[dict[str, Verdict], LookupStats]:
        if isinstance(service, LocalService):
            return _judged(service, values)
        if not isinstance(service, RemoteService):  # pragma: no cover - kinds.py lets nothing else in
            raise TypeError(service)
        return look_up_remotely(
            service, values, configured=self._configured, state=self._state, clock=clock, report=report
        )

    def _try(self, service: ReputationService) -> str:
        stop = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            trial = pool.submit(outcome, partial(self._trial, service, machine_clock(stop)))
            try:
                said = _ended(trial).result()
            finally:
                stop.set()
        if isinstance(said, ServiceError):
            raise said
        return said

    def _trial(self, service: ReputationService, clock: Clock) -> str:
        if isinstance(service, LocalService):
            return service.describe()
        if not isinstance(service, RemoteService):  # pragma: no cover - kinds.py lets nothing else in
            raise TypeError(service)
        value = self._configured.privacy.outgoing(HARMLESS, service.send)
        if value is None:
            return "is sent nothing (`send`)" if service.send is Send.NONE else f"isn't asked for {HARMLESS}"
        answer = ask_once(service, value, self._state, clock)
        return f"says {answer.label if answer else 'nothing'} of {value}"


def _ended(asking: Future[T]) -> Future[T]:
    """Wait until it has ended, and be open to Ctrl-C.

    The system may give that signal to any thread. If it isn't this one, which Python has to act on it, then
    this one learns of it when it next wakes.
    """
    while wait([asking], _WAKE_SECONDS).not_done:
        pass
    return asking


def _judged(service: LocalService, values: Sequence[str]) -> tuple[dict[str, Verdict], LookupStats]:
    def judged() -> dict[str, Verdict]:
        answers, unsupported = service.judge(values), service.unverified(Status.UNSUPPORTED)
        return {value: answers.get(value) or unsupported for value in values}

    verdicts, troubles = outcome(judged), list[str]()
    if isinstance(verdicts, ServiceError):
        troubles.append(str(verdicts))
        verdicts = dict.fromkeys(values, service.unverified(Status.FAILED))
    statuses = Counter(verdict.status for verdict in verdicts.values())
    return verdicts, LookupStats(len(values), statuses=statuses, troubles=troubles, down=bool(troubles))
