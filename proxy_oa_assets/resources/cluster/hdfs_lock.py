"""A lock in HDFS: a folder with one empty file, named `free` or after its holder.

HDFS renames atomically: of all processes that rename `free`, or a dead holder's file, to their own name,
exactly one succeeds. A holder touches its file regularly; a file that a waiting process, by its own monotonic
clock, hasn't seen change for the expiry is a dead holder's. No two machines' clocks are compared.

A waiting process puts a numbered ticket beside that file, touches it as well, and takes the lock when no
ticket of a living process is before its own. The queue gives turns; only the rename gives the lock.
"""

import re
import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from proxy_oa_assets.model.errors import LockLostError, StorageError
from proxy_oa_assets.model.file_lock import QUIET_SECONDS, Holder, OnWait, still_locked
from proxy_oa_assets.model.files import temporary_name
from proxy_oa_assets.resources.hdfs import FileStatus, FileStore, StillHeld

_FREE = "free"
_TICKET = re.compile(r"waiting-(\d+)-.*", re.ASCII)
_HOLDER = re.compile(
    r"(?P<host>.+)-pid-(?P<pid>\d+)-by-(?P<user>.+)-for-(?P<doing>.+)-since-(?P<since>\d{8}T\d{6}Z)-\w{12}",
    re.ASCII,
)
# Between looks at the lock, for each place in the queue: the NameNode serves the cluster, too.
_POLL_SECONDS, _LONGEST_POLL_SECONDS = 0.05, 1.0
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

    A holder without a heartbeat for `expiry` seconds counts as dead. Waiting ends once one holder has kept
    the lock for `patience` seconds. `doing` is what the lock is for.
    """

    def __init__(
        self,
        files: RenamingStore,
        folder: str,
        doing: str,
        *,
        expiry: float,
        patience: float,
        on_wait: OnWait,
    ) -> None:
        self._files = files
        self._folder = folder
        self._doing = doing
        self._expiry = expiry
        self._patience = patience
        self._on_wait = on_wait
        self._own = ""
        self._touched_at = 0.0
        self._stamp = 0
        self._touching = threading.Lock()
        self._released = threading.Event()

    @contextmanager
    def held(self) -> Iterator[StillHeld]:
        """Hold the lock while the block lasts.

        Raises LockedError once another holder has kept it for `patience` seconds, and LockLostError at the
        end of the block if the lock was lost.
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
        queue = _Queue(self._files, self._folder, self._expiry)
        began = held_since = time.monotonic()
        holder, is_quiet, where = None, True, self._files.location(self._folder)
        try:
            while True:
                lock, place = self._look(queue)
                if place == 0 and (lock.name == _FREE or queue.is_dead(lock)) and self._take(lock):
                    return
                now = time.monotonic()
                if lock.name != holder:
                    holder, held_since = lock.name, now
                if is_quiet and now - began >= QUIET_SECONDS:
                    self._on_wait(f"{where} is locked by {_described(lock.name)}")
                    is_quiet = False
                if now - held_since > self._patience:
                    raise still_locked(where, _described(lock.name), self._patience)
                queue.stay()
                time.sleep(min(_POLL_SECONDS * (1 + place), _LONGEST_POLL_SECONDS))
        finally:
            queue.leave()

    def _look(self, queue: "_Queue") -> tuple[FileStatus, int]:
        """Return the lock's file, and the number of living processes that are before this one."""
        found = self._entries() or self._make()
        tickets = [entry for entry in found if _TICKET.fullmatch(entry.name)]
        lock = next(entry for entry in found if entry not in tickets)
        return lock, queue.place(tickets)

    def _entries(self) -> list[FileStatus]:
        """Return the lock's file and the tickets; none unless there is a file."""
        found = [
            entry
            for entry in self._files.list_folder(self._folder)
            if not entry.is_folder and not entry.name.startswith(".")
        ]
        return found if any(not _TICKET.fullmatch(entry.name) for entry in found) else []

    def _take(self, found: FileStatus) -> bool:
        self._own = f"{self._folder}/{_named(Holder.now(self._doing))}"
        self._touched_at = time.monotonic()
        # After a lost response the rename is sent again, and fails because it is done.
        return self._files.move(found.path, self._own) or self._files.touch(self._own, self._next_stamp())

    def _make(self) -> list[FileStatus]:
        """Create the folder with a free lock, atomically, and return its file."""
        parent, _, name = self._folder.rpartition("/")
        draft = f"{parent}/{temporary_name(name)}"
        self._files.write(f"{draft}/{_FREE}", [])
        self._files.move(draft, self._folder)
        # If another process was faster, HDFS has moved this folder into the other.
        self._files.delete_folder(f"{self._folder}/{draft.rpartition('/')[2]}")
        found = self._entries()
        if not found:
            raise StorageError(
                f"{self._files.location(self._folder)} has lost its lock file; remove the folder"
            )
        return found


