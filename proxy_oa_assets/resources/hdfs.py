"""The resource `hdfs`: files that other systems read and write, too."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO

import dagster as dg

from proxy_oa_assets.model.file_lock import OnWait, log_wait
from proxy_oa_assets.model.files import is_abandoned

# Raises LockLostError unless a lock is still ours; its holder calls it before each write.
StillHeld = Callable[[], None]


@dataclass(frozen=True)
class FileStatus:
    """A file or folder: its absolute HDFS path, length in bytes, and modification time in milliseconds."""

    path: str
    length: int
    modified: int
    is_folder: bool

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True)
class Usage:
    """How many files are below a folder, and their bytes."""

    files: int
    length: int


class FileStore(dg.ConfigurableResource, ABC):
    """Files by absolute HDFS path, such as `/user/spot/proxy/...`.

    Every method raises StorageError, naming the path, when the storage refuses or can't be reached.
    """

    @property
    @abstractmethod
    def summary(self) -> str:
        """What stands behind the resource, in a line for Dagster's page of resources."""

    @abstractmethod
    def status(self, path: str) -> FileStatus | None:
        """Return what stands at a path, or None."""

    @abstractmethod
    def list_folder(self, path: str) -> list[FileStatus]:
        """Return a folder's entries by name; none if there is no such folder."""

    @abstractmethod
    def usage(self, path: str) -> Usage:
        """Return how many files are below a folder, and their bytes; nothing if there is no such folder."""

    @abstractmethod
    def open(self, path: str) -> AbstractContextManager[BinaryIO]:
        """Open a file for reading as a stream."""

    @abstractmethod
    def write(self, path: str, chunks: Iterable[bytes]) -> None:
        """Replace a file, wholly or not at all; missing folders are made."""

    @abstractmethod
    def make_folder(self, path: str) -> None:
        """Make a folder, and those above it, where they are missing."""

    @abstractmethod
    def delete(self, path: str) -> bool:
        """Remove a file; return whether there was one."""

    @abstractmethod
    def delete_folder(self, path: str) -> bool:
        """Remove a folder with all that is in it; return whether there was one."""

    def remove_abandoned(self, folder: str) -> int:
        """Remove the files and folders that killed writers left in a folder; return how many."""
        left = [
            entry for entry in self.list_folder(folder) if is_abandoned(entry.name, entry.modified / 1000)
        ]
        return sum(
            self.delete_folder(entry.path) if entry.is_folder else self.delete(entry.path) for entry in left
        )

    @abstractmethod
    def lock(
        self,
        path: str,
        doing: str = "working",
        *,
        patience: float | None = None,
        on_wait: OnWait = log_wait,
    ) -> AbstractContextManager[StillHeld]:
        """Hold a lock that excludes every other process on this storage, on all machines.

        The path is the lock's own; `doing` tells others what it is held for, such as `scoring 2016-09-12`.
        Waiting processes get it in turn. A dead holder's lock is released soon. `on_wait` is called once with
        a sentence that names the holder, when the lock isn't free within two seconds. Raises LockedError
        naming the holder once that has kept it for `patience` seconds (a minute or two by default).
        """

    @abstractmethod
    def now(self) -> float:
        """Return the store's time, in seconds since 1970; clocks of two machines that use it may differ."""

    @abstractmethod
    def location(self, path: str) -> str:
        """Return the path as a person would look for it."""
