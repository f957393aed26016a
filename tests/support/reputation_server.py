"""A web server that responds as a reputation service does, and records its requests."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from support.http_servers import Quiet, serving_http


@dataclass(frozen=True)
class Asked:
    """A recorded request."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The target without its query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> list[tuple[str, str]]:
        """The query's names and values."""
        return parse_qsl(urlsplit(self.target).query)

    @property
    def form(self) -> dict[str, str]:
        """The body, a form."""
        return dict(parse_qsl(self.body.decode()))

    @property
    def json(self) -> object:
        """The body, JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """A response: a status, a body (JSON, unless it is bytes), further headers."""

    content: object = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class ReputationServer:
    """The server's URL and its requests in order."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def answering(respond: Callable[[Asked], Reply]) -> Iterator[ReputationServer]:
    """Serve on loopback while the block lasts; `respond` is called in a thread for each request."""
    found = ReputationServer()

    class Handler(Quiet, BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = Asked(self.command, self.path, dict(self.headers), body)
            found.asked.append(asked)
            reply = respond(asked)
            content = (
                reply.content if isinstance(reply.content, bytes) else json.dumps(reply.content).encode()
            )
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self):
            self.do_GET()

    class Server(ThreadingHTTPServer):
        # Four threads of each of several services connect at once.
        request_queue_size = 64
        daemon_threads = True

    with serving_http(Server(("127.0.0.1", 0), Handler)) as found.url:
        yield found
