"""Lookups with one service: cached verdicts, privacy, requests, failures."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from proxy_oa_assets.enrichment.reputation.cache import VerdictCache
from proxy_oa_assets.enrichment.reputation.config import ReputationConfig
from proxy_oa_assets.enrichment.reputation.http import HttpClient
from proxy_oa_assets.enrichment.reputation.limits import Clock, RequestLimiter
from proxy_oa_assets.enrichment.reputation.service import LocalService, RemoteService, Send
from proxy_oa_assets.enrichment.reputation.service_errors import (
    QuotaExceededError,
    RefusedError,
    ServiceError,
    TransientError,
    result_or_error,
)
from proxy_oa_assets.enrichment.reputation.verdict import LookupStats, Status, Verdict
from proxy_oa_assets.model.errors import ReputationCacheError
from proxy_oa_assets.model.network import retrying
from proxy_oa_assets.model.text_file import IgnoredLines

# The value of `proxy-oa doctor`'s probes: RFC 2606 reserves this name.
PROBED = "example.com"
# Requests end after this many failures in a row: a service that is down would cost a timeout each.
_MAX_FAILURES_IN_A_ROW = 5
# Higher where a service rejects single values: anyone can write odd ones into a log, to silence the service.
_MAX_REJECTIONS_IN_A_ROW = 50
_LONGEST_BACKOFF_SECONDS = 30.0
_SECONDS_BETWEEN_REPORTS = 60.0


@dataclass(frozen=True)
class LookupContext:
    """What the lookups of a run share; `state` is the folder of the cache and the limits."""

    config: ReputationConfig
    state: Path
    clock: Clock
    report: Callable[[str], None] = lambda _: None


def look_up_locally(service: LocalService, values: Sequence[str]) -> tuple[dict[str, Verdict], LookupStats]:
    """Return a local service's verdict for each distinct value, and the stats."""

    def look_up() -> tuple[dict[str, Verdict], list[str], IgnoredLines]:
        found, unsupported = service.look_up(values), service.unverified(Status.UNSUPPORTED)
        verdicts = {value: found.get(value) or unsupported for value in values}
        return verdicts, list(service.problems()), service.ignored()

    found = result_or_error(look_up)
    if isinstance(found, ServiceError):
        failed = dict.fromkeys(values, service.unverified(Status.FAILED))
        found = failed, [str(found)], IgnoredLines()
    verdicts, errors, ignored = found
    statuses = Counter(verdict.status for verdict in verdicts.values())
    return verdicts, LookupStats(
        len(values), statuses=statuses, errors=errors, down=bool(errors), ignored=ignored
    )


def probe(service: LocalService | RemoteService, context: LookupContext) -> str:
    """Look up one harmless value within the limits, past the cache; describe the result in one line.

    Raises ServiceError, or ReputationConfigError for a local service's files.
    """
    if isinstance(service, LocalService):
        return service.describe()
    value = context.config.privacy.outgoing(PROBED, service.send)
    if value is None:
        return "is sent nothing (`send`)" if service.send is Send.NONE else f"isn't asked for {PROBED}"
    limits = RequestLimiter(service, context.state, context.clock)
    with closing(limits), closing(HttpClient(service.timeout, service.ca_cert)) as http:
        limits.acquire()
        verdict = service.look_up([value], http).get(value)
    return f"says {verdict.label if verdict else 'nothing'} of {value}"


