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


# Ignores and blocks what ends a process, as a parent process can have done, and becomes the command.
UNREACHABLE = """
import os, signal, sys

ending = {signal.SIGINT, signal.SIGTERM}
for number in ending:
    signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, ending)
os.execv(sys.argv[1], sys.argv[1:])
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


@pytest.mark.parametrize("ready", [True, False], ids=["ready", "starting"])
def test_sigterm_ends_the_web_ui_and_its_servers(tmp_path: Path, *, ready: bool) -> None:
    """Although its parent process had SIGINT and SIGTERM ignored and blocked, and while it starts, too."""
    port = free_port()
    server = subprocess.Popen(
        [
            sys.executable,
            "-c",
            UNREACHABLE,
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
