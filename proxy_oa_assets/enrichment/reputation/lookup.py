"""Asking one remote service for a day's values: what is known already, what may be sent, what it answers."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from proxy_oa_assets.enrichment.reputation.cache import VerdictCache
from proxy_oa_assets.enrichment.reputation.http import Http
from proxy_oa_assets.enrichment.reputation.limits import Clock, Limits
from proxy_oa_assets.enrichment.reputation.privacy import Privacy
from proxy_oa_assets.enrichment.reputation.service import RemoteService
from proxy_oa_assets.enrichment.reputation.service_errors import (
    PassingError,
    QuotaSpentError,
    RefusedError,
    ServiceError,
    outcome,
)
from proxy_oa_assets.enrichment.reputation.stats import LookupStats
from proxy_oa_assets.enrichment.reputation.verdict import Status, Verdict
from proxy_oa_assets.model.errors import ReputationCacheError
from proxy_oa_assets.model.network import retrying

# After so many failures in a row nothing more is asked: a service that is down would cost a time-out each.
_FAILURES_IN_A_ROW = 5
# The same for what a service makes of a value: anybody can write odd ones into a log, to have it left alone.
_ODD_VALUES_IN_A_ROW = 50
_LONGEST_PAUSE_SECONDS = 30.0
_SECONDS_BETWEEN_REPORTS = 60.0


@dataclass(frozen=True)
class Desk:
    """What the look-ups of a run share; `state` is the folder where limits are counted."""

    privacy: Privacy
    cache: VerdictCache
    state: Path
    clock: Clock
    report: Callable[[str], None]


def http_for(service: RemoteService) -> Http:
    """Return what a service is asked through."""
    return Http(timeout=service.timeout, ca_cert=str(service.ca_cert) if service.ca_cert else None)


def limits_for(service: RemoteService, state: Path, clock: Clock) -> Limits:
    """Return a service's limits, for a run that begins now."""
    return Limits(
        state,
        service.account,
        per_minute=service.per_minute,
        per_day=service.per_day,
        until=clock.now() + service.patience_minutes * 60,
        clock=clock,
    )


class Enquiry:
    """Look-ups of one service in one run."""

    def __init__(self, service: RemoteService, desk: Desk) -> None:
        self._service, self._desk = service, desk
        self._lock = threading.Lock()
        self._answers: dict[str, Verdict] = {}
        self._ended: RefusedError | None = None
        self._failures_in_a_row = 0
        self._left_alone = False
        # In the order of their first time, each once.
        self._troubles: dict[str, None] = {}

    def look_up(self, values: Sequence[str]) -> tuple[dict[str, Verdict], LookupStats]:
        """Return the service's verdict for each distinct value, asking for the first ones first."""
        service, desk = self._service, self._desk
        outgoing = {value: desk.privacy.outgoing(value, service.send) for value in values}
        texts = list(dict.fromkeys(text for text in outgoing.values() if text is not None))
        known = desk.cache.find(service.name, texts, desk.clock.now())
        self._ask_all([text for text in texts if text not in known])
        verdicts = {value: self._verdict(text, known) for value, text in outgoing.items()}
        tally = LookupStats(
            asked=sum(text in self._answers for text in outgoing.values()),
            cached=sum(text in known for text in outgoing.values()),
            statuses=Counter(verdict.status for verdict in verdicts.values()),
            troubles=list(self._troubles),
            down=self._ended is not None and not isinstance(self._ended, QuotaSpentError),
        )
        return verdicts, tally

    def _verdict(self, text: str | None, known: Mapping[str, Verdict]) -> Verdict:
        if text is None:
            return self._service.unverified(Status.NOT_SENT)
        left = self._ended.status if self._ended else Status.FAILED
        return known.get(text) or self._answers.get(text) or self._service.unverified(left)

    def _ask_all(self, texts: Sequence[str]) -> None:
        """Ask for texts in their order, a few requests at a time, until all are asked or asking ends."""
        if not texts:
            return
        service, desk = self._service, self._desk
        try:
            counted = limits_for(service, desk.state, desk.clock)
        except RefusedError as error:
            self._end(error)
            return
        free = threading.Semaphore(service.threads)
        reported = desk.clock.now()
        with (
            closing(http_for(service)) as http,
            closing(counted) as limits,
            ThreadPoolExecutor(service.threads) as pool,
        ):
            for start in range(0, len(texts), service.batch):
                free.acquire()
                # Leave is taken here, in the texts' order, so that a budget goes to the first of them.
                if not self._may_ask(limits):
                    break
                batch = texts[start : start + service.batch]
                pool.submit(self._ask, batch, http, limits).add_done_callback(lambda _: free.release())
                if desk.clock.now() - reported >= _SECONDS_BETWEEN_REPORTS:
                    reported = desk.clock.now()
                    desk.report(f"{service.name}: {start + len(batch)} of {len(texts)} asked")

    def _may_ask(self, limits: Limits) -> bool:
        if self._ended is None:
            try:
                limits.take()
            except RefusedError as error:
                self._end(error)
        return self._ended is None

    def _ask(self, batch: Sequence[str], http: Http, limits: Limits) -> None:
        """Ask for a batch and note what came of it."""
        first = iter([True])

        def attempt() -> Mapping[str, Verdict]:
            # The first has its leave already.
            if not next(first, False):
                limits.take()
            return self._service.ask(batch, http)

        passing = retrying(
            self._service.attempts,
            lambda error: isinstance(error, PassingError) and self._ended is None,
            _LONGEST_PAUSE_SECONDS,
            requested_pause=lambda error: getattr(error, "retry_after", None),
            sleep=self._wait,
        )
        failed = outcome(lambda: self._answered(batch, passing(attempt)))
        if failed is not None:
            self._failed(batch, failed)

    def _wait(self, seconds: float) -> None:
        self._desk.clock.wait(seconds)

    def _answered(self, batch: Sequence[str], answers: Mapping[str, Verdict]) -> None:
        unsupported = self._service.unverified(Status.UNSUPPORTED)
        verdicts = {text: answers.get(text) or unsupported for text in batch}
        try:
            self._desk.cache.keep(verdicts, self._desk.clock.now())
        except ReputationCacheError as error:
            # What was answered counts; what isn't kept would be paid for again.
            self._end(RefusedError(str(error)))
        with self._lock:
            self._answers |= verdicts
            self._failures_in_a_row = 0
        if any(verdict.status in (Status.FAILED, Status.OVER_QUOTA) for verdict in verdicts.values()):
            self._troubles["it gave no answer for some values of a request"] = None

    def _failed(self, batch: Sequence[str], error: ServiceError) -> None:
        most = _FAILURES_IN_A_ROW if isinstance(error, PassingError) else _ODD_VALUES_IN_A_ROW
        with self._lock:
            self._answers |= dict.fromkeys(batch, self._service.unverified(error.status))
            self._failures_in_a_row += 1
            in_a_row = self._failures_in_a_row
            # Once: what was on its way then fails, too.
            leaves_alone = in_a_row >= most and not self._left_alone
            self._left_alone |= leaves_alone
        self._troubles[str(error)] = None
        if isinstance(error, RefusedError):
            self._end(error)
        elif leaves_alone:
            self._end(
                RefusedError(f"nothing more was asked after {in_a_row} failures in a row", error.status)
            )

    def _end(self, error: RefusedError) -> None:
        self._troubles[str(error)] = None
        self._ended = self._ended or error
