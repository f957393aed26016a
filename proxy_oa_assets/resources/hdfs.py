"""The resource `hdfs`: the files that other systems write and read."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, ClassVar

import dagster as dg

# Raises LockLostError unless a lock is still ours; whoever holds it asks before each write.
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


class FileStore(dg.ConfigurableResource, ABC):
    """Files by absolute HDFS path, such as `/user/spot/proxy/...`.

    Every method raises StorageError, naming the path, when the storage refuses or can't be reached.
    `over_network` says whether each call costs a request or more, so that thousands of them take long.
    """

    over_network: ClassVar[bool]

    @abstractmethod
    def status(self, path: str) -> FileStatus | None:
        """Return what stands at a path, or None."""

    @abstractmethod
    def list_folder(self, path: str) -> list[FileStatus]:
        """Return a folder's entries by name; none if there is no such folder."""

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

    @abstractmethod
    def lock(self, path: str) -> AbstractContextManager[StillHeld]:
        """Keep all others out who lock the same path, on every machine that works on this storage.

        The path is the lock's own; what stands there is nobody else's business. A dead holder's lock is soon
        free. Raises LockedError if somebody else holds it for too long.
        """

    @abstractmethod
    def location(self, path: str) -> str:
        """Return the path as a person would look for it."""
