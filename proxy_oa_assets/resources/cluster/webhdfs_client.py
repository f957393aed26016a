"""The client of WebHDFS, by the package `hdfs`, and its logins."""

import threading
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import hdfs
import requests
from requests.auth import AuthBase
from typing_extensions import override

from proxy_oa_assets.model.errors import SettingsError
from proxy_oa_assets.model.network import silence
from proxy_oa_assets.model.secrets import Secrets
from proxy_oa_assets.resources.hdfs import Usage

MISSING = "FileNotFoundException"

# Statuses of gateways, and of servers that start or have too much to do.
_PASSING = (429, 502, 503, 504)

T = TypeVar("T")

silence("hdfs.client", "requests_kerberos.kerberos_")


class Client(hdfs.Client):
    """The package's client with the operations that it lacks, or that must survive a lost response."""

    @property
    def secrets(self) -> Secrets:
        """What no error may quote: tokens, logins and cookies that were sent or received."""
        found: Secrets = self._session.secrets
        return found

    @property
    def timeout(self) -> float:
        """Seconds to wait for a connection, or for more bytes."""
        return float(self._timeout)

    def found(self, path: str) -> dict[str, Any] | None:
        """Return the file status of a path, or None.

        The package's `status(strict=False)` returns None after a refusal, too.
        """
        return _unless_missing(lambda: dict(self.status(path)), None)

    def entries(self, path: str) -> list[tuple[str, dict[str, Any]]]:
        """Return the names and file statuses of a folder's entries; none if there is no such folder."""
        try:
            return _unless_missing(lambda: list(self.list(path, status=True)), [])
        except hdfs.HdfsError as error:
            if str(error).endswith("is not a directory."):
                return []
            raise

    def keep_mode(self, path: str, replacement: str) -> None:
        """Give the mode of a file, if there is one, to the file that replaces it."""
        if found := self.found(path):
            self.set_permission(replacement, found["permission"])

    def usage(self, path: str) -> Usage:
        """Return how many files are below a folder, and their bytes; nothing if there is no such folder."""
        found = _unless_missing(lambda: dict(self.content(path)), {"fileCount": 0, "length": 0})
        return Usage(found["fileCount"], found["length"])

    def replace(self, source: str, target: str) -> None:
        """Rename a file over another in one step, where the server can; HttpFS can't.

        No other process knows the source: if it is gone, a response was lost, and it is the target.
        """
        try:
            response = self._rename(source, destination=target, renameoptions="OVERWRITE")
        except hdfs.HdfsError as error:
            if error.exception == MISSING and self.found(target) is not None:
                return
            raise
        if not response.content or response.json()["boolean"]:
            return
        if self.found(source) is not None:
            self.delete(target)
            self.rename(source, target)
        elif self.found(target) is None:
            raise hdfs.HdfsError(f"{source} is gone, and {target} isn't there")

    def move(self, source: str, target: str) -> bool:
        """Rename unless the source is missing or a file has the target's name; return whether it was done.

        If the target is a folder, the source is moved into it.
        """
        return _unless_missing(
            lambda: bool(self._rename(source, destination=target).json()["boolean"]), missing=False
        )

    def now(self) -> float:
        """Return the server's time, in seconds since 1970; each response has it, to the second."""
        date: str = self._get_file_status("/").headers["Date"]
        return parsedate_to_datetime(date).timestamp()

    def touch(self, path: str, modified: int) -> bool:
        """Set a modification time, in milliseconds; return whether the path exists."""
        return _unless_missing(
            lambda: self.set_times(path, modification_time=modified) is None, missing=False
        )


def _unless_missing(operation: Callable[[], T], missing: T) -> T:
    """Return an operation's result, or `missing` if the path doesn't exist."""
    try:
        return operation()
    except hdfs.HdfsError as error:
        if error.exception == MISSING:
            return missing
        raise


class UnavailableError(requests.ConnectionError):
    """A gateway or server says that it can't serve now, in no words of WebHDFS; another NameNode may."""


