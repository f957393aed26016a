"""Limits on requests to a service: a rate and a daily budget, shared by all processes of this machine.

They are counted in files, so that they survive a restart.
"""

import hashlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pyrate_limiter import Duration, Rate, RateItem, SQLiteBucket
from pyrate_limiter.abstracts.algorithm import FixedWindow, LogAlgorithm, SlidingWindowLog

from proxy_oa_assets.enrichment.reputation.service import RemoteService
from proxy_oa_assets.enrichment.reputation.service_errors import QuotaExceededError, RefusedError
from proxy_oa_assets.model.errors import StorageError
from proxy_oa_assets.model.file_lock import file_lock
from proxy_oa_assets.model.files import refuse_link

# More than clocks are corrected by.
_CLOCK_ERROR_MILLISECONDS = 3_600_000
_OUT_OF_TIME = "the time for this run's lookups is used up (`patience_minutes`)"


@dataclass(frozen=True)
class Clock:
    """The time in Unix seconds, and how to wait: `wait` and `stopped` return True once the run stops.

    `elapsed` is a monotonic clock in seconds: it goes on when the time is set back or forward.
    """

    now: Callable[[], float]
    wait: Callable[[float], bool]
    stopped: Callable[[], bool] = lambda: False
    elapsed: Callable[[], float] = time.monotonic


def machine_clock(stop: threading.Event) -> Clock:
    """Return this machine's clock; setting the event ends its waits."""
    return Clock(time.time, stop.wait, stop.is_set)


class RequestLimiter:
    """The limits of a service in a run that starts now: rate, budget, patience, requested pauses.

    The rate counts any 60 seconds, the budget requests from 00:00 UTC, as services do that have one. Raises
    RefusedError if they can't be counted.
    """

    def __init__(self, service: RemoteService, folder: Path, clock: Clock) -> None:
        self._clock, self._deadline = clock, clock.elapsed() + service.patience_minutes * 60
        self._resumes = clock.elapsed()
        # Hashed: an account's name can have characters that a file's can't.
        account = hashlib.sha256(service.account.encode()).hexdigest()[:16]
        self._rate = self._budget = None
        if service.per_minute is not None:
            path = folder / f"rate-{account}.sqlite"
            self._rate = _Bucket(path, Rate(service.per_minute, Duration.MINUTE), SlidingWindowLog())
        if service.per_day is not None:
            path = folder / f"budget-{account}.sqlite"
            self._budget = _Bucket(path, Rate(service.per_day, Duration.DAY), FixedWindow())

    def acquire(self) -> None:
        """Wait until a request is allowed, and count it.

        Raises QuotaExceededError if the day's budget is used up, the run stops, or its patience would end
        first.
        """
        if self._clock.stopped() or self._clock.elapsed() > self._deadline:
            raise QuotaExceededError(_OUT_OF_TIME)
        while (seconds := self._resumes - self._clock.elapsed()) > 0:
            self._wait(seconds)
        # The budget last: a request that the rate doesn't allow isn't sent, so it mustn't cost any budget.
        while self._rate and (seconds := self._rate.acquire(self._clock.now())) > 0:
            self._wait(seconds)
        if self._budget and self._budget.acquire(self._clock.now()) > 0:
            raise QuotaExceededError("the day's budget is used up")

    def pause(self, seconds: float) -> bool:
        """Allow no request for so many seconds; return False, at once, if the run's patience ends first."""
        resumes = self._clock.elapsed() + seconds
        if resumes > self._deadline:
            return False
        self._resumes = max(self._resumes, resumes)
        return True

    def close(self) -> None:
        """Close the files."""
        for bucket in filter(None, (self._budget, self._rate)):
            bucket.close()

    def _wait(self, seconds: float) -> None:
        if self._clock.elapsed() + seconds > self._deadline or self._clock.wait(seconds):
            raise QuotaExceededError(_OUT_OF_TIME)


class _Bucket:
    """Recent requests, counted in a file."""

    def __init__(self, path: Path, rate: Rate, algorithm: LogAlgorithm) -> None:
        self._path = path
        with self._turn():
            path.parent.mkdir(parents=True, exist_ok=True)
            refuse_link(path)
            self._bucket = SQLiteBucket.init_from_file(
                [rate], db_path=str(path), use_file_lock=True, algorithm=algorithm
            )
        self.close: Callable[[], object] = self._bucket.close

    def acquire(self, now: float) -> float:
        """Count a request and return 0, or return the seconds until one is allowed."""
        item = RateItem("request", int(now * 1000))
        # Held from the refusal until the wait is known.
        with self._turn(), self._bucket.lock:
            self._forget_the_future(item.timestamp)
            self._bucket.leak(item.timestamp)
            if self._bucket.put(item):
                return 0
            milliseconds = self._bucket.waiting(item)
        if not isinstance(milliseconds, int):  # pragma: no cover - only asyncio's buckets return an awaitable
            raise TypeError(milliseconds)
        return max(milliseconds, 1) / 1000

    def _forget_the_future(self, now: int) -> None:
        """Start counting again where the newest request was counted under a clock far ahead.

        It would block the service until that time comes.
        """
        newest = self._bucket.peek(0)
        if isinstance(newest, RateItem) and newest.timestamp > now + _CLOCK_ERROR_MILLISECONDS:
            self._bucket.flush()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Hold the file among threads and processes: pyrate_limiter's own lock has no limit."""
        try:
            with file_lock(self._path.with_suffix(".turn"), "counting requests"):
                yield
        except StorageError as error:
            raise RefusedError(f"its limits can't be counted: {error}") from error
        except (OSError, sqlite3.Error) as error:
            raise RefusedError(
                f"its limits can't be counted in {self._path}: {error}; check its permissions and the space "
                f"there, or remove it if it is damaged"
            ) from error
