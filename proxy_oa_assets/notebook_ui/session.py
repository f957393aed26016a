"""What every notebook of a day begins with."""

from __future__ import annotations

import html
from types import TracebackType

import pandas as pd
from IPython.core.getipython import get_ipython
from IPython.core.interactiveshell import InteractiveShell
from IPython.display import HTML, display

from proxy_oa_assets.days import Day
from proxy_oa_assets.deployment import Deployment, deployment
from proxy_oa_assets.display import printable
from proxy_oa_assets.errors import ProxyOaError
from proxy_oa_assets.notebook_ui.frame_text import frame_html, series_html, styler_html
from proxy_oa_assets.settings import load_settings


def open_day(day: Day | str, home: str | None) -> tuple[Day, Deployment]:
    """Return a notebook's day, and the deployment of its home.

    From here on, the notebook shows frames as text, whatever is in them, and errors that a user can mend as
    their one sentence.
    """
    shell = get_ipython()
    if shell is not None:
        _show_safely(shell)
    return day if isinstance(day, Day) else Day.parse(day), deployment(load_settings(home))


def _show_safely(shell: InteractiveShell) -> None:
    shell.set_custom_exc((ProxyOaError,), _show_sentence)
    if shell.display_formatter is not None:
        formatter = shell.display_formatter.formatters["text/html"]
        formatter.for_type(pd.DataFrame, frame_html)
        formatter.for_type(pd.Series, series_html)
        formatter.for_type_by_name("pandas.io.formats.style", "Styler", styler_html)


def _show_sentence(
    _shell: InteractiveShell,
    _type: type[BaseException],
    error: BaseException,
    _traceback: TracebackType,
    **_how: object,
) -> None:
    shown = html.escape(printable(error))
    display(HTML(f'<div role="alert" style="color: var(--jp-error-color0, #b71c1c)">{shown}</div>'))
