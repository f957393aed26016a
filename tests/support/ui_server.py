"""Dagster's own servers over a home, as `proxy-oa ui` starts them: web UI, daemon, code server."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def served(home: Path, **variables: str) -> Iterator[str]:
    """Start the servers on a free port, give their address, and end them with the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home.mkdir(parents=True, exist_ok=True)
    with (home / "ui.log").open("wb") as log:
        server = subprocess.Popen(
            [Path(sys.executable).with_name("proxy-oa"), "ui", "--port", str(port)],
            cwd=home,
            env={"PATH": os.environ["PATH"], "HOME": str(home), "PROXY_OA_HOME": str(home), **variables},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _await(f"http://127.0.0.1:{port}", server)
            yield f"http://127.0.0.1:{port}"
        finally:
            # Its servers are its children, in a process group of their own.
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def _await(address: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(240):
        assert server.poll() is None, "the servers have ended; their log is ui.log in the home"
        try:
            with urllib.request.urlopen(f"{address}/server_info", timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    raise AssertionError(f"{address} does not answer")