class RemoteLookup:
    """The lookups of one remote service in one run."""

    def __init__(self, service: RemoteService, context: LookupContext) -> None:
        self._service, self._context = service, context
        self._lock = threading.Lock()
        self._verdicts: dict[str, Verdict] = {}
        self._ended: RefusedError | None = None
        self._failures_in_a_row = 0
        # Each once, in the order of their first occurrence.
        self._errors: dict[str, None] = {}

    def run(self, values: Sequence[str]) -> tuple[dict[str, Verdict], LookupStats]:
        """Return the service's verdict for each distinct value, requested in this order, and the stats."""
        service, now = self._service, self._context.clock.now()
        outgoing = {value: self._context.config.privacy.outgoing(value, service.send) for value in values}
        texts = list(dict.fromkeys(text for text in outgoing.values() if text is not None))
        # A connection per service: SQLite serves several connections better than threads on one.
        path = self._context.state / "verdicts.sqlite"
        cached: Mapping[str, Verdict] = {}
        try:
            with VerdictCache(path, service, self._context.config.cache) as cache:
                cache.remove_expired(now)
                cached = cache.find(texts, now)
                self._request_all([text for text in texts if text not in cached], cache)
        except ReputationCacheError as error:
            # Without it, each run would pay for the same verdicts.
            self._end(RefusedError(str(error)))
        unrequested = service.unverified(self._ended.status if self._ended else Status.FAILED)
        not_sent, found = service.unverified(Status.NOT_SENT), {**self._verdicts, **cached}
        verdicts = {
            value: not_sent if text is None else found.get(text, unrequested)
            for value, text in outgoing.items()
        }
        return verdicts, LookupStats(
            requested=sum(text in self._verdicts for text in outgoing.values()),
            cached=sum(text in cached for text in outgoing.values()),
            statuses=Counter(verdict.status for verdict in verdicts.values()),
            errors=list(self._errors),
            down=self._ended is not None and not isinstance(self._ended, QuotaExceededError),
        )

    def _request_all(self, texts: Sequence[str], cache: VerdictCache) -> None:
        """Request texts in their order, a few batches at a time, until all are done or the lookup ends."""
        if not texts:
            return
        service, clock = self._service, self._context.clock
        free, reported = threading.Semaphore(service.threads), clock.elapsed()
        with ExitStack() as stack:
            http = stack.enter_context(closing(HttpClient(service.timeout, service.ca_cert)))
            try:
                limiter = stack.enter_context(closing(RequestLimiter(service, self._context.state, clock)))
            except RefusedError as error:
                self._end(error)
                return
            pool = stack.enter_context(ThreadPoolExecutor(service.threads))
            for start in range(0, len(texts), service.batch):
                free.acquire()
                # Acquired here, in the texts' order, so that a budget goes to the first of them.
                if not self._may_request(limiter):
                    break
                batch = texts[start : start + service.batch]
                requested = pool.submit(self._request, batch, http, limiter, cache)
                requested.add_done_callback(lambda _: free.release())
                if clock.elapsed() - reported >= _SECONDS_BETWEEN_REPORTS:
                    reported = clock.elapsed()
                    self._context.report(f"{service.name}: {start + len(batch)} of {len(texts)} asked")

    def _may_request(self, limiter: RequestLimiter) -> bool:
        if self._ended is None:
            try:
                limiter.acquire()
            except RefusedError as error:
                self._end(error)
        return self._ended is None

    def _request(
        self, batch: Sequence[str], http: HttpClient, limiter: RequestLimiter, cache: VerdictCache
    ) -> None:
        """Request a batch, with retries, and note its verdicts or its failure."""
        acquired = iter([True])

        def attempt() -> Mapping[str, Verdict]:
            # `_request_all` has acquired the first attempt.
            if not next(acquired, False):
                limiter.acquire()
            found = result_or_error(lambda: self._service.look_up(batch, http))
            if isinstance(found, TransientError) and (wait := found.retry_after) and not limiter.pause(wait):
                raise RefusedError(
                    f"{found} and wants a pause of {wait:.0f} s, longer than this run may take "
                    f"(`patience_minutes`)",
                    found.status,
                )
            if isinstance(found, ServiceError):
                raise found
            return found

        retry = retrying(
            self._service.attempts,
            lambda error: isinstance(error, TransientError) and self._ended is None,
            _LONGEST_BACKOFF_SECONDS,
            # A requested pause is the limiter's, which has the other requests wait as well.
            requested_pause=lambda error: None if getattr(error, "retry_after", None) is None else 0,
            sleep=self._sleep,
        )
        failure = result_or_error(lambda: self._succeeded(batch, retry(attempt), cache))
        if failure is not None:
            self._failed(batch, failure)

    def _sleep(self, seconds: float) -> None:
        if seconds:
            self._context.clock.wait(seconds)

    def _succeeded(self, batch: Sequence[str], found: Mapping[str, Verdict], cache: VerdictCache) -> None:
        unsupported = self._service.unverified(Status.UNSUPPORTED)
        verdicts = {text: found.get(text) or unsupported for text in batch}
        try:
            cache.store(verdicts, self._context.clock.now())
        except ReputationCacheError as error:
            # These verdicts count, but what isn't cached would be paid for again.
            self._end(RefusedError(str(error)))
        with self._lock:
            self._verdicts |= verdicts
            self._failures_in_a_row = 0
        if any(verdict.status in (Status.FAILED, Status.OVER_QUOTA) for verdict in verdicts.values()):
            self._errors["it gave no answer for some values of a request"] = None

    def _failed(self, batch: Sequence[str], error: ServiceError) -> None:
        limit = _MAX_FAILURES_IN_A_ROW if isinstance(error, TransientError) else _MAX_REJECTIONS_IN_A_ROW
        with self._lock:
            self._verdicts |= dict.fromkeys(batch, self._service.unverified(error.status))
            self._failures_in_a_row += 1
            self._errors[str(error)] = None
            if isinstance(error, RefusedError):
                self._end(error)
            elif self._failures_in_a_row >= limit and self._ended is None:
                ended = f"nothing more was asked after {self._failures_in_a_row} failures in a row"
                self._end(RefusedError(ended, error.status))

    def _end(self, error: RefusedError) -> None:
        self._errors[str(error)] = None
        self._ended = self._ended or error
