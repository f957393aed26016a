"""Dagster's own servers over a home, as `proxy-oa ui` starts them: web UI, daemon, code server."""

import os
import sys
from contextlib import AbstractContextManager
from pathlib import Path

from support.web_server import started


def served(home: Path, **variables: str) -> AbstractContextManager[str]:
    """Start the servers, give their address, and end them with the block."""
    return started(
        lambda port: [Path(sys.executable).with_name("proxy-oa"), "ui", "--port", str(port)],
        home,
        {"PATH": os.environ["PATH"], "HOME": str(home), "PROXY_OA_HOME": str(home), **variables},
        "/server_info",
    )
