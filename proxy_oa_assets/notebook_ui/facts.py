"""What is known of one thing: a name and a value in each row, the values in full."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from proxy_oa_assets.display import printable
from proxy_oa_assets.notebook_ui.text_table import Column, TextTable

# A client can send a URI of a megabyte.
_WIDTH = 20_000
_COLUMNS = (
    Column("name", "", kind="heading"),
    Column("value", "", lambda value: printable(value, _WIDTH), "wrapped"),
)


class Facts:
    """A table of names and values that wraps long values."""

    def __init__(self, label: str) -> None:
        self.widget = TextTable(label, bare=True, height="340px")

    def show(self, facts: Mapping[str, object]) -> None:
        """Show these instead of the former ones; an empty value has no row."""
        rows = [(name, str(value)) for name, value in facts.items() if value not in (None, "")]
        self.widget.show(pd.DataFrame(rows, columns=["name", "value"]), _COLUMNS)
