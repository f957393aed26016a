"""The box into which analysts paste what a list is filtered by."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import ipywidgets
import pandas as pd

from proxy_oa_assets.investigation.filter_fields import FIELDS
from proxy_oa_assets.investigation.notebook.text_table import TextTable
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.model.text import printable

_EXAMPLES = " · ".join(f"<code>{html.escape(field.example)}</code>" for field in FIELDS.values())
_HELP = (
    '<div class="desk-help">Paste a part of a URI as it is written (<code>hxxp://evil[.]example</code>), '
    f"a <code>/regular expression/</code>, or a field: {_EXAMPLES}. Blanks separate terms, all of which must "
    "match; commas separate values of which one must. <code>-</code> before a term excludes what it matches, "
    "quotes keep blanks. Enter applies the filter.</div>"
)


class FilterBox:
    """A filter, and what can be written into it, which a click on ? opens; `apply` is called with Enter."""

    def __init__(self, apply: Callable[[], None]) -> None:
        # Not continuous: each letter would run a query. Enter or leaving the field applies it.
        self.text = ipywidgets.Text(
            placeholder="Filter: part of a URI, client:10.55., host:, code:4xx, time:10:00-11:30 …",
            continuous_update=False,
        )
        self.text.add_class("desk-filter")
        self._apply = lambda _change: apply()
        self.text.observe(self._apply, "value")
        self.help = ipywidgets.HTML(_HELP, layout=ipywidgets.Layout(display="none"))
        self.question = ipywidgets.ToggleButton(
            description="?", tooltip="What a filter can be", layout=ipywidgets.Layout(width="2.4em")
        )
        self.question.observe(lambda _: self._show_help(), "value")

    @property
    def value(self) -> str:
        """The filter's text."""
        return str(self.text.value)

    def write(self, text: str) -> None:
        """Put a text into the box without applying it."""
        self.text.unobserve(self._apply, "value")
        self.text.value = text
        self.text.observe(self._apply, "value")

    @contextmanager
    def applied_to(self, table: TextTable) -> Iterator[None]:
        """Let a table show no row, and why, if the block can't read its rows.

        Those that it shows would be another filter's.
        """
        try:
            yield
        except Exception as error:
            # After a defect, too, the rows would look like the result; the status line reports it.
            is_refused = bool(self.value) and isinstance(error, InvestigationError)
            if is_refused:
                self.text.add_class("desk-refused")
            what = "The filter was refused" if is_refused else "The rows could not be read"
            table.show(pd.DataFrame(), (), selected=[], empty=f"{what}: {printable(error)}")
            raise
        self.text.remove_class("desk-refused")

    def _show_help(self) -> None:
        self.help.layout.display = None if self.question.value else "none"
