"""JupyterLab over a home's notebooks, as an analyst starts it."""

import os
import signal
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

from support.web_server import started

TOKEN = "analyst"
# As docs/investigating.md has it.
WITHOUT_NEWS = ("jupyter", "labextension", "disable", "@jupyterlab/apputils-extension:announcements")


def jupyter(home: Path, user: Path) -> AbstractContextManager[str]:
    """Start JupyterLab with its own user folder; its kernels end with it.

    It offers and fetches no news and updates. The kernels know the home only from the notebooks.
    """
    known = {name: value for name, value in os.environ.items() if not name.startswith("PROXY_OA_")}
    own = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTERLAB_SETTINGS_DIR": "settings"}
    folders = {name: str(user / folder) for name, folder in own.items()}
    environment = {**known, **folders, "HOME": str(user), "PYTHONWARNINGS": "default"}
    user.mkdir(parents=True, exist_ok=True)
    # Not into the environment of the tests.
    quieten = [sys.executable, "-m", *WITHOUT_NEWS, "--level=user"]
    subprocess.run(quieten, env=environment, check=True, capture_output=True)
    return started(
        lambda port: [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
            *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", f"--IdentityProvider.token={TOKEN}"),
            str(home / "ipynb" / "proxy"),
        ],
        user,
        environment,
        f"/api/status?token={TOKEN}",
        # On SIGTERM it ends its kernels, which have their own process groups.
        signal.SIGTERM,
    )
