"""Requests to a reputation service: with an end, never led elsewhere, silent about what they carry.

Headers, forms and addresses can hold secrets; so no text of a library or of a server is passed on.
"""

import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from pydantic import BaseModel, ValidationError
from requests.adapters import HTTPAdapter
from typing_extensions import override
from urllib3 import Retry
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import ConnectionPool, HTTPConnectionPool
from urllib3.exceptions import HTTPError, InvalidHeader

from proxy_oa_assets.enrichment.reputation.service_errors import PassingError, RefusedError, ServiceError
from proxy_oa_assets.enrichment.reputation.verdict import Status
from proxy_oa_assets.model.network import UNTRUSTED, certificate_problem, system_certificates

_LONGEST_RETRY_AFTER = 30.0
_AGAIN = {HTTPStatus.TOO_MANY_REQUESTS, *range(500, 600)}

Shape = TypeVar("Shape", bound=BaseModel)


@dataclass(frozen=True)
class Answer:
    """What a service answered: the HTTP status, and the body whole."""

    status: int
    body: bytes
    retry_after: str | None = None

    def read(self, shape: type[Shape]) -> Shape:
        """Return the body, JSON, in the shape that the service documents. Raises ServiceError if it isn't."""
        try:
            return shape.model_validate_json(self.body)
        except ValidationError as error:
            place = error.errors(include_input=False)[0]["loc"]
        # Of an object's keys those alone that the service documents: others are the server's words.
        schema = shape.model_json_schema()
        documented = {
            name
            for each in (schema, *schema.get("$defs", {}).values())
            for name in each.get("properties", ())
        }
        where = ".".join(str(part) for part in place if isinstance(part, int) or part in documented)
        raise ServiceError(f"its answer isn't as documented{f' (at {where})' if where else ''}")

    def refuse(self) -> None:
        """Raise what the status means, if it isn't success."""
        if self.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise RefusedError(f"it answered {self.status}: the key is wrong, or may not ask this")
        if self.status in _AGAIN:
            of_quota = self.status == HTTPStatus.TOO_MANY_REQUESTS
            how = Status.OVER_QUOTA if of_quota else Status.FAILED
            seconds = _seconds(self.retry_after)
            if seconds is not None and seconds > _LONGEST_RETRY_AFTER:
                raise RefusedError(
                    f"it answered {self.status}, and wants to be asked again in {seconds:.0f} s", how
                )
            raise PassingError(f"it answered {self.status}", how, retry_after=seconds)
        if HTTPStatus.MULTIPLE_CHOICES <= self.status < HTTPStatus.BAD_REQUEST:
            raise ServiceError(f"it answered {self.status}, a redirect, which isn't followed; check `url`")
        if not HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES:
            raise ServiceError(f"it answered {self.status}")


def _seconds(retry_after: str | None) -> float | None:
    """Return the seconds of a Retry-After; a date (RFC 9110 allows it) is read by urllib3's own rule."""
    if retry_after is None:
        return None
    try:
        return max(Retry().parse_retry_after(retry_after), 0)
    except (InvalidHeader, ValueError, OverflowError):
        return None


# For a connection without a time-out of its own, which Http doesn't make.
_LONGEST = 60.0


def _cut(connection: HTTPConnection) -> None:
    # By the plain socket's own method: TLS would take itself apart under the thread that reads.
    with suppress(OSError):
        if connection.sock is not None:
            socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)


# Any: urllib3's connections return urllib3's response where http.client's, which they are made of, promise
# their own, so there is no type that fits both.
class _Http(HTTPConnection):
    @override
    def getresponse(self) -> Any:
        with _ending(self):
            return super().getresponse()


class _Https(HTTPSConnection):
    @override
    def getresponse(self) -> Any:
        with _ending(self):
            return super().getresponse()


def ending(response: requests.Response, seconds: float) -> AbstractContextManager[None]:
    """Have reading the response's body end then, as if the server had ended it, or by an error."""
    return _after(seconds, partial(_cut_off, response))


def _ending(connection: HTTPConnection) -> AbstractContextManager[None]:
    """Cut the connection when its time-out, which urllib3 has set to that of reads, is over."""
    return _after(connection.timeout or _LONGEST, partial(_cut, connection))


def _cut_off(response: requests.Response) -> None:
    # urllib3 refuses, and the socket fails, where the body has been read meanwhile: then all is well.
    with suppress(OSError, ValueError, RuntimeError):
        response.raw.shutdown()


@contextmanager
def _after(seconds: float, cut: Callable[[], None]) -> Iterator[None]:
    """Cut when so many seconds are over before the block has ended."""
    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class EndingAdapter(HTTPAdapter):
    """What a session is given for connections that are cut when the read time-out is over."""

    @override
    def get_connection_with_tls_context(self, *given: Any, **named: Any) -> ConnectionPool:
        pool = super().get_connection_with_tls_context(*given, **named)
        if isinstance(pool, HTTPConnectionPool):
            pool.ConnectionCls = _Https if pool.scheme == "https" else _Http
        return pool


_CONNECT_SECONDS = 5.0
# The largest answer of any service is a batch of 50 with 20 descriptors each: below 1 MB.
_LONGEST_ANSWER = 8 * 1024 * 1024
_PIECE = 64 * 1024