class _Session(requests.Session):
    """A session that collects the secrets it sends and receives."""

    def __init__(self, secrets: Secrets) -> None:
        super().__init__()
        self.secrets = secrets

    @override
    def send(self, request: requests.PreparedRequest, **named: Any) -> requests.Response:
        # Before it is sent: an error of the connection quotes the URL. Each redirect passes here, too.
        self._collect(request.url, request.headers)
        response = super().send(request, **named)
        for each in (*response.history, response):
            self._collect(each.headers.get("Location"), each.request.headers)
            self.secrets.add(*each.cookies.values())
        is_remote_exception = "json" in response.headers.get("Content-Type", "")
        if response.status_code in _PASSING and not is_remote_exception:
            raise UnavailableError(_said(response), request=request)
        return response

    def _collect(self, url: str | None, headers: Mapping[str, str]) -> None:
        # A NameNode puts a token into each DataNode's URL, for every kind of login.
        self.secrets.add(*parse_qs(urlsplit(url or "").query).get("delegation", []))
        self.secrets.add(str(headers.get("Authorization", "")).rpartition(" ")[2])


def _said(response: requests.Response) -> str:
    """Return a status, and the first line of what was sent with it, unless that is a page for people."""
    with response:
        content = next(response.iter_content(2048), b"")
    line = content.partition(b"\n")[0].decode("utf-8", "replace").strip()
    status = HTTPStatus(response.status_code)
    words = "" if not line or line.startswith("<") else f": {line}"
    return f"HTTP {status.value} {status.phrase}{words}"


class _InsecureClient(Client, hdfs.InsecureClient):
    pass


class TokenClient(Client, hdfs.TokenClient):
    """Logs in by a delegation token."""


def connect(
    url: str, *, user: str, auth: str, token: str | None, verify: bool | str, timeout: float
) -> Client:
    """Return a client; nothing is sent yet. `verify` is that of `requests`.

    Raises SettingsError if the token or the package for the login is missing.
    """
    session = _Session(Secrets(token))
    session.verify = verify
    # A proxy or a .netrc of the environment isn't meant for the cluster.
    session.trust_env = False
    options = {"timeout": timeout, "session": session}
    if auth == "kerberos":
        session.auth = _ticket_auth()
        return Client(url, **options)
    if auth == "token":
        if not token:
            raise SettingsError("HDFS_AUTH=token: HDFS_TOKEN is missing; set it to a delegation token")
        return TokenClient(url, token, **options)
    return _InsecureClient(url, user=user, **options)


def _ticket_auth() -> AuthBase:
    """Return the login by the process' ticket, with which the server authenticates itself, too.

    Failures are raised as HdfsError with Kerberos' reason, which the package only logs.
    """
    try:
        from requests_kerberos import REQUIRED, HTTPKerberosAuth
        from requests_kerberos.exceptions import KerberosExchangeError, MutualAuthenticationError
    except ImportError as error:
        raise SettingsError(
            "HDFS_AUTH=kerberos: install the extra kerberos (pip install 'proxy-oa-assets[kerberos]')"
        ) from error
    # The package keeps one exchange per host, which another thread's would replace.
    exchange = threading.RLock()

    class TicketAuth(HTTPKerberosAuth):
        def generate_request_header(self, response: requests.Response, host: str) -> str:
            try:
                return str(super().generate_request_header(response, host))
            except KerberosExchangeError as error:
                reason = " ".join(str(error).rpartition("failed: ")[2].split())
                raise hdfs.HdfsError(
                    f"Kerberos has no ticket for HTTP@{host} ({reason}); run kinit as the user to log in as, "
                    f"and check that HDFS_URL names the server as Kerberos knows it"
                ) from error

        def handle_response(self, response: requests.Response, **named: object) -> requests.Response:
            with exchange:
                try:
                    handled: requests.Response = super().handle_response(response, **named)
                except MutualAuthenticationError as error:
                    host = response.url.partition("?")[0]
                    raise hdfs.HdfsError(
                        f"{host} hasn't authenticated itself by Kerberos; HDFS_AUTH=kerberos is for a "
                        f"cluster with Kerberos, and HDFS_URL names its NameNode"
                    ) from error
            return handled

    auth: AuthBase = TicketAuth(mutual_authentication=REQUIRED)
    return auth
