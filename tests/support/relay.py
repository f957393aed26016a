"""A relay to a server that cuts connections, or parts the network, when certain bytes are sent."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_MOST = 1 << 16


class Relay:
    """Forwards connections to a port, and cuts them a number of times when certain bytes are sent."""

    def __init__(self, port: int) -> None:
        self.lost = 0
        self._to = ("127.0.0.1", port)
        self._text, self._times = b"", 0
        self._last, self._delivers, self._parted = b"", False, False
        self._ends: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]

    def lose(self, text: str, times: int = 1) -> None:
        """Cut the next connections over which the text is sent, before it is forwarded."""
        self._text, self._times = text.encode(), times

    def part(self, text: str, *, delivered: bool) -> None:
        """Forward nothing more, in either direction, once the text is sent; `delivered`: it still arrives."""
        self._last, self._delivers = text.encode(), delivered

    def heal(self) -> None:
        """Forward new connections again."""
        self._parted = False
        self.cut()

    def cut(self) -> None:
        """Cut every connection."""
        while self._ends:
            _shut(self._ends.pop())

    def serve(self) -> None:
        """Forward connections until the relay is closed."""
        while True:
            try:
                client, _ = self._server.accept()
                server = socket.create_connection(self._to)
            except OSError:
                return
            self._ends += [client, server]
            for source, target in ((client, server), (server, client)):
                watched = {"watched": source is client}
                threading.Thread(
                    target=self._forward, args=(source, target), kwargs=watched, daemon=True
                ).start()

    def close(self) -> None:
        """Accept no more connections."""
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _forward(self, source: socket.socket, target: socket.socket, *, watched: bool) -> None:
        with suppress(OSError):
            while sent := source.recv(_MOST):
                if watched and self._times and self._text in sent:
                    self._times -= 1
                    self.lost += 1
                    break
                if watched and self._last and self._last in sent:
                    self._last, self._parted = b"", True
                    if self._delivers:
                        target.sendall(sent)
                if not self._parted:
                    target.sendall(sent)
        _shut(source)
        _shut(target)


def _shut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)


@contextmanager
def relaying(port: int) -> Iterator[Relay]:
    """Relay to a port of this machine while the block lasts."""
    relay = Relay(port)
    thread = threading.Thread(target=relay.serve)
    thread.start()
    try:
        yield relay
    finally:
        relay.close()
        thread.join()
