"""A lock in HDFS: a folder with one empty file, named `free` or after its holder.

HDFS renames atomically: of all processes that rename `free`, or a dead holder's file, to their own name,
exactly one succeeds. A holder touches its file regularly; a file that a waiting process, by its own monotonic
clock, hasn't seen change for the expiry is a dead holder's. No two machines' clocks are compared.
"""

import os
import re
import socket
import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

from proxy_oa_assets.model.errors import LockedError, LockLostError, StorageError
from proxy_oa_assets.resources.hdfs import QUIET_SECONDS, FileStatus, FileStore, OnWait, StillHeld

_FREE = "free"
_POLL_SECONDS = 0.1
# A lock touched at most half the expiry ago can't be taken over while a request is in flight.
_SAFE_SHARE = 1 / 2
_TOUCHES_PER_EXPIRY = 5


class RenamingStore(FileStore, ABC):
    """A file store with HDFS' atomic rename."""

    @abstractmethod
    def move(self, source: str, target: str) -> bool:
        """Rename unless the source is missing or a file has the target's name; return whether it was done."""

    @abstractmethod
    def touch(self, path: str, modified: int) -> bool:
        """Set a modification time, in milliseconds; return whether the path exists."""


class Lease:
    """One acquisition of a folder's lock.

    A holder without a heartbeat for `expiry` seconds counts as dead. Waiting ends after `patience` seconds.
    """

    def __init__(
        self, files: RenamingStore, folder: str, *, expiry: float, patience: float, on_wait: OnWait | None
    ) -> None:
        self._files = files
        self._folder = folder
        self._expiry = expiry
        self._patience = patience
        self._on_wait = on_wait
        self._own = f"{folder}/{_holder()}"
        self._touched_at = 0.0
        self._stamp = 0
        self._touching = threading.Lock()
        self._released = threading.Event()

    @contextmanager
    def held(self) -> Iterator[StillHeld]:
        """Hold the lock while the block lasts.

        Raises LockedError after `patience` seconds, and LockLostError at the end of the block if the lock was
        lost.
        """
        self._acquire()
        toucher = threading.Thread(target=self._touch_on, name=f"lease of {self._folder}", daemon=True)
        toucher.start()
        try:
            yield self.confirm
        finally:
            self._released.set()
            toucher.join()
            freed = self._files.move(self._own, f"{self._folder}/{_FREE}")
        # After a lost response the rename looks failed, but a lock that isn't stale hasn't been taken over.
        if not freed and self._is_stale():
            raise self._lost()

    def confirm(self) -> None:
        """Raise LockLostError unless the lock is ours, and stays ours for half the expiry."""
        with self._touching:
            asked_at = time.monotonic()
            # A stale holder doesn't touch: another process may be taking over.
            if self._is_stale() or not self._files.touch(self._own, self._next_stamp()) or self._is_stale():
                raise self._lost()
            self._touched_at = asked_at

    def _is_stale(self) -> bool:
        return time.monotonic() - self._touched_at > self._expiry * _SAFE_SHARE

    def _next_stamp(self) -> int:
        """Return a time later than the previous one, even if the clock was set back."""
        self._stamp = max(self._stamp + 1, time.time_ns() // 1_000_000)
        return self._stamp

    def _lost(self) -> LockLostError:
        return LockLostError(
            f"{self._files.location(self._folder)}: the lock was lost, because this process sent no "
            f"heartbeat for {self._expiry * _SAFE_SHARE:g} s or more; check the current state, and try again"
        )

    def _touch_on(self) -> None:
        """Send heartbeats until the lock is released or lost."""
        while not self._released.wait(self._expiry / _TOUCHES_PER_EXPIRY):
            try:
                self.confirm()
            except LockLostError:
                return
            except StorageError:
                # HDFS doesn't answer now. If that lasts, the lock is lost, and `confirm` raises.
                continue

    def _acquire(self) -> None:
        started = time.monotonic()
        seen, seen_at, on_wait = None, 0.0, self._on_wait
        while True:
            found = self._entry() or self._make()
            if (found.name, found.modified) != seen:
                seen, seen_at = (found.name, found.modified), time.monotonic()
            is_dead = time.monotonic() - seen_at >= self._expiry
            if (found.name == _FREE or is_dead) and self._take(found):
                return
            waited = time.monotonic() - started
            if on_wait and waited >= QUIET_SECONDS:
                on_wait(f"{self._files.location(found.path)}, which is named after the holder, is locked")
                on_wait = None
            if waited > self._patience:
                raise LockedError(
                    f"{self._files.location(found.path)} has been locked for {self._patience:g} s by the "
                    f"process in its name; try again after that has ended"
                )
            time.sleep(_POLL_SECONDS)

    def _entry(self) -> FileStatus | None:
        files = [entry for entry in self._files.list_folder(self._folder) if not entry.is_folder]
        return files[0] if files else None

    def _take(self, found: FileStatus) -> bool:
        self._touched_at = time.monotonic()
        # After a lost response the rename is sent again, and fails because it is done.
        return self._files.move(found.path, self._own) or self._files.touch(self._own, self._next_stamp())

    def _make(self) -> FileStatus:
        """Create the folder with a free lock, atomically, and return its file."""
        draft = f"{self._folder}.{uuid.uuid4().hex}"
        self._files.write(f"{draft}/{_FREE}", [])
        self._files.move(draft, self._folder)
        # If another process was faster, HDFS has moved this folder into the other.
        self._files.delete_folder(f"{self._folder}/{draft.rpartition('/')[2]}")
        found = self._entry()
        if found is None:
            raise StorageError(
                f"{self._files.location(self._folder)} has lost its lock file; remove the folder"
            )
        return found


def _holder() -> str:
    """Return a unique name with the machine and the process."""
    machine = re.sub(r"[^0-9A-Za-z.-]", "_", socket.gethostname())
    return f"{machine}-pid-{os.getpid()}-{uuid.uuid4().hex[:12]}"
