"""Everything that the day's raw log has about a threat."""

from __future__ import annotations

import time

import ipywidgets

from proxy_oa_assets.days import Day
from proxy_oa_assets.deployment import Deployment
from proxy_oa_assets.display import counted
from proxy_oa_assets.investigation.search import earliest_found
from proxy_oa_assets.notebook_ui.columns import FOUND
from proxy_oa_assets.notebook_ui.status import Status
from proxy_oa_assets.notebook_ui.text_table import MOST_ROWS, TextTable


class ExpandedSearchPanel:
    """A button, because it goes through the day's whole log, and what it found."""

    def __init__(self, day: Day, at: Deployment) -> None:
        self._day, self._at = day, at
        self._fulluri = ""
        self.limit = ipywidgets.BoundedIntText(
            250, 1, MOST_ROWS, description="Rows", layout=ipywidgets.Layout(width="12em")
        )
        self.search = ipywidgets.Button(description="Search", icon="search", button_style="primary")
        self.search.on_click(lambda _: self._search())
        self.status = Status()
        self.found = TextTable("What was found")
        heading = ipywidgets.HTML("<h3>Expanded search: requests to this URI, or referred by it</h3>")
        bar = ipywidgets.HBox([self.limit, self.search, self.status.widget])
        self.widget = ipywidgets.VBox([heading, bar, self.found])

    def load(self, fulluri: str) -> None:
        """Be about another threat: what was found of the former one goes."""
        self._fulluri = fulluri
        self.found.layout.display = "none"
        self.status.done("")

    def _search(self) -> None:
        with self.status.during("Searching the day's raw log"):
            started = time.monotonic()
            search = earliest_found(self._day, self._fulluri, self.limit.value, deployment=self._at)
            self.found.show(search.rows, FOUND, empty="The day's raw log doesn't have it")
            self.found.layout.display = None
            requests, clients = (
                counted(search.total_rows, "request"),
                counted(search.total_clients, "client"),
            )
            first = (
                f", the earliest {len(search.rows):,} below" if len(search.rows) < search.total_rows else ""
            )
            self.status.done(f"{requests} of {clients}{first} ({time.monotonic() - started:.1f} s)")
