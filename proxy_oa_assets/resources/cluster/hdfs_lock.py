"""A lock in HDFS: a folder with one empty file, whose name says who holds it.

The file is called `free`, or after its holder. HDFS renames a file in one step, and only one that is there:
of all who rename `free`, or a dead holder's file, to a name of their own, exactly one succeeds, and nobody
takes what another has just taken. A holder touches its file now and then; one that hasn't changed for a
while, by the stopwatch of whoever waits, is a dead holder's. No two clocks are compared.
"""

import os
import re
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from proxy_oa_assets.model.errors import LockedError, LockLostError, StorageError
from proxy_oa_assets.resources.hdfs import QUIET_SECONDS, FileStatus, OnWait, StillHeld

_FREE = "free"
_POLL_SECONDS = 0.1
# What a holder has touched at most half the expiry ago, nobody takes over while a request is on its way.
_SAFE_SHARE = 1 / 2
_TOUCHES_PER_EXPIRY = 5


class LeaseFiles(Protocol):
    """What a lease asks of HDFS."""

    def list_folder(self, path: str) -> list[FileStatus]:
        """Return a folder's entries; none if there is no such folder."""

    def write(self, path: str, chunks: list[bytes]) -> None:
        """Write a file; missing folders are made."""

    def delete_folder(self, path: str) -> bool:
        """Remove a folder with all that is in it; return whether there was one."""

    def move(self, source: str, target: str) -> bool:
        """Rename where the source is there and no file has the target's name; return whether it was done."""

    def touch(self, path: str, modified: int) -> bool:
        """Set a modification time, in milliseconds; return whether there is something at the path."""

    def location(self, path: str) -> str:
        """Return the path as a person would look for it."""


class Lease:
    """The lock of a folder, for one holding.

    After `expiry` seconds without a sign of life a holder counts as dead. Waiting ends after `patience`
    seconds.
    """

    def __init__(
        self,
        files: LeaseFiles,
        folder: str,
        expiry: float,
        patience: float,
        on_wait: OnWait | None = None,
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
        """Hold the lock for as long as the block lasts.

        Raises LockedError if somebody else holds it for too long, and LockLostError at the end of the block
        if it was lost meanwhile.
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
        # An answer that was lost looks like a file that is gone; but nobody takes what isn't stale.
        if not freed and self._is_stale():
            raise self._lost()

    def confirm(self) -> None:
        """Raise LockLostError unless the lock is ours, and stays so for a while."""
        with self._touching:
            asked_at = time.monotonic()
            # A holder that was away for long doesn't touch: it might do so while another takes over.
            if self._is_stale() or not self._files.touch(self._own, self._next_stamp()) or self._is_stale():
                raise self._lost()
            self._touched_at = asked_at

    def _is_stale(self) -> bool:
        return time.monotonic() - self._touched_at > self._expiry * _SAFE_SHARE

    def _next_stamp(self) -> int:
        """Return a time that differs from the one before, whatever the clock does."""
        self._stamp = max(self._stamp + 1, time.time_ns() // 1_000_000)
        return self._stamp

    def _lost(self) -> LockLostError:
        return LockLostError(
            f"{self._files.location(self._folder)}: the lock was lost, because nothing was heard from this "
            f"process for {self._expiry * _SAFE_SHARE:g} s or more; look at what is there now, and try again"
        )

    def _touch_on(self) -> None:
        """Show signs of life until the lock is released or lost."""
        while not self._released.wait(self._expiry / _TOUCHES_PER_EXPIRY):
            try:
                self.confirm()
            except LockLostError:
                return
            except StorageError:
                # HDFS doesn't answer now. If that lasts, the lock is lost, and whoever confirms it is told.
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
                on_wait(f"{self._files.location(found.path)}, whose name tells the process, is locked")
                on_wait = None
            if waited > self._patience:
                raise LockedError(
                    f"{self._files.location(found.path)} has been locked for {self._patience:g} s by the "
                    f"process that its name tells; try again once that has ended"
                )
            time.sleep(_POLL_SECONDS)

    def _entry(self) -> FileStatus | None:
        files = [entry for entry in self._files.list_folder(self._folder) if not entry.is_folder]
        return files[0] if files else None

    def _take(self, found: FileStatus) -> bool:
        self._touched_at = time.monotonic()
        # A request whose answer was lost is sent again, and then finds that it is done.
        return self._files.move(found.path, self._own) or self._files.touch(self._own, self._next_stamp())

    def _make(self) -> FileStatus:
        """Put a folder with a free lock in place, as a whole, and return the file that is the lock."""
        draft = f"{self._folder}.{uuid.uuid4().hex}"
        self._files.write(f"{draft}/{_FREE}", [])
        self._files.move(draft, self._folder)
        # Where another process was faster, HDFS has moved the one folder into the other.
        self._files.delete_folder(f"{self._folder}/{draft.rpartition('/')[2]}")
        found = self._entry()
        if found is None:
            raise StorageError(
                f"{self._files.location(self._folder)} has lost the file that is the lock; remove the folder"
            )
        return found


def _holder() -> str:
    """Return a name for this holding, which no other has, with the machine and the process in it."""
    machine = re.sub(r"[^0-9A-Za-z.-]", "_", socket.gethostname())
    return f"{machine}-pid-{os.getpid()}-{uuid.uuid4().hex[:12]}"
