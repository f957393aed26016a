"""Files over WebHDFS (or HttpFS), from the active NameNode."""

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, BinaryIO, TypeVar

from pydantic import Field, PrivateAttr
from typing_extensions import override

from proxy_oa_assets.model.errors import StorageError
from proxy_oa_assets.model.file_lock import OnWait, log_wait
from proxy_oa_assets.model.files import temporary_name
from proxy_oa_assets.model.network import system_certificates
from proxy_oa_assets.resources.cluster.hdfs_lock import Lease, RenamingStore
from proxy_oa_assets.resources.cluster.webhdfs_client import Client, connect
from proxy_oa_assets.resources.cluster.webhdfs_errors import request
from proxy_oa_assets.resources.cluster.webhdfs_reader import ResumingReader
from proxy_oa_assets.resources.hdfs import FileStatus, StillHeld, Usage
from proxy_oa_assets.settings import environment

T = TypeVar("T")


class WebHdfs(RenamingStore):
    """An HDFS over WebHDFS.

    Example:
        >>> WebHdfs(url="http://namenode:9870", user="spot").list_folder("/user/spot/proxy")

    """

    url: str = Field(description="NameNode web address; several, for high availability, separated by ;")
    user: str = Field(default="spot", description="User who reads and writes files")
    auth: str = Field(default="insecure", description="insecure, kerberos or token")
    token_env: str | None = Field(
        default=None, description="Environment variable with the delegation token, if auth is token"
    )
    home: str | None = Field(default=None, description="Home whose `.env` may set that variable")
    ca_cert: str | None = Field(
        default=None, description="File of trusted certificates; default: the machine's own"
    )
    verify: bool = Field(default=True, description="Whether the servers' certificates are verified")
    timeout: float = Field(default=60, description="Seconds to wait for a connection, or for more bytes")
    attempts: int = Field(default=7, ge=1, description="Attempts at each request while the network fails")
    lock_expiry: float = Field(
        default=30, description="Seconds without a heartbeat after which a lock's holder counts as dead"
    )
    lock_patience: float = Field(default=120, description="Seconds to wait for one holder of a lock")

    _client: Client | None = PrivateAttr(default=None)

    @property
    @override
    def summary(self) -> str:
        return f"HDFS over WebHDFS, {self.url} as {self.user}"

    @override
    def status(self, path: str) -> FileStatus | None:
        return self._request(path, lambda client: _status(path, client.found(path)))

    @override
    def list_folder(self, path: str) -> list[FileStatus]:
        folder = path.rstrip("/")
        entries = self._request(
            path,
            lambda client: [_status(f"{folder}/{name}", found) for name, found in client.entries(path)],
        )
        return sorted(filter(None, entries), key=lambda entry: entry.path)

    @override
    def usage(self, path: str) -> Usage:
        return self._request(path, lambda client: client.usage(path))

    @override
    @contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        def at(offset: int) -> AbstractContextManager[BinaryIO]:
            opened: AbstractContextManager[BinaryIO] = self._connected().read(path, offset=offset)
            return opened

        def read(attempt: Callable[[], bytes]) -> bytes:
            return self._request(path, lambda _: attempt())

        with ResumingReader(at, lambda: self.status(path), read, self.location(path)) as raw:
            yield io.BufferedReader(raw, 1 << 20)

    @override
    def write(self, path: str, chunks: Iterable[bytes]) -> None:
        # HDFS renames atomically.
        folder, _, name = path.rpartition("/")
        temporary = f"{folder}/{temporary_name(name)}"
        # An iterator can't be sent again.
        attempts = 1 if isinstance(chunks, Iterator) else self.attempts
        try:
            self._request(
                path, lambda client: client.write(temporary, iter(chunks), overwrite=True), attempts
            )
            self._request(path, lambda client: client.keep_mode(path, temporary))
            self._request(path, lambda client: client.replace(temporary, path))
        except BaseException as error:
            self._remove_left_over(temporary, error)
            raise

    @override
    def make_folder(self, path: str) -> None:
        # WebHDFS' default, 755, would mask what a default ACL grants the engine's user.
        self._request(path, lambda client: client.makedirs(path, permission="775"))

    @override
    def delete(self, path: str) -> bool:
        return self._request(path, lambda client: bool(client.delete(path)))

    @override
    def delete_folder(self, path: str) -> bool:
        return self._request(path, lambda client: bool(client.delete(path, recursive=True)))

    @override
    def lock(
        self,
        path: str,
        doing: str = "working",
        *,
        patience: float | None = None,
        on_wait: OnWait = log_wait,
    ) -> AbstractContextManager[StillHeld]:
        seconds = self.lock_patience if patience is None else patience
        return Lease(self, path, doing, expiry=self.lock_expiry, patience=seconds, on_wait=on_wait).held()

    @override
    def move(self, source: str, target: str) -> bool:
        return self._request(source, lambda client: client.move(source, target))

    @override
    def touch(self, path: str, modified: int) -> bool:
        return self._request(path, lambda client: client.touch(path, modified))

    @override
    def now(self) -> float:
        return self._request("/", lambda client: client.now())

    @override
    def location(self, path: str) -> str:
        return f"hdfs://{path}"

    def _remove_left_over(self, temporary: str, error: BaseException) -> None:
        try:
            self._request(temporary, lambda client: client.delete(temporary), attempts=1)
        except StorageError:
            error.add_note(f"{self.location(temporary)} may be left over; it can be removed")

    def _request(self, path: str, operation: Callable[[Client], T], attempts: int | None = None) -> T:
        return request(operation, self._connected(), self.location(path), attempts or self.attempts)

    def _connected(self) -> Client:
        if self._client is None:
            self._client = connect(
                self.url,
                user=self.user,
                auth=self.auth,
                token=environment(self.home).get(self.token_env) if self.token_env else None,
                verify=(self.ca_cert or system_certificates()) if self.verify else False,
                timeout=self.timeout,
            )
        return self._client


def _status(path: str, found: dict[str, Any] | None) -> FileStatus | None:
    if found is None:
        return None
    return FileStatus(
        path, int(found["length"]), int(found["modificationTime"]), found["type"] == "DIRECTORY"
    )
