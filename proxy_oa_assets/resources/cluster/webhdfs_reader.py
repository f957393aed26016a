"""A file of HDFS as a stream that survives the loss of a DataNode."""

import io
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, BinaryIO

import urllib3
from typing_extensions import override

from proxy_oa_assets.model.errors import StorageError
from proxy_oa_assets.resources.cluster.webhdfs_errors import TRANSPORT
from proxy_oa_assets.resources.hdfs import FileStatus

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class ResumingReader(io.RawIOBase):
    """A file, opened again at the current position when the network fails."""

    def __init__(
        self,
        open_at: Callable[[int], AbstractContextManager[BinaryIO]],
        status: Callable[[], FileStatus | None],
        request: Callable[[Callable[[], bytes]], bytes],
        location: str,
    ) -> None:
        """Begin at the start; `request` repeats a read while the network fails."""
        super().__init__()
        self._open_at = open_at
        self._status = status
        self._request = request
        self._location = location
        self._file = self._existing()
        self._position = 0
        self._opened = ExitStack()
        self._stream: BinaryIO | None = None

    @override
    def readable(self) -> bool:
        return True

    @override
    def seekable(self) -> bool:
        return True

    @override
    def tell(self) -> int:
        return self._position

    @override
    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._file.length}[whence]
        if start + offset != self._position:
            self._drop_stream()
            self._position = start + offset
        return self._position

    @override
    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        chunk = self._request(lambda: self._next(len(view)))
        view[: len(chunk)] = chunk
        self._position += len(chunk)
        return len(chunk)

    @override
    def close(self) -> None:
        self._opened.close()
        super().close()

    def _next(self, size: int) -> bytes:
        if self._position == self._file.length:
            return b""
        try:
            if self._stream is None:
                self._stream = self._opened.enter_context(self._open_at(self._position))
            chunk = self._stream.read(size)
            if not chunk:
                raise urllib3.exceptions.IncompleteRead(self._position, self._file.length - self._position)
        except TRANSPORT as error:
            self._drop_stream()
            lost = error
        else:
            return chunk
        # Outside of the handler, so that the error, whose URL may have a token, isn't the context of another.
        self._must_be_the_same()
        raise lost

    def _drop_stream(self) -> None:
        self._opened.close()
        self._stream = None

    def _existing(self) -> FileStatus:
        found = self._status()
        if found is None:
            raise StorageError(f"{self._location} does not exist")
        if found.is_folder:
            raise StorageError(f"{self._location} is a folder")
        return found

    def _must_be_the_same(self) -> None:
        """Refuse to continue with another file's content."""
        if self._existing() != self._file:
            raise StorageError(f"{self._location} was replaced while it was read; read it again")
