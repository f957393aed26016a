"""A lock on a local file, which the operating system releases when its holder ends.

The kernel serves waiting processes in turn. A process that polled could lose to another one each time.
"""

import errno
import fcntl
import getpass
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from proxy_oa_assets.model.errors import LockedError, StorageError
from proxy_oa_assets.model.files import refuse_link
from proxy_oa_assets.model.text import printable
from proxy_oa_assets.model.text_file import parse_nested

# Called with a sentence that names the lock and its holder.
OnWait = Callable[[str], None]
# Seconds of waiting for a lock before `on_wait` is called.
QUIET_SECONDS = 2.0
# Seconds for which one holder may keep others waiting.
PATIENCE_SECONDS = 60.0
# How often a waiting process looks who holds the lock, and is open to KeyboardInterrupt.
_LOOK_SECONDS = 0.2
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)
_SHOWN = 80


@dataclass(frozen=True)
class Holder:
    """Who holds a lock, what for, and since when (UTC)."""

    user: str
    host: str
    pid: int
    doing: str
    since: str

    @classmethod
    def now(cls, doing: str) -> Self:
        """Return this process as a holder from now on."""
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
        return cls(user_name(), socket.gethostname(), os.getpid(), doing, since)

    def __str__(self) -> str:
        """Say who holds the lock: locks are files that other users can write."""
        user, host, doing, since = (
            printable(text, _SHOWN) for text in (self.user, self.host, self.doing, self.since)
        )
        return f"{user}'s process {self.pid} on {host}, {doing}, since {since} UTC"


def user_name() -> str:
    """Return the name of the process's user, or the number of one that the system doesn't know."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def log_wait(sentence: str) -> None:
    """Log what this process waits for; in a notebook or a terminal, Python shows the line."""
    logging.getLogger(__name__).warning("Waiting: %s", sentence)


def still_locked(what: str, holder: object, patience: float) -> LockedError:
    """Return the error after a holder kept a lock for longer than the patience."""
    return LockedError(
        f"{what} has been locked for {patience:g} s by {holder}. Try again once that has ended; if it hangs, "
        f"end that process"
    )


@contextmanager
def file_lock(
    path: Path,
    doing: str,
    *,
    patience: float = PATIENCE_SECONDS,
    on_wait: OnWait = log_wait,
    named_after_errors: bool = False,
) -> Iterator[None]:
    """Hold the lock on a file, which is made; threads of a process exclude each other, too.

    With `named_after_errors`, an error leaves the holder's name in the file, as its process's death does.

    Raises LockedError, naming the holder, once the same holder has kept it for `patience` seconds: a queue
    that moves can take longer. `on_wait` is called once, after two seconds. Raises StorageError where the
    file system has no locks.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = _opened(path)
    with _naming_the_folder(path):
        if not _taken(descriptor):
            _wait(descriptor, path, patience, on_wait)
    is_named = named_after_errors
    try:
        _write(descriptor, json.dumps(asdict(Holder.now(doing))).encode())
        yield
        is_named = False
    finally:
        if not is_named:
            _write(descriptor, b"")
        os.close(descriptor)


def holder_of(path: Path) -> Holder | None:
    """Return who holds a lock, or held it when its process died; None without such a file or name."""
    try:
        with path.open("rb") as file:
            return _holder(file.fileno())
    except FileNotFoundError:
        return None


@contextmanager
def dead_holder(path: Path) -> Iterator[Holder | None]:
    """Yield who held a lock when its process died, or an error left its name; else None.

    Other processes are kept from the lock.
    """
    with ExitStack() as stack:
        try:
            descriptor = stack.enter_context(path.open("r+b")).fileno()
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (FileNotFoundError, BlockingIOError):
            holder = None
        else:
            holder = _holder(descriptor)
        yield holder


def _opened(path: Path) -> int:
    refuse_link(path)
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    except PermissionError:
        # Another user's lock file: it can be locked, and the holder's name can't be written.
        with suppress(FileNotFoundError):
            return os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        raise


def _taken(descriptor: int) -> bool:
    """Take the lock if it is free."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except BaseException:
        os.close(descriptor)
        raise
    return True


def _wait(descriptor: int, path: Path, patience: float, on_wait: OnWait) -> None:
    """Wait for the lock; the descriptor is closed if it isn't given."""
    granted = _queued(descriptor)
    try:
        _watch(granted, descriptor, path, patience, on_wait)
    except BaseException:
        if not granted.cancel():
            os.close(descriptor)
        raise


def _watch(granted: Future[None], descriptor: int, path: Path, patience: float, on_wait: OnWait) -> None:
    """Wait until the lock is granted, for as long as its holders change in time."""
    holder, began, is_quiet = _holder(descriptor), time.monotonic(), True
    held_since = began
    while not _is_done(granted, min(_LOOK_SECONDS, patience)):
        now, current = time.monotonic(), _holder(descriptor)
        if current != holder:
            holder, held_since = current, now
        if is_quiet and now - began >= QUIET_SECONDS:
            on_wait(f"{path} is locked by {holder or 'another process'}")
            is_quiet = False
        if now - held_since >= patience:
            raise still_locked(str(path), holder or "another process", patience)


def _queued(descriptor: int) -> Future[None]:
    """Wait for the lock in a thread: no signal ends flock, and a dead mount can hold it for ever.

    If the future is cancelled, the thread closes the descriptor once it has the lock.
    """
    granted = Future[None]()

    def wait() -> None:
        refused = None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError as error:
            refused = error
        if not granted.set_running_or_notify_cancel():
            os.close(descriptor)
        elif refused:
            granted.set_exception(refused)
        else:
            granted.set_result(None)

    threading.Thread(target=wait, name="waiting for a lock", daemon=True).start()
    return granted


def _is_done(granted: Future[None], seconds: float) -> bool:
    try:
        granted.result(seconds)
    except NotYet:
        return False
    return True


def _holder(descriptor: int) -> Holder | None:
    """Return the holder, or None if it hasn't written its name."""
    with suppress(ValueError, TypeError):
        return Holder(**parse_nested(json.loads, os.pread(descriptor, 4096, 0)))
    return None


def _write(descriptor: int, content: bytes) -> None:
    # A full disk, or another user's file, costs the holder's name in a message and not the lock.
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, content, 0)


@contextmanager
def _naming_the_folder(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise StorageError(
            f"{path.parent}: its file system has no file locks ({error.strerror}), which keep two writers "
            f"apart. Mount it with locks (NFS: without `nolock`, with lockd running), or put the home "
            f"(PROXY_OA_HOME) on a file system that has them"
        ) from error
