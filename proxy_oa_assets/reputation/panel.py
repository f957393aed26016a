"""The configured services together: what each says of a day's values, asked side by side."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TypeVar

from proxy_oa_assets.network.untold import untold
from proxy_oa_assets.reputation.asking import ASKING, is_of_asking
from proxy_oa_assets.reputation.clock import Clock, machine_clock
from proxy_oa_assets.reputation.config import Configured
from proxy_oa_assets.reputation.service import LocalService, RemoteService, ReputationService, Send
from proxy_oa_assets.reputation.tally import Tally
from proxy_oa_assets.reputation.trouble import ServiceError, outcome
from proxy_oa_assets.reputation.verdict import Status, Verdict, encode

# What `proxy-oa doctor` asks for: a name that RFC 2606 keeps free of anybody's use.
HARMLESS = "example.com"
_WAKE_SECONDS = 0.2

T = TypeVar("T")


@dataclass(frozen=True)
class Reputation:
    """The answers: each service's verdict for each value, in the services' order, and their tallies."""

    verdicts: Mapping[str, Sequence[Verdict]]
    tallies: Mapping[str, Tally]

    @cached_property
    def uri_rep(self) -> dict[str, str]:
        """What the tables keep, by value."""
        return {value: encode(given) for value, given in self.verdicts.items()}


class Panel:
    """The services of a reputation file; `state` is the folder of the verdict cache and of the limits."""

    def __init__(self, configured: Configured, state: Path) -> None:
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

    def trials(self) -> dict[str, Callable[[], str]]:
        """Return what `proxy-oa doctor` tries of each service."""
        return {service.name: partial(self._try, service) for service in self._configured.services}

    def _ask(
        self, service: ReputationService, values: Sequence[str], clock: Clock, report: Callable[[str], None]
    ) -> tuple[dict[str, Verdict], Tally]:
        if isinstance(service, LocalService):
            return _judged(service, values)
        if not isinstance(service, RemoteService):  # pragma: no cover - kinds.py lets nothing else in
            raise TypeError(service)
        from proxy_oa_assets.reputation import remote

        return remote.look_up(
            service, values, configured=self._configured, state=self._state, clock=clock, report=report
        )

    def _try(self, service: ReputationService) -> str:
        stop = threading.Event()
        # In a thread of that name, so that nothing of the request is logged.
        with untold(is_of_asking), ThreadPoolExecutor(1, thread_name_prefix=ASKING) as pool:
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
        from proxy_oa_assets.reputation import remote

        answer = remote.ask_once(service, value, self._state, clock)
        return f"says {answer.label if answer else 'nothing'} of {value}"


def _ended(asking: Future[T]) -> Future[T]:
    """Wait until it has ended, and be open to Ctrl-C.

    The system may give that signal to any thread. If it isn't this one, which Python has to act on it, then
    this one learns of it when it next wakes.
    """
    while wait([asking], _WAKE_SECONDS).not_done:
        pass
    return asking


def _judged(service: LocalService, values: Sequence[str]) -> tuple[dict[str, Verdict], Tally]:
    def judged() -> dict[str, Verdict]:
        answers, unsupported = service.judge(values), service.unverified(Status.UNSUPPORTED)
        return {value: answers.get(value) or unsupported for value in values}

    verdicts, troubles = outcome(judged), list[str]()
    if isinstance(verdicts, ServiceError):
        troubles.append(str(verdicts))
        verdicts = dict.fromkeys(values, service.unverified(Status.FAILED))
    statuses = Counter(verdict.status for verdict in verdicts.values())
    return verdicts, Tally(len(values), statuses=statuses, troubles=troubles, down=bool(troubles))
