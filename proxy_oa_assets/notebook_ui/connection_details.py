"""A suspicious connection in full, and the requests behind it."""

from __future__ import annotations

from collections.abc import Mapping

import ipywidgets

from proxy_oa_assets.days import Day
from proxy_oa_assets.deployment import Deployment
from proxy_oa_assets.display import counted
from proxy_oa_assets.investigation.investigated import uri_text
from proxy_oa_assets.investigation.suspicious import details
from proxy_oa_assets.notebook_ui.columns import EDGES
from proxy_oa_assets.notebook_ui.facts import Facts
from proxy_oa_assets.notebook_ui.status import Status
from proxy_oa_assets.notebook_ui.text_table import TextTable, first_of

# Headings, and the columns of `proxy_scores` that the list above has no room for in full.
_FACTS = {
    "URI": "fulluri",
    "verdicts": "uri_rep",
    "score": "ml_score",
    "client": "clientip",
    "network": "network_context",
    "user": "username",
    "request": "reqmethod",
    "response": "respcode_name",
    "referer": "referer",
    "user agent": "useragent",
    "content type": "resconttype",
    "category": "webcat",
}


class ConnectionDetails:
    """What is shown of the connection that is selected."""

    def __init__(self, day: Day, at: Deployment) -> None:
        self._day, self._at = day, at
        self.facts = Facts("The connection")
        self.requests = TextTable("Requests of the connection")
        self.status = Status()
        heading = ipywidgets.HTML("<h3>The connection and its requests</h3>")
        self.widget = ipywidgets.VBox(
            [heading, self.facts.widget, self.status.widget, self.requests],
            layout=ipywidgets.Layout(display="none"),
        )

    def hide(self) -> None:
        """Show no connection."""
        self.widget.layout.display = "none"

    def show(self, row: Mapping[str, object]) -> None:
        """Show a connection, a row of `suspicious`, and its rows of `proxy_edge`."""
        self.widget.layout.display = None
        with self.status.during("Reading its requests"):
            verdicts = str(row["uri_rep"] or "").replace("::", "   ")
            self.facts.show({name: row[column] for name, column in _FACTS.items()} | {"verdicts": verdicts})
            edges = details(
                self._day, uri_text(row["fulluri"]), uri_text(row["clientip"]), deployment=self._at
            )
            self.requests.show(edges, EDGES, empty="proxy_edge has no request of it")
            self.status.done(f"{counted(len(edges), 'request')}{first_of(len(edges))}")
