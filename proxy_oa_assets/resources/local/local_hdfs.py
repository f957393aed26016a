"""HDFS' embedded form: a local folder that stands for the root of the file system."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout
from pydantic import Field

from proxy_oa_assets.model.errors import LockedError, StorageError
from proxy_oa_assets.model.files import replacing
from proxy_oa_assets.resources.hdfs import QUIET_SECONDS, FileStatus, FileStore, OnWait, StillHeld

_LONGEST_WAIT_SECONDS = 60
_POLL_SECONDS = 0.02


class LocalHdfs(FileStore):
    """A local folder as HDFS.

    Example:
        >>> LocalHdfs(root="proxy_oa_home/hdfs").location("/user/spot")
        'proxy_oa_home/hdfs/user/spot'

    """

    root: str = Field(description="Folder that stands for the HDFS root")

    def status(self, path: str) -> FileStatus | None:
        """Return what stands at a path, or None."""
        with _named(self.location(path)):
            return _status(path, self._local(path))

    def list_folder(self, path: str) -> list[FileStatus]:
        """Return a folder's entries by name; none if there is no such folder."""
        folder = self._local(path)
        with _named(self.location(path)):
            if not folder.is_dir():
                return []
            found = [_status(f"{path.rstrip('/')}/{entry.name}", entry) for entry in sorted(folder.iterdir())]
        return [status for status in found if status is not None]

    @contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        """Open a file for reading as a stream."""
        with _named(self.location(path)):
            file = self._local(path).open("rb")
        with file:
            yield file

    def write(self, path: str, chunks: Iterable[bytes]) -> None:
        """Replace a file, wholly or not at all; missing folders are made."""
        with _named(self.location(path)), replacing(self._local(path), durable=True) as file:
            file.writelines(chunks)

    def make_folder(self, path: str) -> None:
        """Make a folder, and those above it, where they are missing."""
        with _named(self.location(path)):
            self._local(path).mkdir(parents=True, exist_ok=True)

    def delete(self, path: str) -> bool:
        """Remove a file; return whether there was one."""
        with _named(self.location(path)):
            local = self._local(path)
            existed = local.is_file()
            local.unlink(missing_ok=True)
            return existed

    def delete_folder(self, path: str) -> bool:
        """Remove a folder with all that is in it; return whether there was one."""
        with _named(self.location(path)):
            local = self._local(path)
            existed = local.is_dir()
            if existed:
                shutil.rmtree(local)
            return existed

    @contextmanager
    def lock(
        self, path: str, *, patience: float | None = None, on_wait: OnWait | None = None
    ) -> Iterator[StillHeld]:
        """Hold a file lock; the operating system releases a dead holder's."""
        file, seconds = self._local(path), _LONGEST_WAIT_SECONDS if patience is None else patience
        with _named(str(file)):
            file.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(file, poll_interval=_POLL_SECONDS)
            try:
                lock.acquire(timeout=min(QUIET_SECONDS, seconds))
            except Timeout:
                if on_wait:
                    on_wait(f"{file} is locked by another process")
                try:
                    lock.acquire(timeout=max(seconds - QUIET_SECONDS, 0))
                except Timeout as error:
                    raise LockedError(
                        f"{file} has been locked by another process for {seconds:g} s; "
                        f"try again once that has ended"
                    ) from error
        try:
            yield _always_held
        finally:
            lock.release()

    def location(self, path: str) -> str:
        """Return the local path."""
        return str(self._local(path))

    def _local(self, path: str) -> Path:
        return Path(self.root) / path.lstrip("/")


def _always_held() -> None:
    """Do nothing: the operating system takes no lock away."""


def _status(path: str, local: Path) -> FileStatus | None:
    try:
        stat = local.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return FileStatus(path, stat.st_size, stat.st_mtime_ns // 1_000_000, local.is_dir())


@contextmanager
def _named(location: str) -> Iterator[None]:
    """Turn what the operating system refuses into an error that names the place."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"{location}: {error.strerror or error}") from error
