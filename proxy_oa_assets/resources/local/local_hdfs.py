"""The file store's embedded form: a local folder that stands for the root of HDFS."""

import io
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from pydantic import Field
from typing_extensions import override

from proxy_oa_assets.model.errors import StorageError, refusal
from proxy_oa_assets.model.file_lock import PATIENCE_SECONDS, OnWait, file_lock, log_wait
from proxy_oa_assets.model.files import make_folder, replacing
from proxy_oa_assets.resources.hdfs import FileStatus, FileStore, StillHeld, Usage

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class LocalHdfs(FileStore):
    """A local folder as HDFS.

    Example:
        >>> LocalHdfs(root="proxy_oa_home/hdfs").location("/user/spot")
        'proxy_oa_home/hdfs/user/spot'

    """

    root: str = Field(description="Folder that stands for the HDFS root")

    @property
    @override
    def summary(self) -> str:
        return "The home's folder hdfs/, in the place of HDFS"

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
    def usage(self, path: str) -> Usage:
        with self._local(path) as local:
            found = [_status("", file) for file in local.rglob("*")]
        lengths = [status.length for status in found if status is not None and not status.is_folder]
        return Usage(len(lengths), sum(lengths))

    @override
    @contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        with self._local(path) as local:
            file = _File(local)
        with io.BufferedReader(file) as buffered:
            yield buffered

    @override
    def write(self, path: str, chunks: Iterable[bytes]) -> None:
        with self._local(path) as local, replacing(local, durable=True) as file:
            file.writelines(chunks)

    @override
    def make_folder(self, path: str) -> None:
        with self._local(path) as local:
            make_folder(local)

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
        self,
        path: str,
        doing: str = "working",
        *,
        patience: float | None = None,
        on_wait: OnWait = log_wait,
    ) -> Iterator[StillHeld]:
        with ExitStack() as held:
            with self._local(path) as file:
                held.enter_context(
                    file_lock(
                        file,
                        doing,
                        patience=PATIENCE_SECONDS if patience is None else patience,
                        on_wait=on_wait,
                    )
                )
            yield lambda: None  # the operating system revokes no lock

    @override
    def now(self) -> float:
        return time.time()

    @override
    def location(self, path: str) -> str:
        return str(Path(self.root) / path.lstrip("/"))

    @contextmanager
    def _local(self, path: str) -> Iterator[Path]:
        """Yield the local path; turn an error of the operating system into a StorageError that names it."""
        local = Path(self.location(path))
        with _refusals(local):
            yield local


class _File(io.FileIO):
    """A file whose reads raise StorageError with its path; the system's errors of reading have none."""

    @override
    def readinto(self, buffer: "WriteableBuffer") -> int | None:
        with _refusals(self.name):
            return super().readinto(buffer)

    @override
    def readall(self) -> bytes:
        with _refusals(self.name):
            return super().readall()


@contextmanager
def _refusals(path: object) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise StorageError(refusal(OSError(error.errno, error.strerror), path)) from error


def _status(path: str, local: Path) -> FileStatus | None:
    try:
        stat = local.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return FileStatus(path, stat.st_size, stat.st_mtime_ns // 1_000_000, local.is_dir())
