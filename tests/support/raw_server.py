"""A server that misbehaves on the socket as a test wants."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def handling(
    handle: Callable[[socket.socket], None], tls: ssl.SSLContext | None = None
) -> Iterator[tuple[str, list[float]]]:
    """Listen on loopback; yield the address and a list that grows by one with each connection."""
    connections: list[float] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    connections.append(0)
                    threading.Thread(target=served, args=(connection,), daemon=True).start()

        def served(connection: socket.socket) -> None:
            # A client that hangs up, or doesn't trust us, ends only this connection.
            with suppress(OSError), connection:
                handle(tls.wrap_socket(connection, server_side=True) if tls else connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        scheme = "https" if tls else "http"
        try:
            yield f"{scheme}://127.0.0.1:{listener.getsockname()[1]}", connections
        finally:
            # Closing alone doesn't wake accept().
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def request_of(connection: socket.socket) -> bytes:
    """Return a request's head."""
    head = b""
    while b"\r\n\r\n" not in head and (piece := connection.recv(4096)):
        head += piece
    return head
