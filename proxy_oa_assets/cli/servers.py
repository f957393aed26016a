"""How the web UI's servers end: by a signal, and wholly."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

# Seconds for Dagster's code server to end after the process that started it.
_PATIENCE = 30.0


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Have SIGINT and SIGTERM end the block and its children, also if the parent process ignored them.

    A shell starts background jobs with SIGINT ignored, and Dagster handles SIGTERM as it does SIGINT.
    """
    ending = [signal.SIGINT, signal.SIGTERM]
    # A closed terminal ends the servers, too; `nohup` has SIGHUP ignored.
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        ending.append(signal.SIGHUP)

    def end(_number: int, _frame: FrameType | None) -> None:
        # Another signal would interrupt Dagster while it ends its servers.
        for number in ending:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in ending:
        signal.signal(number, end)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ending)
    try:
        yield
    finally:
        _await_children()


def _await_children() -> None:
    end = time.monotonic() + _PATIENCE
    with suppress(ChildProcessError):  # none is left
        while time.monotonic() < end:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.1)
