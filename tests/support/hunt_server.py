"""The application of `proxy-oa hunt`, as an analyst starts it."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from support.web_server import started

TOKEN = "hunter"


def hunting(home: Path, folder: Path) -> AbstractContextManager[str]:
    """Start the server over a home, in another folder, and end it with the block."""
    command = [Path(sys.executable).with_name("proxy-oa"), "hunt", "--no-browser"]
    return started(
        lambda port: [*command, "--port", str(port)],
        folder,
        environment(home, folder, JUPYTER_TOKEN=TOKEN),
        "/login",
        signal.SIGTERM,
    )


def environment(home: Path, folder: Path, **variables: str) -> dict[str, str]:
    """Return the environment of a user without settings of Jupyter."""
    known = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return {**known, "HOME": str(folder), "PROXY_OA_HOME": str(home), **variables}


def kernels(server: int) -> Iterator[int]:
    """Yield the processes of the pages' kernels that a server started."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == server:
            yield int(folder.name)
