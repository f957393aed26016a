"""JupyterLab over a home's notebooks, as an analyst starts it."""

import os
import signal
import sys
from contextlib import AbstractContextManager
from pathlib import Path

from support.web_server import started

TOKEN = "analyst"


def jupyter(home: Path, user: Path) -> AbstractContextManager[str]:
    """Start JupyterLab with its own user folder; its kernels end with it.

    It fetches no news and updates. The kernels know the home only from the notebooks.
    """
    settings = user / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    quiet = '{"fetchNews": "false", "checkForUpdates": false}'
    (settings / "notification.jupyterlab-settings").write_text(quiet, encoding="utf-8")
    known = {name: value for name, value in os.environ.items() if not name.startswith("PROXY_OA_")}
    own = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTERLAB_SETTINGS_DIR": "settings"}
    folders = {name: str(user / folder) for name, folder in own.items()}
    return started(
        lambda port: [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
            *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", f"--IdentityProvider.token={TOKEN}"),
            *("--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"),
            str(home / "ipynb" / "proxy"),
        ],
        user,
        {**known, **folders, "HOME": str(user), "PYTHONWARNINGS": "default"},
        f"/api/status?token={TOKEN}",
        # On SIGTERM it ends its kernels, which have their own process groups.
        signal.SIGTERM,
    )
