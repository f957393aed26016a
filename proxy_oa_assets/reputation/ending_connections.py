"""Answers that have an end, their head and their body.

A time-out of `requests` is that of each read: a server that sends a byte now and then keeps us for ever.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from typing_extensions import override
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import ConnectionPool, HTTPConnectionPool

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
