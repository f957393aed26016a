"""A gateway before an engine over HTTP: TLS, one path, and tokens of its own, as Knox has them."""

import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import requests
from support.http_servers import Quiet, serving_http

PATH = "gateway/default/hive"


@dataclass
class Gateway:
    """Forwards requests that have a valid token and calls `before` with each one's body."""

    engine: str
    login: tuple[str, str]
    certificate: Path
    authority: Path
    port: int = 0
    tokens: set[str] = field(default_factory=set)
    before: Callable[[bytes], None] = lambda _: None
    cookies: list[str] = field(default_factory=list)

    def variables(self, token: str) -> dict[str, str]:
        """Return the settings that log in by a token."""
        return {
            "IMPALA_HOST": "localhost",
            "IMPALA_PORT": str(self.port),
            "IMPALA_HTTP_PATH": PATH,
            "IMPALA_USE_SSL": "true",
            "IMPALA_CA_CERT": str(self.certificate),
            "IMPALA_AUTH_MECHANISM": "JWT",
            "IMPALA_JWT": token,
        }


@contextmanager
def forwarding(engine: str, login: tuple[str, str], authority: Path, folder: Path) -> Iterator[Gateway]:
    """Serve before the engine at a URL, whose own login and authority are given."""
    key, certificate = folder / "gateway.key", folder / "gateway.pem"
    subprocess.run(
        [
            *"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost".split(),
            *("-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    gateway = Gateway(engine, login, certificate, authority)

    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            gateway.before(body)
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            if self.path != f"/{PATH}" or token not in gateway.tokens:
                status = 401 if self.path == f"/{PATH}" else 404
                self._respond(status, b"Bearer token has expired or is unknown")
                return
            gateway.cookies += [self.headers.get("Cookie", "")]
            answer = requests.post(
                gateway.engine,
                data=body,
                auth=gateway.login,
                headers={"Content-Type": "application/x-thrift"},
                timeout=60,
                verify=str(gateway.authority),
            )
            self._respond(answer.status_code, answer.content)

        def _respond(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Set-Cookie", "KNOXSESSIONID=of-the-tests; Path=/gateway; Secure; HttpOnly")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    gateway.port = server.server_port
    with serving_http(server):
        yield gateway
