"""Operations in forked children, whose system calls below a folder fail as a case says."""

import ctypes
import errno
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from pathlib import Path
from typing import IO

_SOURCE = Path(__file__).with_name("system_calls.c")
_PRELOAD = "LD_PRELOAD"
# Of an operation that takes a few seconds; the machine can be busy.
_HUNG_SECONDS = 900
HUNG, UNEXPECTED = 71, 70


class Kind(IntFlag):
    """What a system call does: read, change something, make something larger."""

    READS = 1
    CHANGES = 2
    GROWS = 4


class How(IntEnum):
    """How the chosen call fails: not at all, with an error, by writing half, or with all later ones."""

    COUNTED = 0
    ONCE = 1
    SHORT = 2
    FROM_THEN_ON = 3


@dataclass(frozen=True)
class Fault:
    """The call that fails, from 1, among those of a kind, and its error's number."""

    how: How
    number: int = 0
    error: int = errno.EIO
    kinds: Kind = Kind.CHANGES

    def __str__(self) -> str:
        """Name the error."""
        return "half of the bytes" if self.how is How.SHORT else errno.errorcode[self.error]


@dataclass(frozen=True)
class Call:
    """A system call on a path below the folder."""

    number: int
    name: str
    path: Path


@dataclass(frozen=True)
class Attempt:
    """An operation's exit code, what it printed, and the calls that were counted, or failed."""

    status: int
    printed: str
    calls: list[Call]


def preloaded() -> ctypes.CDLL:
    """Return the library that injects faults; without it in this process, start the process again with it."""
    if _PRELOAD not in os.environ:
        library = Path(tempfile.mkdtemp(prefix="proxy-oa-faults-")) / "faults.so"
        compiler = shutil.which("cc") or sys.exit("a C compiler (`cc`) is needed: install gcc")
        subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", library, _SOURCE, "-ldl"], check=True)
        os.execve(sys.executable, sys.orig_argv, {**os.environ, _PRELOAD: str(library)})
    return ctypes.CDLL(os.environ[_PRELOAD])


def attempt(
    library: ctypes.CDLL, folder: Path, act: Callable[[], int], fault: Fault | None = None
) -> Attempt:
    """Do something in a child, with a fault in its calls below a folder."""
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as report:
        child = os.fork()
        if child == 0:
            os.dup2(printed.fileno(), 1)
            os.dup2(printed.fileno(), 2)
            if fault:
                below, number = os.fsencode(folder), ctypes.c_long(fault.number)
                library.faults_arm(below, fault.kinds, fault.how, number, fault.error, report.fileno())
            os._exit(_status(act))
        status = _ended(child)
        return Attempt(status, _content(printed).decode(errors="replace"), _calls(_content(report)))


def _status(act: Callable[[], int]) -> int:
    try:
        status = act()
    except BaseException:  # noqa: BLE001 - a forked child must not go on with its parent's work
        traceback.print_exc()
        status = UNEXPECTED
    sys.stdout.flush()
    sys.stderr.flush()
    return status


def _ended(child: int) -> int:
    began = time.monotonic()
    while True:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() - began > _HUNG_SECONDS:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return HUNG
        time.sleep(0.005)


def _content(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def _calls(report: bytes) -> list[Call]:
    lines = [line.split("\t") for line in report.decode(errors="replace").splitlines()]
    return [Call(int(number), name, Path(path)) for number, name, path in lines]
