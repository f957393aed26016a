"""HTTP requests to reputation services: an overall deadline, no redirects, no secrets in errors.

Headers, forms and URLs can hold secrets, so no error quotes a library or a server.
"""

import re
import threading
import time
from collections.abc import Collection
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

import requests
from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from urllib3 import Retry
from urllib3.exceptions import HTTPError, InvalidHeader

from proxy_oa_assets.enrichment.reputation.service_errors import (
    RefusedError,
    ServiceError,
    TransientError,
    result_or_error,
)
from proxy_oa_assets.enrichment.reputation.verdict import Status
from proxy_oa_assets.model.network import UNTRUSTED, certificate_problem, system_certificates

_CONNECT_SECONDS = 5.0
# The largest response of any service is a batch of 50 with 20 descriptors each: below 1 MB.
_MAX_BODY = 8 * 1024 * 1024
_CHUNK = 64 * 1024
# In JSON: an escaped backslash, a surrogate pair, or a surrogate without its other half.
_ESCAPES = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<lone>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)

T = TypeVar("T")
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class ServiceResponse:
    """A service's response with its whole body."""

    status: int
    body: bytes
    retry_after: str | None = None

    def parse(self, model: type[Model]) -> Model:
        """Return the JSON body as the model that the service documents. Raises ServiceError otherwise."""
        try:
            return model.model_validate_json(_without_lone_surrogates(self.body))
        except ValidationError as error:
            location = error.errors(include_input=False)[0]["loc"]
        # Name only documented keys: others are the server's words.
        schema = model.model_json_schema()
        documented = {
            name
            for each in (schema, *schema.get("$defs", {}).values())
            for name in each.get("properties", ())
        }
        where = ".".join(str(part) for part in location if isinstance(part, int) or part in documented)
        raise ServiceError(f"its answer isn't as documented{f' (at {where})' if where else ''}")

    def raise_for_status(self) -> None:
        """Raise the error that a status other than success stands for."""
        if self.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise RefusedError(f"it answered {self.status}: the key is wrong, or may not ask this")
        if self.status == HTTPStatus.TOO_MANY_REQUESTS or self.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            status = Status.OVER_QUOTA if self.status == HTTPStatus.TOO_MANY_REQUESTS else Status.FAILED
            raise TransientError(f"it answered {self.status}", status, retry_after=_seconds(self.retry_after))
        if HTTPStatus.MULTIPLE_CHOICES <= self.status < HTTPStatus.BAD_REQUEST:
            raise ServiceError(f"it answered {self.status}, a redirect, which isn't followed; check `url`")
        if not HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES:
            raise ServiceError(f"it answered {self.status}")


def _none_if_invalid(value: object, validate: ValidatorFunctionWrapHandler) -> object:
    try:
        return validate(value)
    except ValidationError:
        return None


# A field that the risk doesn't depend on: a value of another type counts as missing.
SideField = Annotated[T | None, WrapValidator(_none_if_invalid)]


