"""The status line of a notebook's widgets."""

from __future__ import annotations

import html
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import ipywidgets

from proxy_oa_assets.model.errors import ProxyOaError
from proxy_oa_assets.model.text import printable

_COLOURS = {
    "doing": "var(--jp-ui-font-color2, #666)",
    "done": "var(--jp-ui-font-color1, #222)",
    "failed": "var(--jp-error-color0, #b71c1c)",
}
_WIDTH = 1_000


class StatusLine:
    """A line that shows what is being done, what was done, or what failed.

    JupyterLab shows no traceback of a button's callback, so errors appear here.
    """

    def __init__(self) -> None:
        self.widget = ipywidgets.HTML()
        self._stop_clock: Callable[[], None] = lambda: None

    def done(self, text: str) -> None:
        """Show what was done."""
        self._set("done", text)

    def failed(self, text: str) -> None:
        """Show what failed."""
        self._set("failed", text)

    @contextmanager
    def during(self, doing: str) -> Iterator[None]:
        """Show what the block does, and its seconds after the first; a ProxyOaError ends it and is shown."""
        self._set("doing", f"{doing} …")
        self._stop_clock = self._started_clock(doing)
        try:
            yield
        except ProxyOaError as error:
            self.failed(str(error))
        except BaseException as error:
            self.failed(f"{type(error).__name__}: a defect. View > Show Log Console has its traceback")
            raise
        finally:
            self._stop_clock()

    def _set(self, kind: str, text: str) -> None:
        # Before the text: a clock that still runs would overwrite it.
        self._stop_clock()
        self._show(kind, text)

    def _show(self, kind: str, text: str) -> None:
        shown = html.escape(printable(text, _WIDTH))
        role = "alert" if kind == "failed" else "status"
        self.widget.value = f'<div role="{role}" style="color: {_COLOURS[kind]}">{shown}</div>'

    def _started_clock(self, doing: str) -> Callable[[], None]:
        """Show the elapsed seconds each second, from another thread; return the function that stops that."""
        over, started = threading.Event(), time.monotonic()

        def show_seconds() -> None:
            while not over.wait(1):
                self._show("doing", f"{doing} … {time.monotonic() - started:.0f} s")

        thread = threading.Thread(target=show_seconds, daemon=True)
        thread.start()

        def stop() -> None:
            over.set()
            thread.join()

        return stop