class _Queue:
    """This process's place in the queue for a lock."""

    def __init__(self, files: RenamingStore, folder: str, expiry: float) -> None:
        self._files, self._folder, self._expiry = files, folder, expiry
        self._seen: dict[str, tuple[int, float]] = {}
        self._ticket: str | None = None
        self._highest, self._touched_at = 0, 0.0

    def is_dead(self, entry: FileStatus) -> bool:
        """Return whether a file's process has been seen to send no heartbeat for the expiry."""
        now = time.monotonic()
        modified, since = self._seen.get(entry.name, (None, now))
        if modified != entry.modified:
            self._seen[entry.name] = entry.modified, now
        return modified == entry.modified and now - since >= self._expiry

    def place(self, tickets: Sequence[FileStatus]) -> int:
        """Return how many living processes are before this one; tickets of dead ones are removed."""
        numbers = {ticket.path: int(ticket.name.split("-")[1]) for ticket in tickets}
        self._highest = max(numbers.values(), default=0)
        before = 0
        for ticket in sorted(tickets, key=lambda ticket: (numbers[ticket.path], ticket.name)):
            if ticket.path == self._ticket:
                return before
            if self.is_dead(ticket):
                self._files.delete(ticket.path)
            else:
                before += 1
        return before

    def stay(self) -> None:
        """Queue up, or show that this process still waits."""
        now = time.monotonic()
        if self._ticket is None:
            self._ticket = f"{self._folder}/waiting-{self._highest + 1:06d}-{uuid.uuid4().hex[:12]}"
            self._files.write(self._ticket, [])
            self._touched_at = now
        elif now - self._touched_at >= self._expiry / _TOUCHES_PER_EXPIRY:
            if not self._files.touch(self._ticket, time.time_ns() // 1_000_000):
                # Removed: this process was suspended, and counted as dead.
                self._ticket = None
            self._touched_at = now

    def leave(self) -> None:
        """Remove this process's ticket."""
        if self._ticket is not None:
            # One that stays because HDFS doesn't answer is removed after the expiry.
            with suppress(StorageError):
                self._files.delete(self._ticket)


def _named(holder: Holder) -> str:
    """Return a unique file name that tells the holder."""
    host, user, doing = (
        re.sub(r"[^0-9A-Za-z.-]", "_", text)[:60] for text in (holder.host, holder.user, holder.doing)
    )
    since = re.sub(r"[-:]", "", holder.since).replace(" ", "T")
    return f"{host}-pid-{holder.pid}-by-{user}-for-{doing}-since-{since}Z-{uuid.uuid4().hex[:12]}"


def _described(name: str) -> str:
    """Say who holds the lock whose file has a name."""
    found = _HOLDER.fullmatch(name)
    if not found:
        return f"the process in the name {name}"
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.strptime(found["since"], "%Y%m%dT%H%M%SZ"))
    return str(
        Holder(found["user"], found["host"], int(found["pid"]), found["doing"].replace("_", " "), since)
    )
