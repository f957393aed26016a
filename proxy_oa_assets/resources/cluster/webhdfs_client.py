"""The package `hdfs`, logged in: what `WebHdfs` asks of it."""

from dataclasses import dataclass, field
from typing import Any

import hdfs
import requests
from requests.auth import AuthBase

from proxy_oa_assets.model.errors import SettingsError
from proxy_oa_assets.model.network import silence

MISSING = "FileNotFoundException"

silence("hdfs.client", "requests_kerberos.kerberos_")


@dataclass(frozen=True)
class Login:
    """Where to connect and as whom; `verify` as in `requests`: whether, or with which certificates."""

    url: str
    user: str
    auth: str
    token: str | None = field(repr=False)
    verify: bool | str
    timeout: float


class Client(hdfs.Client):
    """What `WebHdfs` asks beyond the package's own methods."""

    @property
    def timeout(self) -> float:
        """Seconds to wait for a connection, or for more bytes."""
        seconds: float = self._timeout
        return seconds

    def found(self, path: str) -> dict[str, Any] | None:
        """Return the file status of a path, or None.

        The package's `status(strict=False)` also takes a refusal for an absence.
        """
        try:
            found: dict[str, Any] = self.status(path)
        except hdfs.HdfsError as error:
            if error.exception == MISSING:
                return None
            raise
        return found

    def entries(self, path: str) -> list[tuple[str, dict[str, Any]]]:
        """Return the names and file statuses of a folder's entries; none if there is no such folder."""
        try:
            entries: list[tuple[str, dict[str, Any]]] = self.list(path, status=True)
        except hdfs.HdfsError as error:
            if error.exception == MISSING or str(error).endswith("is not a directory."):
                return []
            raise
        return entries

    def replace(self, source: str, target: str) -> None:
        """Rename a file over another in one step, where the server can; HttpFS can't.

        Nobody else knows the source: where it is gone, an answer was lost, and it is the target.
        """
        try:
            answer = self._rename(source, destination=target, renameoptions="OVERWRITE")
        except hdfs.HdfsError as error:
            if error.exception == MISSING and self.found(target) is not None:
                return
            raise
        if not answer.content or answer.json()["boolean"]:
            return
        if self.found(source) is not None:
            self.delete(target)
            self.rename(source, target)
        elif self.found(target) is None:
            raise hdfs.HdfsError(f"{source} is gone, and {target} isn't there")

    def move(self, source: str, target: str) -> bool:
        """Rename where the source is there and no file has the target's name; return whether it was done.

        A target that is a folder takes the source in.
        """
        try:
            answer = self._rename(source, destination=target).json()
        except hdfs.HdfsError as error:
            if error.exception == MISSING:
                return False
            raise
        return bool(answer["boolean"])

    def touch(self, path: str, modified: int) -> bool:
        """Set a modification time, in milliseconds; return whether there is something at the path."""
        try:
            self.set_times(path, modification_time=modified)
        except hdfs.HdfsError as error:
            if error.exception == MISSING:
                return False
            raise
        return True


class _InsecureClient(Client, hdfs.InsecureClient):
    pass


class TokenClient(Client, hdfs.TokenClient):
    """Logs in by a delegation token."""


def connected(login: Login) -> Client:
    """Return a client; nothing is sent yet. Raises SettingsError if the login isn't complete."""
    session = requests.Session()
    session.verify = login.verify
    # A proxy or a .netrc of the environment is not meant for the cluster.
    session.trust_env = False
    options = {"timeout": login.timeout, "session": session}
    if login.auth == "kerberos":
        session.auth = _ticket_auth()
        return Client(login.url, **options)
    if login.auth == "token":
        if not login.token:
            raise SettingsError("HDFS_AUTH=token: HDFS_TOKEN is missing; set it to a delegation token")
        return TokenClient(login.url, login.token, **options)
    return _InsecureClient(login.url, user=login.user, **options)


def _ticket_auth() -> AuthBase:
    try:
        from proxy_oa_assets.resources.cluster.kerberos import TicketAuth
    except ImportError as error:
        raise SettingsError(
            "HDFS_AUTH=kerberos: install the extra kerberos (pip install 'proxy-oa-assets[kerberos]')"
        ) from error
    auth: AuthBase = TicketAuth()
    return auth