# Names and values of a query, a name more than once if need be.
Params = Sequence[tuple[str, str]]


class Http:
    """Requests with one service's time-out and certificates; to be used by several threads at once."""

    def __init__(self, *, timeout: float, ca_cert: str | None = None) -> None:
        self._timeout = timeout
        self._verify = ca_cert or system_certificates()
        self._ca_cert = ca_cert
        self._of_thread = threading.local()
        self._sessions: list[requests.Session] = []
        # Looking through the environment each time takes as long as all the rest of a request.
        self._proxies_to: dict[str, dict[str, str]] = {}

    def close(self) -> None:
        """Close the connections."""
        for session in self._sessions:
            session.close()

    def get(
        self, url: str, *, headers: Mapping[str, str], params: Params = (), own: Collection[int] = ()
    ) -> Answer:
        """Ask by GET. Statuses in `own` are the caller's to read; others but 2xx raise ServiceError."""
        request = requests.Request("GET", url, headers=dict(headers), params=list(params))
        return self._answer(request, own)

    def post(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        content: object = None,
        auth: tuple[str, str] | None = None,
        cert: str | None = None,
        own: Collection[int] = (),
    ) -> Answer:
        """Ask by POST with a form or with JSON; `cert` is the file of a client's certificate and its key."""
        # As bytes: by itself `requests` takes Latin-1, and fails for a password with anything else.
        basic = requests.auth.HTTPBasicAuth(*(part.encode() for part in auth)) if auth else None
        request = requests.Request(
            "POST", url, headers=dict(headers or {}), data=form, json=content, auth=basic
        )
        return self._answer(request, own, cert)

    def _answer(self, request: requests.Request, own: Collection[int], cert: str | None = None) -> Answer:
        # Raised here, where no exception that knows the request is being handled.
        found = self._tried(request, cert)
        if isinstance(found, ServiceError):
            raise found
        if found.status not in own:
            found.refuse()
        return found

    def _tried(self, request: requests.Request, cert: str | None) -> Answer | ServiceError:
        ends = time.monotonic() + self._timeout
        session = self._session()
        try:
            with session.send(
                session.prepare_request(request),
                allow_redirects=False,
                stream=True,
                timeout=(min(_CONNECT_SECONDS, self._timeout), self._timeout),
                verify=self._verify,
                cert=cert,
                proxies=self._proxies(request.url),
            ) as response:
                with ending(response, ends - time.monotonic()):
                    body = self._body(response, ends)
                if isinstance(body, ServiceError):
                    return body
                return Answer(response.status_code, body, response.headers.get("Retry-After"))
        except requests.exceptions.SSLError as error:
            return ServiceError(self._untrusted(request.url, str(error)))
        except (requests.exceptions.InvalidHeader, UnicodeError):
            return RefusedError(
                "the key can't stand in a header: it begins with a space, or has a line break or a letter "
                "beyond Latin-1; mend the environment variable"
            )
        except (requests.RequestException, HTTPError, ValueError) as error:
            # ValueError is what TLS raises where it is read on after its end, and is nobody's before that.
            if time.monotonic() >= ends:
                return PassingError(self._too_long())
            if not isinstance(error, (requests.RequestException, HTTPError)):
                raise
            return PassingError(_in_words(error))

    def _body(self, response: requests.Response, ends: float) -> bytes | ServiceError:
        pieces, length = list[bytes](), 0
        # `read1` gives what there is; whatever waits for a full piece waits as long as the server likes.
        while length <= _LONGEST_ANSWER:
            piece = response.raw.read1(_PIECE, decode_content=True)
            # An end that comes after the time is our own.
            if time.monotonic() >= ends:
                return PassingError(self._too_long())
            if not piece:
                return b"".join(pieces)
            length += len(piece)
            pieces.append(piece)
        return ServiceError(f"its answer is longer than {_LONGEST_ANSWER // 1024**2} MB")

    def _too_long(self) -> str:
        return f"it gave no answer, or not all of it, within {self._timeout:g} s (`timeout`)"

    def _session(self) -> requests.Session:
        session = getattr(self._of_thread, "session", None)
        if session is None:
            session = requests.Session()
            for scheme in ("http://", "https://"):
                session.mount(scheme, EndingAdapter())
            # A .netrc would put its own password in place of a service's key.
            session.trust_env = False
            self._of_thread.session = session
            self._sessions.append(session)
        return session

    def _proxies(self, url: str) -> dict[str, str]:
        """Return the company's proxies, from the environment; without `trust_env` requests doesn't look."""
        scheme, place, *_ = urlsplit(url)
        # Plain http is for this machine; a proxy would read the key.
        if scheme == "http":
            return {}
        if place not in self._proxies_to:
            self._proxies_to[place] = requests.utils.get_environ_proxies(f"//{place}")
        return self._proxies_to[place]

    def _untrusted(self, url: str, told: str) -> str:
        if UNTRUSTED not in told:
            return "the encrypted connection failed"
        return certificate_problem(
            urlsplit(url).netloc, told, certificate="`ca_cert`", address="the service's address"
        )


def _in_words(error: Exception) -> str:
    if isinstance(error, (requests.exceptions.ConnectionError, HTTPError)):
        return "it can't be reached, or closed the connection"
    return f"the request failed ({type(error).__name__})"
