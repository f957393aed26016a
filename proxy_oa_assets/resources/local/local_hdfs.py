"""The file store's embedded form: a local folder that stands for the root of HDFS."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout
from pydantic import Field
from typing_extensions import override

from proxy_oa_assets.model.errors import LockedError, StorageError
from proxy_oa_assets.model.files import replacing
from proxy_oa_assets.resources.hdfs import QUIET_SECONDS, FileStatus, FileStore, OnWait, StillHeld

_LONGEST_WAIT_SECONDS = 60


class LocalHdfs(FileStore):
    """A local folder as HDFS.

    Example:
        >>> LocalHdfs(root="proxy_oa_home/hdfs").location("/user/spot")
        'proxy_oa_home/hdfs/user/spot'

    """

    root: str = Field(description="Folder that stands for the HDFS root")

    @override
    def status(self, path: str) -> FileStatus | None:
        with self._local(path) as local:
            return _status(path, local)

    @override
    def list_folder(self, path: str) -> list[FileStatus]:
        with self._local(path) as local:
            if not local.is_dir():
                return []
            found = [_status(f"{path.rstrip('/')}/{entry.name}", entry) for entry in sorted(local.iterdir())]
        return [status for status in found if status is not None]

    @override
    @contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        with self._local(path) as local:
            file = local.open("rb")
        with file:
            yield file

    @override
    def write(self, path: str, chunks: Iterable[bytes]) -> None:
        with self._local(path) as local, replacing(local, durable=True) as file:
            file.writelines(chunks)

    @override
    def make_folder(self, path: str) -> None:
        with self._local(path) as local:
            local.mkdir(parents=True, exist_ok=True)

    @override
    def delete(self, path: str) -> bool:
        with self._local(path) as local:
            existed = local.is_file()
            local.unlink(missing_ok=True)
            return existed

    @override
    def delete_folder(self, path: str) -> bool:
        with self._local(path) as local:
            existed = local.is_dir()
            if existed:
                shutil.rmtree(local)
            return existed

    @override
    @contextmanager
    def lock(
        self, path: str, *, patience: float | None = None, on_wait: OnWait | None = None
    ) -> Iterator[StillHeld]:
        seconds = _LONGEST_WAIT_SECONDS if patience is None else patience
        with self._local(path) as file:
            file.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(file, poll_interval=0.02)
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
            yield lambda: None  # the operating system revokes no lock
        finally:
            lock.release()

    @override
    def location(self, path: str) -> str:
        return str(Path(self.root) / path.lstrip("/"))

    @contextmanager
    def _local(self, path: str) -> Iterator[Path]:
        """Yield the local path; turn an error of the operating system into a StorageError that names it."""
        local = Path(self.location(path))
        try:
            yield local
        except OSError as error:
            raise StorageError(f"{local}: {error.strerror or error}") from error


def _status(path: str, local: Path) -> FileStatus | None:
    try:
        stat = local.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return FileStatus(path, stat.st_size, stat.st_mtime_ns // 1_000_000, local.is_dir())
