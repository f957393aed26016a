"""A Java server process of the tests, with its folder and log."""

import os
import random
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

_DEADLINE_SECONDS = 240
_BELOW_THE_EPHEMERAL = (15_000, 32_000)


class Servers(ABC):
    """Servers that run while a block lasts."""

    @abstractmethod
    def start(self) -> None:
        """Start them; return when they respond."""

    @abstractmethod
    def stop(self) -> None:
        """Stop them, including those of an incomplete start."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class JavaServer:
    """A server process and its log."""

    def __init__(self, name: str, folder: Path, command: Sequence[str | Path], environ: Mapping[str, str]):
        folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.folder = folder
        self.log = folder / f"{name}.log"
        self._command = [*_killed_with_the_tests(), *map(str, command)]
        self._environ = {**os.environ, **environ}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process; its output is appended to its log."""
        with self.log.open("ab") as log:
            # A new session, so that a Ctrl-C at the tests doesn't reach it.
            self._process = subprocess.Popen(
                self._command,
                cwd=self.folder,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def run(self) -> None:
        """Run a program to its end; fail with the end of its log if it fails."""
        self.start()
        if self._process.wait(_DEADLINE_SECONDS):
            raise RuntimeError(f"{self.name} failed; the end of {self.log}:\n{self.tail()}")

    @property
    def running(self) -> bool:
        """Return whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def wait_for_port(self, port: int, host: str = "127.0.0.1") -> None:
        """Wait until something listens."""
        self.wait_until(lambda: listens(port, host), f"port {port}")

    def wait_until(self, holds, what: str) -> None:
        """Wait for a condition; fail with the end of the log if the server ends, or after the deadline."""
        deadline = time.monotonic() + _DEADLINE_SECONDS
        while not holds():
            if not self.running or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} gave no {what}; the end of {self.log}:\n{self.tail()}")
            time.sleep(0.1)

    def tail(self, lines: int = 30) -> str:
        """Return the end of the log."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Suspend the process while the block lasts; its connections stay open."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """Kill the process."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """Terminate the process; kill it if it doesn't end."""
        self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(number)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _killed_with_the_tests() -> list[str]:
    """Return the command prefix by which Linux kills the server if the tests are killed."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL"] if setpriv else []


def listens(port: int, host: str = "127.0.0.1") -> bool:
    """Return whether something accepts connections."""
    with socket.socket() as attempt:
        attempt.settimeout(1)
        return attempt.connect_ex((host, port)) == 0


def free_port() -> int:
    """Return a port without a listener, below the range of outgoing connections."""
    while True:
        port = random.randrange(*_BELOW_THE_EPHEMERAL)
        with socket.socket() as attempt, suppress(OSError):
            attempt.bind(("127.0.0.1", port))
            return port
