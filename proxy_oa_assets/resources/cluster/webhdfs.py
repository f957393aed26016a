"""HDFS' cluster form: files over WebHDFS (or HttpFS), whichever NameNode is the active one."""

import io
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import BinaryIO, TypeVar

from pydantic import Field, PrivateAttr

from proxy_oa_assets.model.errors import StorageError
from proxy_oa_assets.model.network import system_certificates
from proxy_oa_assets.resources.cluster.hdfs_lock import Lease
from proxy_oa_assets.resources.cluster.webhdfs_client import Client, Login, connected
from proxy_oa_assets.resources.cluster.webhdfs_errors import asked, translated
from proxy_oa_assets.resources.cluster.webhdfs_reader import ResumingReader
from proxy_oa_assets.resources.hdfs import FileStatus, FileStore, OnWait, StillHeld
from proxy_oa_assets.settings import environment

_BUFFER = 1 << 20

T = TypeVar("T")


class WebHdfs(FileStore):
    """An HDFS over WebHDFS.

    Example:
        >>> WebHdfs(url="http://namenode:9870", user="spot").list_folder("/user/spot/proxy")

    """

    url: str = Field(description="NameNode web address; several, for high availability, separated by ;")
    user: str = Field(default="spot", description="User in whose name files are read and written")
    auth: str = Field(default="insecure", description="insecure, kerberos or token")
    token_env: str | None = Field(
        default=None, description="Environment variable that has the delegation token, where auth is token"
    )
    home: str | None = Field(default=None, description="The home, whose `.env` may have that variable")
    ca_cert: str | None = Field(
        default=None, description="File of the certificates to trust; none: the machine's own"
    )
    verify: bool = Field(default=True, description="Whether the servers' certificates are verified")
    timeout: float = Field(default=60, description="Seconds to wait for a connection, or for more bytes")
    attempts: int = Field(default=7, ge=1, description="How often to try what the network refuses")
    lock_expiry: float = Field(
        default=30, description="Seconds without a sign of life after which a lock's holder counts as dead"
    )
    lock_patience: float = Field(default=120, description="Seconds to wait for a lock")

    _client: Client | None = PrivateAttr(default=None)

    def status(self, path: str) -> FileStatus | None:
        """Return what stands at a path, or None."""
        found = self._ask(path, lambda client: client.found(path))
        return None if found is None else _status(path, found)

    def list_folder(self, path: str) -> list[FileStatus]:
        """Return a folder's entries by name; none if there is no such folder."""
        entries = self._ask(path, lambda client: client.entries(path))
        return sorted(
            (_status(f"{path.rstrip('/')}/{name}", entry) for name, entry in entries),
            key=lambda status: status.name,
        )

    @contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        """Open a file for reading as a stream; where a DataNode fails, it goes on at another."""

        def at(offset: int) -> AbstractContextManager[BinaryIO]:
            opened: AbstractContextManager[BinaryIO] = self._connected().read(path, offset=offset)
            return opened

        with (
            translated(self._connected(), self.location(path)),
            ResumingReader(at, lambda: self.status(path), self.location(path), self.attempts) as raw,
        ):
            yield io.BufferedReader(raw, _BUFFER)

    def write(self, path: str, chunks: Iterable[bytes]) -> None:
        """Replace a file, wholly or not at all; missing folders are made.

        It is written by another name first, because HDFS renames in one step.
        """
        folder, _, name = path.rpartition("/")
        temporary = f"{folder}/.{name}.{uuid.uuid4().hex}.tmp"
        # What can be gone through only once can't be sent again.
        attempts = 1 if isinstance(chunks, Iterator) else self.attempts
        try:
            self._ask(path, lambda client: client.write(temporary, iter(chunks), overwrite=True), attempts)
            self._ask(path, lambda client: client.replace(temporary, path))
        except BaseException as error:
            self._remove_left_over(temporary, error)
            raise

    def make_folder(self, path: str) -> None:
        """Make a folder, and those above it, where they are missing.

        Their group may write there: so may the engine then, as far as a default ACL above says so. WebHDFS'
        own 755 would take that from whomever the ACL names.
        """
        self._ask(path, lambda client: client.makedirs(path, permission="775"))

    def delete(self, path: str) -> bool:
        """Remove a file; return whether there was one."""
        return self._ask(path, lambda client: bool(client.delete(path)))

    def delete_folder(self, path: str) -> bool:
        """Remove a folder with all that is in it; return whether there was one."""
        return self._ask(path, lambda client: bool(client.delete(path, recursive=True)))

    def lock(
        self, path: str, *, patience: float | None = None, on_wait: OnWait | None = None
    ) -> AbstractContextManager[StillHeld]:
        """Hold a lease; a holder that shows no sign of life for `lock_expiry` seconds counts as dead."""
        seconds = self.lock_patience if patience is None else patience
        return Lease(self, path, self.lock_expiry, seconds, on_wait).held()

    def move(self, source: str, target: str) -> bool:
        """Rename where the source is there and no file has the target's name; return whether it was done."""
        return self._ask(source, lambda client: client.move(source, target))

    def touch(self, path: str, modified: int) -> bool:
        """Set a modification time, in milliseconds; return whether there is something at the path."""
        return self._ask(path, lambda client: client.touch(path, modified))

    def location(self, path: str) -> str:
        """Return the path as HDFS' own tools write it."""
        return f"hdfs://{path}"

    def _remove_left_over(self, temporary: str, error: BaseException) -> None:
        try:
            self._ask(temporary, lambda client: client.delete(temporary), attempts=1)
        except StorageError:
            error.add_note(f"{self.location(temporary)} may be left over; it can be removed")

    def _ask(self, path: str, question: Callable[[Client], T], attempts: int | None = None) -> T:
        return asked(question, self._connected(), self.location(path), attempts or self.attempts)

    def _connected(self) -> Client:
        if self._client is None:
            self._client = connected(
                Login(
                    url=self.url,
                    user=self.user,
                    auth=self.auth,
                    token=environment(self.home).get(self.token_env) if self.token_env else None,
                    verify=(self.ca_cert or system_certificates()) if self.verify else False,
                    timeout=self.timeout,
                )
            )
        return self._client


def _status(path: str, found: dict) -> FileStatus:
    return FileStatus(path, found["length"], found["modificationTime"], found["type"] == "DIRECTORY")
