"""A web server that stands for a chat's webhook and records what is posted to it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support.http_servers import Quiet, serving_http

SECRET = "T0123/B4567/tokentokentoken"


@dataclass
class Receiver:
    """A web server that keeps what is posted to it, and responds with `answers` in turn, then with 200."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    bodies: list[dict] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    passwords: list[str | None] = field(default_factory=list)


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Serve while the block lasts."""
    found = Receiver()

    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_POST(self):
            found.paths.append(self.path)
            found.passwords.append(self.headers["Authorization"])
            found.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(found.answers.pop(0) if found.answers else 200)
            self.send_header("Location", "/elsewhere")
            self.send_header("Retry-After", "3600")
            self.send_header("Content-Length", "0")
            self.end_headers()

    with serving_http(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as url:
        found.url = f"{url}/services/{SECRET}"
        yield found
