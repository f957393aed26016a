"""What is shown beside a list of the row that was clicked: the connection and its requests."""

from __future__ import annotations

import ipywidgets

from proxy_oa_assets.investigation.day_context import uri_text
from proxy_oa_assets.investigation.notebook.columns import columns
from proxy_oa_assets.investigation.notebook.desk import Desk, Row
from proxy_oa_assets.investigation.notebook.session import StatusLine
from proxy_oa_assets.investigation.notebook.text_table import PropertyTable, TextTable, cut_note
from proxy_oa_assets.investigation.search import details
from proxy_oa_assets.model.text import counted

_PROPERTIES = columns(
    "fulluri because uri_rep ml_score clientip network_context username reqmethod respcode_name referer "
    "useragent resconttype webcat"
)
_REQUESTS = columns(
    "time reqmethod respcode respcode_name resconttype csbytes scbytes referer useragent webcat serverip "
    "uriport"
)


class ConnectionDetails:
    """The selected connection's properties and requests."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.properties = PropertyTable("The connection")
        self.requests = TextTable("Requests of the connection", height="220px")
        self.status = StatusLine()
        self.shown = ipywidgets.VBox(
            [self.properties.widget, self.status.widget, self.requests],
            layout=ipywidgets.Layout(display="none"),
        )
        self._hint = ipywidgets.HTML("A click on a row shows its connection here.")
        self.widget = ipywidgets.VBox([self._hint, self.shown])

    def show(self, row: Row | None) -> None:
        """Show a connection, a row of `suspicious`, and its rows of `proxy_edge`; hide all for None."""
        self.shown.layout.display = None if row else "none"
        self._hint.layout.display = "none" if row else None
        if row is None:
            return
        with self.status.during("Reading its requests"):
            verdicts, score = str(row["uri_rep"] or "").replace("::", "   "), row["ml_score"]
            shown = {**row, "uri_rep": verdicts, "ml_score": "" if score is None else f"{score:.4g}"}
            self.properties.show({column.heading: shown[column.name] for column in _PROPERTIES})
            edges = details(
                self._desk.day,
                uri_text(row["fulluri"]),
                uri_text(row["clientip"]),
                deployment=self._desk.deployment,
            )
            self.requests.show(edges, _REQUESTS, empty="proxy_edge has no request of this connection")
            self.status.done(f"{counted(len(edges), 'request')}{cut_note(len(edges))}")
