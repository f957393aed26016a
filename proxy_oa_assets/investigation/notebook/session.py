"""What all notebooks share: the day that they open, frames shown as text, a status line, widgets."""

from __future__ import annotations

import html
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import cast

import ipywidgets
import pandas as pd
from IPython.core.getipython import get_ipython
from IPython.display import HTML, display
from pandas.api.types import is_scalar

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import ProxyOaError, disk_errors
from proxy_oa_assets.model.text import counted, printable
from proxy_oa_assets.resources.deployment import Deployment, deployment
from proxy_oa_assets.settings import load_settings

_WIDTH, _STATUS_WIDTH = 100, 1_000
_MOST_ROWS = 100
# JupyterLab's own style wraps texts, which makes a row as high as its longest text.
_STYLE = """<style>
.jp-RenderedHTMLCommon table.frame-text :is(th, td) {
  padding: 3px 8px; text-align: left; white-space: pre;
}
</style>"""
_COLOURS = {
    "doing": "var(--jp-ui-font-color2, #666)",
    "done": "var(--jp-ui-font-color1, #222)",
    "failed": "var(--jp-error-color0, #b71c1c)",
}


def frame_html(frame: pd.DataFrame) -> str:
    """Return a frame's first rows as an HTML table without markup, links or formulas from the data."""
    shown = frame.head(_MOST_ROWS)
    texts = pd.DataFrame(
        {place: [_text(value) for value in shown.iloc[:, place]] for place in range(shown.shape[1])},
        index=_texts(shown.index),
        dtype=object,
    )
    texts.columns = _texts(shown.columns)
    # MathJax makes formulas, and links, of text between two dollar signs.
    with pd.option_context("display.max_colwidth", None, "display.html.use_mathjax", False):
        table = texts.to_html(border=0, classes="frame-text")
    rows = f"the first {len(shown):,} of " if len(shown) < len(frame) else ""
    return f"{_STYLE}{table}<p>{rows}{counted(len(frame), 'row')}</p>"


def series_html(series: pd.Series) -> str:
    """Return a series as a frame with one column."""
    return frame_html(series.to_frame())


def _text(value: object) -> str:
    # isna of a list or an array answers for each of its values.
    if is_scalar(value) and pd.isna(cast("float", value)):
        return ""
    return f"{value:.6g}" if isinstance(value, float) else printable(value, _WIDTH)


def _texts(labels: pd.Index) -> pd.Index:
    names = [None if name is None else printable(name, _WIDTH) for name in labels.names]
    if isinstance(labels, pd.MultiIndex):
        rows = [tuple(map(_text, label)) for label in labels]
        return pd.MultiIndex.from_tuples(rows, names=names) if rows else labels
    return pd.Index([_text(label) for label in labels], name=cast("str", names[0]), dtype=object)


def open_day(day: Day | str, home: str | None) -> tuple[Day, Deployment]:
    """Return a notebook's day, and the deployment of its home, as `open_home` does."""
    opened = open_home(home)
    return day if isinstance(day, Day) else Day.parse(day), opened


def open_home(home: str | None) -> Deployment:
    """Return the deployment of a home.

    From here on, the notebook shows frames as text, and errors that the user can fix without a traceback.
    """
    shell = get_ipython()
    if shell is not None:
        shell.set_custom_exc((ProxyOaError,), _show_message)
    if shell is not None and shell.display_formatter is not None:
        formatter = shell.display_formatter.formatters["text/html"]
        formatter.for_type(pd.DataFrame, frame_html)
        formatter.for_type(pd.Series, series_html)
        # Without the style: a styler's own HTML contains the data's markup.
        formatter.for_type_by_name(
            "pandas.io.formats.style", "Styler", lambda styler: frame_html(styler.data)
        )
    return deployment(load_settings(home))


def _show_message(
    _shell: object,
    _type: type[BaseException],
    error: BaseException,
    _traceback: TracebackType,
    **_how: object,
) -> None:
    display(error_html(error))


def error_html(error: BaseException) -> HTML:
    """Return an error's message, to show in a notebook."""
    shown = html.escape(printable(error))
    return HTML(f'<div role="alert" style="color: var(--jp-error-color0, #b71c1c)">{shown}</div>')


class NotebookView:
    """Widgets below one another, shown by a cell that ends with this object."""

    def __init__(self, widgets: Sequence[ipywidgets.Widget]) -> None:
        self.widget = ipywidgets.VBox(list(widgets))

    def refresh(self) -> None:
        """Show again what other screens may have changed; a screen that has such lists overrides it."""

    def _repr_mimebundle_(self, **options: object) -> object:
        return self.widget._repr_mimebundle_(**options)


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
            with disk_errors():
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
        shown = html.escape(printable(text, _STATUS_WIDTH))
        role = "alert" if kind == "failed" else "status"
        style = f"color: {_COLOURS[kind]}; line-height: 1.5"
        # The title: a slim bar can cut a long text.
        self.widget.value = f'<div role="{role}" title="{shown}" style="{style}">{shown}</div>'

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


def button(text: str, title: str, do: Callable[[], None], icon: str = "") -> ipywidgets.Button:
    """Return a button as wide as its text."""
    made = ipywidgets.Button(description=text, tooltip=title, icon=icon, layout={"width": "auto"})
    made.on_click(lambda _: do())
    return made