def _no_boolean(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("it is no number")  # noqa: TRY004 - pydantic passes a TypeError on
    return value


# A number, or the text of one.
Number = Annotated[int, BeforeValidator(_no_boolean)]
Count = Annotated[Number, Field(ge=0)]


def _without_lone_surrogates(body: bytes) -> bytes:
    """Return JSON whose escapes of half a surrogate pair, which pydantic refuses, are U+FFFD."""
    return _ESCAPES.sub(lambda found: rb"\ufffd" if found["lone"] else found[0], body)


def _seconds(retry_after: str | None) -> float | None:
    """Return the seconds of a Retry-After, which can be a date (RFC 9110); None if it is neither."""
    if retry_after is None:
        return None
    try:
        return max(Retry().parse_retry_after(retry_after), 0)
    except (InvalidHeader, ValueError, OverflowError):
        return None


def _invalid_header(error: Exception) -> ServiceError:
    # Raised for a response's header, too, and then with the request.
    if getattr(error, "request", None) is not None:
        return ServiceError("its answer breaks the rules of HTTP, as by two lengths; is a proxy between?")
    return RefusedError(
        "the key can't stand in a header: it begins with a space, or has a line break or a character beyond "
        "Latin-1; correct the environment variable"
    )


class HttpClient:
    """HTTP with one service's timeout and certificates; several threads can use it at once."""

    def __init__(self, timeout: float, ca_cert: Path | None) -> None:
        self._timeout = timeout
        self._verify = str(ca_cert) if ca_cert else system_certificates()
        self._local = threading.local()
        self._sessions: list[requests.Session] = []
        # Cached: finding proxies in the environment takes as long as the rest of a request.
        self._proxies: dict[str, dict[str, str]] = {}

    def close(self) -> None:
        """Close the connections."""
        for session in self._sessions:
            session.close()

    def send(
        self, request: requests.Request, *, accept: Collection[int] = (), cert: str | None = None
    ) -> ServiceResponse:
        """Send a request; `cert` is the file of a client certificate and its key.

        Raises ServiceError for a failure, and for statuses other than 2xx and those in `accept`.
        """
        # Raised here, where no exception that quotes the request is being handled.
        response = self._before_deadline(request, cert)
        if isinstance(response, ServiceError):
            raise response
        if response.status not in accept:
            response.raise_for_status()
        return response

    def _before_deadline(self, request: requests.Request, cert: str | None) -> ServiceResponse | ServiceError:
        """Send in a daemon thread, and abandon it at the deadline.

        The timeouts of `requests` are those of each read: a server that sends a byte now and then, even in
        the head, would hold the caller for days.
        """
        session = self._session()
        exchange = partial(self._exchange, session, request, cert, time.monotonic() + self._timeout)
        result: Future[ServiceResponse | ServiceError] = Future()
        threading.Thread(target=lambda: result.set_result(result_or_error(exchange)), daemon=True).start()
        if wait([result], self._timeout).done:
            return result.result()
        # The abandoned thread still uses this session.
        del self._local.session
        return self._timed_out()

    def _exchange(
        self, session: requests.Session, request: requests.Request, cert: str | None, deadline: float
    ) -> ServiceResponse | ServiceError:
        try:
            with session.send(
                session.prepare_request(request),
                allow_redirects=False,
                stream=True,
                timeout=(min(_CONNECT_SECONDS, self._timeout), self._timeout),
                verify=self._verify,
                cert=cert,
                proxies=self._proxies_for(request.url),
            ) as response:
                body, headers = self._body(response, deadline), response.headers
                return ServiceResponse(response.status_code, body, headers.get("Retry-After"))
        except requests.exceptions.SSLError as error:
            if UNTRUSTED not in str(error):
                return ServiceError("the encrypted connection failed")
            server, address = urlsplit(request.url).netloc, "the service's address"
            return ServiceError(
                certificate_problem(server, str(error), certificate="`ca_cert`", address=address)
            )
        except (requests.exceptions.InvalidHeader, UnicodeError) as error:
            return _invalid_header(error)
        except (requests.exceptions.ConnectionError, HTTPError):
            return TransientError("it can't be reached, or closed the connection")
        except requests.RequestException as error:
            # On a busy machine the socket's timeout ends before the deadline is noticed.
            is_late = isinstance(error, requests.exceptions.ReadTimeout)
            failed = TransientError(f"the request failed ({type(error).__name__})")
            return self._timed_out() if is_late else failed

    def _body(self, response: requests.Response, deadline: float) -> bytes:
        body = bytearray()
        # `read1` returns what has arrived, so that an abandoned thread ends with the next byte.
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            body += chunk
            if time.monotonic() > deadline:
                raise self._timed_out()
            if len(body) > _MAX_BODY:
                raise ServiceError(f"its answer is longer than {_MAX_BODY // 1024**2} MB")
        return bytes(body)

    def _timed_out(self) -> TransientError:
        return TransientError(f"it gave no answer, or not all of it, within {self._timeout:g} s (`timeout`)")

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            # A .netrc would replace a service's key by its own password.
            session.trust_env = False
            self._local.session = session
            self._sessions.append(session)
        return session

    def _proxies_for(self, url: str) -> dict[str, str]:
        """Return the environment's proxies, which `requests` doesn't read without `trust_env`."""
        scheme, netloc, *_ = urlsplit(url)
        # Plain http is for this machine; a proxy would read the key.
        if scheme == "http":
            return {}
        if netloc not in self._proxies:
            self._proxies[netloc] = requests.utils.get_environ_proxies(f"//{netloc}")
        return self._proxies[netloc]
