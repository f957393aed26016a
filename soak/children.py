"""Work in forked children, which end, or are killed at a moment.

The process that forks has loaded what children need, and started no thread and no DuckDB, which fork badly.
"""

import importlib
import os
import pickle
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeVar, cast

T = TypeVar("T")

_POLL_SECONDS = 0.001
_CHANGING = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.truncate")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_REQUESTS = (b"PUT ", b"POST ", b"DELETE ")


@dataclass(frozen=True)
class Moment:
    """When a child is killed: after so many seconds of work, or before its n-th call that changes a file."""

    seconds: float = 0
    call: int = 0
    clock: Literal["processor", "wall"] = "processor"


@dataclass(frozen=True)
class Ended:
    """How a child ended: its exit status (negative: a signal), result, seconds of work and changing calls.

    `reached` says whether it worked until its moment, if that is one in seconds.
    """

    status: int
    seconds: float
    wall: float
    result: Any = None
    calls: int = 0
    error: str = ""
    reached: bool = False

    @property
    def killed(self) -> bool:
        """Return whether it was killed."""
        return self.status == -signal.SIGKILL


def run(
    work: Callable[[], object],
    *,
    environ: Mapping[str, str],
    log: Path,
    moment: Moment | None = None,
    home: Path | None = None,
    instead: Callable[[], object] | None = None,
) -> Ended:
    """Do work in a child; `moment` is when to kill it, or to do something `instead`.

    Calls are counted that change files below `home`.
    """
    reading, writing = os.pipe()
    began = time.monotonic()
    child = os.fork()
    if not child:
        os.close(reading)
        try:
            _prepare(environ, log)
            _work(work, writing, home, moment.call if moment else 0)
        finally:
            os._exit(1)  # nothing of the parent's, such as its folder's removal, is for the child
    os.close(writing)
    content, reached = _until_the_end(child, reading, moment if moment and moment.seconds else None, instead)
    _, status, used = os.wait4(child, 0)
    wall, seconds = time.monotonic() - began, used.ru_utime + used.ru_stime
    if status or not content:
        return Ended(os.waitstatus_to_exitcode(status), seconds, wall, reached=reached)
    result, calls, error = pickle.loads(content)
    return Ended(int(bool(error)), seconds, wall, result, calls, error, reached)


def result_of(work: Callable[[], T], *, environ: Mapping[str, str], log: Path) -> T:
    """Return what undisturbed work in a child returns. Raises RuntimeError if it fails."""
    ended = run(work, environ=environ, log=log)
    if ended.status:
        raise RuntimeError(ended.error or f"a child ended with {ended.status}; its output is in {log}")
    return cast("T", ended.result)


def preload(work: Callable[[], object], *, environ: Mapping[str, str], log: Path) -> None:
    """Do work in a child, and load here what it has loaded, so that kills meet work and not imports."""

    def loaded() -> list[str]:
        work()
        # Modules that a child's work has under other names can't be imported by them.
        return [name for name, module in sys.modules.items() if getattr(module, "__name__", "") == name]

    for name in result_of(loaded, environ=environ, log=log):
        if name != "__main__" and name not in sys.modules:
            with suppress(ImportError):  # one that its package makes
                importlib.import_module(name)


def _prepare(environ: Mapping[str, str], log: Path) -> None:
    os.environ.update(environ)
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)


def _work(work: Callable[[], object], writing: int, home: Path | None, call: int) -> NoReturn:
    """Do the work and write its result; the child ends here."""
    error, result = "", None
    counted = [0]
    try:
        if home:
            _count_calls(str(home), call, counted)
        result = work()
    except BaseException:  # noqa: BLE001 - the parent reports it
        error = traceback.format_exc()
    calls = counted[0]
    with os.fdopen(writing, "wb") as pipe:
        pickle.dump((result, calls, error), pipe)
    os._exit(0)


def _count_calls(home: str, kill_before: int, counted: list[int]) -> None:
    """Count calls that change a file of a home, or ask a file store to; kill before one of them."""

    def count() -> None:
        counted[0] += 1
        if counted[0] == kill_before:
            os.kill(os.getpid(), signal.SIGKILL)

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event in _CHANGING or (event == "open" and isinstance(args[2], int) and args[2] & _WRITING):
            path = os.fsdecode(args[0]) if isinstance(args[0], str | bytes) else ""
            # What a reader links for a while isn't what is changed.
            if path.startswith(home) and not path.startswith(f"{home}/tmp/"):
                count()
        elif event == "http.client.send" and isinstance(args[1], bytes) and args[1].startswith(_REQUESTS):
            count()

    fsync = os.fsync

    def counted_fsync(descriptor: int) -> None:
        count()
        fsync(descriptor)

    os.fsync = counted_fsync  # type: ignore[assignment] # no event is audited of it; descriptors are numbers here
    sys.addaudithook(hook)


def _until_the_end(
    child: int, reading: int, moment: Moment | None, instead: Callable[[], object] | None
) -> tuple[bytes, bool]:
    """Read what a child writes until it ends; kill it at its moment. Return whether that came, too."""
    content, reached, began = b"", False, time.monotonic()
    while True:
        ready, _, _ = select.select([reading], [], [], _POLL_SECONDS if moment else None)
        if ready:
            piece = os.read(reading, 1 << 16)
            if not piece:
                os.close(reading)
                return content, reached
            content += piece
        elif moment and _used(child, moment, began) >= moment.seconds:
            instead() if instead else os.kill(child, signal.SIGKILL)
            moment, reached = None, True


def _used(child: int, moment: Moment, began: float) -> float:
    if moment.clock == "wall":
        return time.monotonic() - began
    # Linux: the clock of another process's processor time, as clock_getcpuclockid(3) makes it.
    return time.clock_gettime((~child << 3) | 2)
