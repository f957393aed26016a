"""HTTP servers that run in a thread of the test's own process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer


class Quiet:
    """A request handler of `http.server` that writes no line for each request."""

    def log_message(self, *_arguments: object) -> None:
        """Do nothing."""


@contextmanager
def serving_http(server: ThreadingHTTPServer) -> Iterator[str]:
    """Serve while the block lasts; yield the address, without a path."""
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
