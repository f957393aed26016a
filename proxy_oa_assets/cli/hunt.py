"""The application `proxy-oa hunt`: a Voilà server on this machine alone, with a token."""

import json
import logging
import os
import secrets
import webbrowser
from collections.abc import Callable
from html import escape
from http import HTTPStatus
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from urllib.parse import quote

import click
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.ioloop import IOLoop
from tornado.web import HTTPError
from traitlets.config import Config
from typing_extensions import override
from voila.app import Voila
from voila.shutdown_kernel_handler import VoilaShutdownKernelHandler

from proxy_oa_assets.cli.servers import ended_by_signals
from proxy_oa_assets.investigation.materialized_days import materialized_days
from proxy_oa_assets.model.day import Day, spans
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.resources.deployment import deployment
from proxy_oa_assets.settings import Settings

HOST = "127.0.0.1"
_PACKAGE = files("proxy_oa_assets.investigation.notebook")
# Those of JupyterLab that the widgets need; a site's others stay out.
_EXTENSIONS = ["@voila-dashboards/widgets-manager8", "@jupyter-widgets/jupyterlab-manager", "anywidget"]
_OPENING = '<!doctype html><meta http-equiv="refresh" content="0; url={}">'
# Seconds: between two looks at the kernels, and until a page without a click is given up.
_LOOK, _UNUSED = 30, 8 * 3600
# The browser itself keeps to this machine, although a widget or a template asks for another host.
_POLICY = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'self'"
)


class PageKernels(AsyncMappingKernelManager):
    """The pages' kernels: one ends with its page, or after eight hours without a click."""

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self._closed: set[str] = set()

    @override
    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """End a kernel that had no page at two looks: one whose network fails comes back."""
        idle = self._kernels[kernel_id].execution_state == "idle"
        if not idle or self._kernel_connections.get(kernel_id):
            self._closed.discard(kernel_id)
            await super().cull_kernel_if_idle(kernel_id)
        elif kernel_id in self._closed:
            self._closed.discard(kernel_id)
            await self.shutdown_kernel(kernel_id)
        else:
            self._closed.add(kernel_id)


class PageEnd(VoilaShutdownKernelHandler):
    """The last message of a page that is closed: Voilà's has no token against other sites' forms."""

    @override
    def check_xsrf_cookie(self) -> None:
        if not self.check_origin():
            raise HTTPError(HTTPStatus.FORBIDDEN)


class HuntingServer(Voila):
    """Voilà that calls `on_listening` once it listens."""

    def __init__(self, on_listening: Callable[[], None], config: Config) -> None:
        super().__init__(config=config)
        self._on_listening = on_listening

    @override
    def init_handlers(self) -> list[tuple[object, ...]]:
        of_voila = super().init_handlers()
        return [
            (path, PageEnd if handler is VoilaShutdownKernelHandler else handler, *more)
            for path, handler, *more in of_voila
        ]

    @override
    def launch_browser(self) -> None:
        # In the loop: a signal that comes before it would leave Voilà's files behind.
        IOLoop.current().add_callback(self._on_listening)


def check_days(settings: Settings, day: Day | None) -> None:
    """Raise InvestigationError if no day, or not the one that was asked for, is materialized."""
    days = materialized_days(deployment(settings))
    if day is not None and day not in days:
        raise InvestigationError(
            f"{day} isn't materialized; run `proxy-oa run --date {day}`, or open another day: {spans(days)}"
        )


def serve_hunting(settings: Settings, day: Day | None, port: int, *, opens_browser: bool) -> None:
    """Serve the application until Ctrl-C or SIGTERM, with the token of JUPYTER_TOKEN or a new one."""
    given = os.environ.get("JUPYTER_TOKEN")
    token = given or secrets.token_hex(24)
    address = f"http://{HOST}:{port}/?token="
    with as_file(_PACKAGE) as package, TemporaryDirectory(prefix="proxy-oa-hunt-") as folder:

        def announce() -> None:
            shown = "$JUPYTER_TOKEN" if given else token
            click.echo(f"Hunting: {address}{shown}  (home {settings.home}); Ctrl-C ends it")
            if opens_browser:
                # Other accounts can read a browser's arguments, so the address stands in a file.
                page = Path(folder) / "open.html"
                page.write_text(_OPENING.format(escape(f"{address}{quote(token)}")), encoding="utf-8")
                Thread(target=webbrowser.open, args=[page.as_uri()], daemon=True).start()

        notebook = Path(folder) / "Hunting.ipynb"
        _write_notebook(package / "hunting_app.ipynb", notebook, day, settings)
        # Voilà finds its template, and the kernels' widgets the home, by these variables.
        paths = [str(package), os.environ.get("JUPYTER_PATH", "")]
        os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, paths))
        server = HuntingServer(announce, _configuration(notebook, token, port))
        server.initialize([])
        # Tornado takes Jupyter Server's milliseconds between pings for seconds, and warns of them.
        logging.getLogger("tornado.general").setLevel(logging.ERROR)
        with ended_by_signals():
            server.start()


def _write_notebook(template: Path, notebook: Path, day: Day | None, settings: Settings) -> None:
    content = json.loads(template.read_text(encoding="utf-8"))
    parameters = {"DAY": day.key if day else None, "HOME": str(settings.home.absolute())}
    (cell,) = (each for each in content["cells"] if "parameters" in each["metadata"].get("tags", []))
    cell["source"] = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
    notebook.write_text(json.dumps(content), encoding="utf-8")


def _configuration(notebook: Path, token: str, port: int) -> Config:
    headers = {"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff"}
    return Config(
        {
            "Voila": {
                "notebook_path": str(notebook),
                "connection_dir_root": str(notebook.parent),
                "ip": HOST,
                "port": port,
                "port_retries": 0,
                "token": token,
                "log_level": "ERROR",
                # Pages of other sites can't reach it by a name of theirs for this machine.
                "tornado_settings": {"allow_remote_access": False, "headers": headers},
                # No configuration of another Voilà changes this one.
                "config_file_paths": [],
            },
            "VoilaConfiguration": {
                "template": "hunting",
                "theme": "light",
                "allow_template_override": "NO",
                "allow_theme_override": "NO",
                "file_allowlist": [],
                "extension_allowlist": _EXTENSIONS,
                "multi_kernel_manager_class": PageKernels,
            },
            # Another kernel in the place of one that has died knows nothing of the page.
            "KernelRestarter": {"restart_limit": 0},
            "MappingKernelManager": {
                # The kernels read `.env` of the working folder, as commands do.
                "root_dir": str(Path.cwd()),
                "transport_encryption": "auto",
                "cull_idle_timeout": _UNUSED,
                "cull_interval": _LOOK,
                "cull_connected": True,
            },
        }
    )
