"""A line that says what is being done, what was done, or what went wrong."""

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


class Status:
    """The line. Nobody looks for a traceback behind a button, so what goes wrong is said here."""

    def __init__(self) -> None:
        self.widget = ipywidgets.HTML()
        self._clock: _Clock | None = None

    @property
    def text(self) -> str:
        """What it says, as HTML."""
        return str(self.widget.value)

    def done(self, text: str) -> None:
        """Say what was done."""
        self._say("done", text)

    def failed(self, text: str) -> None:
        """Say what went wrong."""
        self._say("failed", text)

    @contextmanager
    def during(self, doing: str) -> Iterator[None]:
        """Say what the block does, and for how long by now where it takes longer than a second.

        A ProxyOaError ends the block and is said in its one sentence.
        """
        self._say("doing", f"{doing} …")
        self._clock = _Clock(lambda seconds: self._show("doing", f"{doing} … {seconds:.0f} s"))
        try:
            yield
        except ProxyOaError as error:
            self.failed(str(error))
        except BaseException as error:
            # JupyterLab shows the traceback of what a button does nowhere but in its log.
            self.failed(f"{type(error).__name__}: a defect. View > Show Log Console has its traceback")
            raise
        finally:
            self._stop_clock()

    def _say(self, kind: str, text: str) -> None:
        # Whatever is said while the clock runs stays.
        self._stop_clock()
        self._show(kind, text)

    def _show(self, kind: str, text: str) -> None:
        shown = html.escape(printable(text, _WIDTH))
        role = "alert" if kind == "failed" else "status"
        self.widget.value = f'<div role="{role}" style="color: {_COLOURS[kind]}">{shown}</div>'

    def _stop_clock(self) -> None:
        if self._clock:
            self._clock.stop()
            self._clock = None


class _Clock:
    """Tells every second how many have passed, while the kernel is busy with something else."""

    def __init__(self, tell: Callable[[float], None]) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tick, args=(tell,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Tell nothing any more from here on."""
        self._over.set()
        self._thread.join()

    def _tick(self, tell: Callable[[float], None]) -> None:
        started = time.monotonic()
        while not self._over.wait(1):
            tell(time.monotonic() - started)
