"""A real Squid on loopback, and what clients send through it."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from support.http_servers import Quiet, serving_http
from support.programs import program
from support.web_server import free_port

NOBODY = 65534  # Squid doesn't run as root
_PATIENCE = 30  # seconds
# Folders are Debian's; what is written lies in the folder.
_CONF = """\
http_port 127.0.0.1:{port}
visible_hostname squid.example
pid_filename {folder}/squid.pid
cache_log {folder}/cache.log
coredump_dir {folder}
netdb_filename none
pinger_enable off
max_filedescriptors 1024
cache deny all
http_access allow all
shutdown_lifetime 0 seconds
{logs}
"""


@dataclass
class Squid:
    """A running Squid, and the logs that it writes, whole once it has ended."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """End it, which writes what its logs still lack."""
        self.process.terminate()
        self.process.wait(_PATIENCE)

    @property
    def address(self) -> str:
        """The proxy's address."""
        return f"http://127.0.0.1:{self.port}"

    def log(self, name: str) -> Path:
        """Return a log's path."""
        return self.folder / f"{name}.log"

    def send(self, request: bytes) -> bytes:
        """Send bytes as a client does, and return the beginning of the answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(request)
            return connection.recv(256)

    def curl(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run curl through the proxy; a request's path is sent as it is."""
        through = ["-sS", "--path-as-is", "--globoff", "--noproxy", "", "-x", self.address]
        return subprocess.run(
            [program("curl", "curl"), *through, "-o", os.devnull, "-w", "%{http_code}", *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE,
        )


@contextmanager
def squid(formats: Mapping[str, str]) -> Iterator[Squid]:
    """Run a Squid that writes a log for each name: in a built-in format, or in a logformat line."""
    binary = program("squid", "squid")
    folder, port = Path(tempfile.mkdtemp(prefix="squid-")), free_port()
    own = [f"logformat {name} {line}" for name, line in formats.items() if "%" in line]
    logs = [
        f"access_log stdio:{folder}/{name}.log {name if '%' in line else line}"
        for name, line in formats.items()
    ]
    conf = folder / "squid.conf"
    conf.write_text(_CONF.format(port=port, folder=folder, logs="\n".join([*own, *logs])), encoding="utf-8")
    account = NOBODY if os.getuid() == 0 else None
    if account:
        os.chown(folder, account, account)
    # Squids of the same service name clash in shared memory.
    command = [binary, "-N", "-n", f"oa{os.getpid()}p{port}", "-f", conf]
    with (folder / "output.log").open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, cwd=folder, user=account, group=account
        )
    try:
        _await(port, process, folder)
        yield Squid(port, folder, process)
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder)


def _await(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    given_up = time.monotonic() + _PATIENCE
    while time.monotonic() < given_up and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    said = [path.read_text("utf-8", "replace")[-2000:] for path in sorted(folder.glob("*.log"))]
    raise AssertionError(f"squid doesn't listen on port {port}: {' '.join(said)}")


@dataclass
class Origin:
    """A web server whose pages say what they were asked; `asked` are methods and targets in order."""

    address: str
    asked: list[tuple[str, str]] = field(default_factory=list)

    @property
    def authority(self) -> str:
        """Host and port."""
        return self.address.removeprefix("http://")


_PAGE = b"""<!doctype html><title>page</title><img src="/picture.png?of=page"><script>
fetch("/api/send?x=1", {method: "POST", body: "y".repeat(5000)}).then(() => document.title = "sent");
</script>"""


@contextmanager
def origin() -> Iterator[Origin]:
    """Serve pages, scripts and slow answers on loopback."""
    found = Origin("")

    class Handler(Quiet, BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found.asked.append((self.command, self.path))
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if "slow" in self.path:
                time.sleep(1)
            body = _PAGE if self.path.startswith("/page") else b"MZ hello"
            self.send_response(404 if "missing" in self.path else 200)
            self.send_header(
                "Content-Type", "text/html; charset=utf-8" if body is _PAGE else "application/x-oa"
            )
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            # A client that has hung up doesn't want it.
            with suppress(OSError):
                self.wfile.write(body)

        do_POST = do_PUT = do_GET  # noqa: N815  (http.server calls them by these names)

    with serving_http(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as address:
        found.address = address
        yield found
