"""Lookups with all configured services, side by side."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from typing import TypeVar

from proxy_oa_assets.enrichment.reputation.config import ReputationConfig
from proxy_oa_assets.enrichment.reputation.limits import Clock, machine_clock
from proxy_oa_assets.enrichment.reputation.lookup import LookupContext, RemoteLookup, look_up_locally, probe
from proxy_oa_assets.enrichment.reputation.service import LocalService, RemoteService
from proxy_oa_assets.enrichment.reputation.service_errors import ServiceError, result_or_error
from proxy_oa_assets.enrichment.reputation.verdict import LookupResult, LookupStats, Verdict

_WAKE_SECONDS = 0.2

T = TypeVar("T")


class ReputationClient:
    """The services of a reputation file; `state` is the folder of the verdict cache and the limits."""

    def __init__(self, config: ReputationConfig, state: Path) -> None:
        self._config, self._state = config, state

    def look_up(
        self,
        values: Sequence[str],
        *,
        report: Callable[[str], None] = lambda _: None,
        clock: Clock | None = None,
    ) -> LookupResult:
        """Look up each distinct value with each service, in the values' order: most suspicious first.

        A service's failure gives its unverified label; it raises nothing.
        """
        distinct, services = list(dict.fromkeys(values)), self._config.services

        def look_up(
            service: LocalService | RemoteService, clock: Clock
        ) -> tuple[dict[str, Verdict], LookupStats]:
            if isinstance(service, LocalService):
                return look_up_locally(service, distinct)
            context = LookupContext(self._config, self._state, clock, report)
            return RemoteLookup(service, context).run(distinct)

        found = _side_by_side([partial(look_up, service) for service in services], clock)
        return LookupResult(
            {value: [verdicts[value] for verdicts, _ in found] for value in distinct},
            {service.name: stats for service, (_, stats) in zip(services, found, strict=True)},
        )

    def probes(self) -> dict[str, Callable[[], str]]:
        """Return the probe of each service for `proxy-oa doctor`."""
        return {service.name: partial(self._probe, service) for service in self._config.services}

    def _probe(self, service: LocalService | RemoteService) -> str:
        def call(clock: Clock) -> str | ServiceError:
            context = LookupContext(self._config, self._state, clock)
            return result_or_error(lambda: probe(service, context))

        (found,) = _side_by_side([call])
        if isinstance(found, ServiceError):
            raise found
        return found


def _side_by_side(calls: Sequence[Callable[[Clock], T]], clock: Clock | None = None) -> list[T]:
    """Return the results of calls that run concurrently.

    An interruption waits for the requests under way and stops all others.
    """
    stop = threading.Event()
    clock = clock or machine_clock(stop)
    with ThreadPoolExecutor(max(len(calls), 1)) as pool:
        futures = [pool.submit(call, clock) for call in calls]
        try:
            return [_result(future) for future in futures]
        finally:
            stop.set()


def _result(future: Future[T]) -> T:
    """Wait for the future, waking every 0.2 s so that KeyboardInterrupt is delivered.

    The system can send the signal to any thread, but Python handles it in this one.
    """
    while wait([future], _WAKE_SECONDS).not_done:
        pass
    return future.result()
