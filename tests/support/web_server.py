"""A third-party web server, started for tests."""

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path


def free_port() -> int:
    """Return a port of this machine that is free."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def responds(url: str) -> bool:
    """Return whether a server answers."""
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False


@contextmanager
def started(
    command: Callable[[int], list[str | Path]],
    folder: Path,
    environment: Mapping[str, str],
    probe: str,
    stop: signal.Signals = signal.SIGKILL,
) -> Iterator[str]:
    """Start a server in a folder on a free port, give its address once it answers, end it with the block.

    `command` makes the command of a port. `probe` is a path that is answered. What the server starts itself
    is in its process group, and ends with it.
    """
    port = free_port()
    address, log = f"http://127.0.0.1:{port}", folder / "server.log"
    folder.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as file:
        server = subprocess.Popen(
            command(port),
            cwd=folder,
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _await(f"{address}{probe}", server, log)
        yield address
    finally:
        # A server that has ended by itself fails the test where it is waited for.
        with suppress(ProcessLookupError):
            os.killpg(server.pid, stop)
        server.wait(timeout=60)


def _await(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(240):
        assert server.poll() is None, f"the server has ended; its log is {log}"
        if responds(url):
            return
        time.sleep(0.5)
    raise AssertionError(f"{url} does not answer; the server's log is {log}")
