"""The units of deploy/systemd, started as written, on free ports and in a test's home."""

import configparser
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[2]
SYSTEMD = PROJECT / "deploy" / "systemd"
OPERATING = (PROJECT / "docs" / "operating.md").read_text(encoding="utf-8")
VENV, HOME = "/opt/proxy-oa/venv", "/var/lib/proxy-oa"


class _Unit(configparser.ConfigParser):
    """A unit file, whose names are case-sensitive."""

    def optionxform(self, optionstr: str) -> str:
        """Keep the case of a name."""
        return optionstr


def unit(name: str) -> configparser.ConfigParser:
    """Return the sections of a unit; no line occurs twice in one of them."""
    parser = _Unit(interpolation=None, delimiters=("=",))
    parser.read(SYSTEMD / f"{name}.service", encoding="utf-8")
    return parser


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@dataclass(frozen=True)
class Site:
    """A home as the document sets it up, with the environment of the example file."""

    home: Path
    environment: dict[str, str]

    @contextmanager
    def started(self, name: str, *more: str, port: int = 0) -> Iterator[subprocess.Popen[bytes]]:
        """Run a unit's ExecStart with this interpreter's environment, this home, and the given port."""
        service = unit(name)["Service"]
        command = [
            str(port) if word == "3000" else word
            for word in shlex.split(service["ExecStart"].replace(VENV, sys.prefix))
        ]
        with (self.home.parent / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [*command, *more],
                cwd=self.home,
                env=self.environment,
                umask=int(service["UMask"], 8),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            # Its code servers are in its process group.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def awaited(process: subprocess.Popen[bytes], what: str, ready: Callable[[], bool]) -> None:
    """Wait until a process is ready, for as long as it runs; at most two minutes."""
    for _ in range(240):
        assert process.poll() is None, f"{process.args!r} has ended"
        if ready():
            return
        time.sleep(0.5)
    raise AssertionError(f"no {what} after two minutes")


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/server_info", timeout=5):
            return True
    except OSError:
        return False
