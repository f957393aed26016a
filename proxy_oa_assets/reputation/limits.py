"""How often a service may be asked: a rate and a daily budget, shared by all processes of this machine.

They are counted in files, so that a restart doesn't make them anew.
"""

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from pyrate_limiter import Duration, Rate, RateItem, SQLiteBucket
from pyrate_limiter.abstracts.algorithm import FixedWindow, LogAlgorithm, SlidingWindowLog

from proxy_oa_assets.reputation.trouble import QuotaSpentError

_TOO_LATE = "the time that this run may take is used up (`patience_minutes`)"


@dataclass(frozen=True)
class Clock:
    """The time, in Unix seconds, and how to wait for some of them; waiting returns True if it is to end."""

    now: Callable[[], float]
    wait: Callable[[float], bool]


def machine_clock(stop: threading.Event) -> Clock:
    """Return the machine's own clock, whose waiting ends when the event is set."""
    return Clock(time.time, stop.wait)


class Limits:
    """A service's rate and budget.

    A rate counts any 60 seconds. A budget counts requests from 00:00 UTC on, as services do that have one.
    Nobody waits for leave beyond `until`, in Unix time.
    """

    def __init__(
        self,
        folder: Path,
        account: str,
        *,
        per_minute: int | None,
        per_day: int | None,
        until: float,
        clock: Clock,
    ) -> None:
        self._clock, self._until = clock, until
        # A thread's file lock doesn't hold back another thread of its process.
        self._of_this_process = threading.Lock()
        # An account may have any name; a file may not.
        name = hashlib.sha256(account.encode()).hexdigest()[:16]
        self._budget = _bucket(folder / f"budget-{name}.sqlite", per_day, Duration.DAY, FixedWindow())
        self._rate = _bucket(folder / f"rate-{name}.sqlite", per_minute, Duration.MINUTE, SlidingWindowLog())

    def take(self) -> None:
        """Wait for leave to ask once.

        Raises QuotaSpentError if the day's budget is used up, or leave would come too late.
        """
        if self._clock.now() > self._until:
            raise QuotaSpentError(_TOO_LATE)
        if self._budget and self._wait(self._budget) > 0:
            raise QuotaSpentError("the day's budget is used up")
        if self._rate:
            while (seconds := self._wait(self._rate)) > 0:
                if self._clock.now() + seconds > self._until or self._clock.wait(seconds):
                    raise QuotaSpentError(_TOO_LATE)

    def close(self) -> None:
        """Give the files back."""
        for bucket in (self._budget, self._rate):
            if bucket:
                bucket.close()  # type: ignore[no-untyped-call]

    def _wait(self, bucket: SQLiteBucket) -> float:
        """Take one, or return after how many seconds there is one."""
        item = RateItem("request", int(self._clock.now() * 1000))
        # The bucket's own lock, a file's, is held from the refusal to the question how long it lasts.
        with self._of_this_process, bucket.lock:
            bucket.leak(item.timestamp)
            if bucket.put(item):
                return 0
            milliseconds = bucket.waiting(item)
        if not isinstance(milliseconds, int):  # pragma: no cover - only buckets of asyncio give anything else
            raise TypeError(milliseconds)
        return max(milliseconds, 1) / 1000


def _bucket(
    path: Path, limit: int | None, interval: Duration, algorithm: LogAlgorithm
) -> SQLiteBucket | None:
    if limit is None:
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    bucket = SQLiteBucket.init_from_file(
        [Rate(limit, interval)], db_path=str(path), use_file_lock=True, algorithm=algorithm
    )
    # Our threads take turns; the library's lock is held by the thread that has the turn, whichever it is.
    bucket.lock = FileLock(f"{path}.lock", thread_local=False)  # type: ignore[assignment]
    return bucket
