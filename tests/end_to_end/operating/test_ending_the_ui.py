import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.web_server import free_port, responds

pytestmark = pytest.mark.server


# Becomes a command with signals ignored, as a shell starts background jobs, and also blocked.
UNREACHABLE = """
import os, signal, sys

ignored = {signal.Signals[name] for name in sys.argv[1].split()}
for number in ignored:
    signal.signal(number, signal.SIG_IGN)
if signal.SIGTERM in ignored:
    signal.pthread_sigmask(signal.SIG_BLOCK, ignored)
os.execv(sys.argv[2], sys.argv[2:])
"""


def processes(group: int) -> list[str]:
    listed = subprocess.run(
        ["ps", "-A", "-o", "pgid=,pid=,args="], capture_output=True, text=True, check=True
    )
    return [line for line in listed.stdout.splitlines() if line.split()[0] == str(group)]


def wait_until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.2)


@pytest.mark.parametrize(
    ("ignored", "ready"),
    [("SIGINT SIGTERM", False), ("SIGINT SIGHUP", True)],
    ids=["starting", "ready"],
)
def test_sigterm_ends_the_web_ui_and_its_servers(tmp_path: Path, ignored: str, *, ready: bool) -> None:
    """While it starts, too, although its parent process had signals ignored, as nohup and shells do."""
    port = free_port()
    server = subprocess.Popen(
        [
            sys.executable,
            "-c",
            UNREACHABLE,
            ignored,
            Path(sys.executable).with_name("proxy-oa"),
            "ui",
            "--port",
            str(port),
        ],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PROXY_OA_HOME": str(tmp_path / "home")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        # Dagster's code server is the first.
        wait_until(lambda: len(processes(server.pid)) > 1)
        if ready:
            wait_until(lambda: responds(f"http://127.0.0.1:{port}/server_info"))

        server.send_signal(signal.SIGTERM)

        assert server.wait(90) in (0, 1)
        wait_until(lambda: not processes(server.pid))
    finally:
        if processes(server.pid):
            os.killpg(server.pid, signal.SIGKILL)
