"""The time that look-ups take: a machine's, or one that a test turns."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass


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
