"""How often a service may be asked: a rate and a daily budget, shared by all processes of this machine.

They are counted in files, so that a restart doesn't make them anew.
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

from proxy_oa_assets.enrichment.reputation.service_errors import QuotaSpentError, RefusedError


@dataclass(frozen=True)
class Clock:
    """The time, in Unix seconds, and how to wait for some of them; waiting returns True if it is to end."""

    now: Callable[[], float]
    wait: Callable[[float], bool]
    # Whether all is to end: nothing more is asked.
    ended: Callable[[], bool] = lambda: False


def machine_clock(stop: threading.Event) -> Clock:
    """Return the machine's own clock, whose waiting ends when the event is set."""
    return Clock(time.time, stop.wait, stop.is_set)


_TOO_LATE = "the time that this run may take is used up (`patience_minutes`)"


class Limits:
    """A service's rate and budget.

    A rate counts any 60 seconds. A budget counts requests from 00:00 UTC on, as services do that have one.
    Nobody waits for leave beyond `until`, in Unix time. Raises RefusedError if they can't be counted.
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
        # An account may have any name; a file may not.
        name = hashlib.sha256(account.encode()).hexdigest()[:16]
        self._rate = self._budget = None
        if per_minute is not None:
            path = folder / f"rate-{name}.sqlite"
            self._rate = _Count(path, Rate(per_minute, Duration.MINUTE), SlidingWindowLog())
        if per_day is not None:
            path = folder / f"budget-{name}.sqlite"
            self._budget = _Count(path, Rate(per_day, Duration.DAY), FixedWindow())

    def take(self) -> None:
        """Wait for leave to ask once.

        Raises QuotaSpentError if the day's budget is used up, leave would come too late, or the run ends.
        """
        if self._clock.now() > self._until or self._clock.ended():
            raise QuotaSpentError(_TOO_LATE)
        # The budget last: whoever gives up waiting hasn't asked, and the rate is back in a minute.
        if self._rate:
            while (seconds := self._rate.take(self._clock.now())) > 0:
                if self._clock.now() + seconds > self._until or self._clock.wait(seconds):
                    raise QuotaSpentError(_TOO_LATE)
        if self._budget and self._budget.take(self._clock.now()) > 0:
            raise QuotaSpentError("the day's budget is used up")

    def close(self) -> None:
        """Give the files back."""
        for count in (self._budget, self._rate):
            if count:
                count.close()


class _Count:
    """How often was asked lately, counted in a file."""

    def __init__(self, path: Path, rate: Rate, algorithm: LogAlgorithm) -> None:
        self._path = path
        # The library's lock is for processes that have one thread; those of ours take turns at its file.
        self._of_this_process = threading.Lock()
        with self._named():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._bucket = SQLiteBucket.init_from_file(
                [rate], db_path=str(path), use_file_lock=True, algorithm=algorithm
            )
        self.close: Callable[[], object] = self._bucket.close

    def take(self, now: float) -> float:
        """Take one, or return after how many seconds there is one."""
        item = RateItem("request", int(now * 1000))
        # The bucket's own lock, a file's, is held from the refusal to the question how long it lasts.
        with self._named(), self._of_this_process, self._bucket.lock:
            self._bucket.leak(item.timestamp)
            if self._bucket.put(item):
                return 0
            milliseconds = self._bucket.waiting(item)
        if not isinstance(milliseconds, int):  # pragma: no cover - only buckets of asyncio give anything else
            raise TypeError(milliseconds)
        return max(milliseconds, 1) / 1000

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise RefusedError(
                f"its limits can't be counted in {self._path}: {error}; if it is damaged, remove it"
            ) from error
