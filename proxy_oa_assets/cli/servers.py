"""How servers start and end: what they need is there, and a signal ends them wholly."""

import importlib.util
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import click

from proxy_oa_assets.model.errors import SettingsError

# Seconds for Dagster's code server to end after the process that started it.
_PATIENCE = 30.0
_HUNTING = ("voila", "anywidget", "ipykernel", "ipywidgets")


def check_port(port: int) -> None:
    """Raise click.BadParameter if a port of 127.0.0.1 is in use."""
    with socket.socket() as probe:
        # As servers do: a port that was in use until a moment ago is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise click.BadParameter(f"port {port}: {error.strerror}", param_hint="--port") from error


def require_hunting() -> None:
    """Raise SettingsError unless the packages of the extra `hunt` are installed."""
    missing = [name for name in _HUNTING if importlib.util.find_spec(name) is None]
    if missing:
        raise SettingsError(
            f"proxy-oa hunt needs packages that aren't installed ({', '.join(missing)}); run "
            f"pip install 'proxy-oa-assets[hunt]'"
        )


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
        # The code server lives as long as its runs: another signal ends the waiting for it.
        for number in ending:
            signal.signal(number, signal.SIG_DFL)
        _await_children()


def _await_children() -> None:
    end = time.monotonic() + _PATIENCE
    with suppress(ChildProcessError):  # none is left
        while time.monotonic() < end:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.1)
