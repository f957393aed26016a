"""What is shown beside a list of the row that was clicked."""

from __future__ import annotations

import ipywidgets

from proxy_oa_assets.investigation.day_context import uri_text
from proxy_oa_assets.investigation.notebook.columns import columns, severity_text
from proxy_oa_assets.investigation.notebook.desk import Desk, Row
from proxy_oa_assets.investigation.notebook.session import StatusLine
from proxy_oa_assets.investigation.notebook.text_table import PropertyTable, TextTable, cut_note
from proxy_oa_assets.investigation.search import details
from proxy_oa_assets.model.text import counted
from proxy_oa_assets.ranking.reasons import sentence

_PROPERTIES = columns(
    "fulluri host because uri_rep uri_sev ml_score clientip network_context username time p_time first_time "
    "last_time requests reqmethod respcode respcode_name resconttype csbytes scbytes referer useragent "
    "webcat serverip uriport"
)
_REQUESTS = columns(
    "time reqmethod respcode resconttype csbytes scbytes referer? useragent? respcode_name? webcat? "
    "serverip? uriport?"
)


class ConnectionDetails:
    """The properties of a row of any list, what is known of it from before, and a connection's requests."""

    def __init__(self, desk: Desk, height: str) -> None:
        self._desk = desk
        self.properties = PropertyTable("The connection", height)
        self.requests = TextTable("Requests of the connection", height="150px")
        self.status = StatusLine()
        self._requests = ipywidgets.VBox([self.status.widget, self.requests])
        self.shown = ipywidgets.VBox(
            [self.properties.widget, self._requests], layout=ipywidgets.Layout(display="none")
        )
        self._hint = ipywidgets.HTML("A click on a row shows what is known of it here.")
        self.widget = ipywidgets.VBox([self._hint, self.shown])

    def show(self, row: Row | None) -> None:
        """Show a row; hide all for None."""
        self.shown.layout.display = None if row else "none"
        self._hint.layout.display = "none" if row else None
        if row is None:
            return
        is_scored = row.get("ml_score") is not None and "fulluri" in row
        self._requests.layout.display = None if is_scored else "none"
        with self.status.during("Reading its requests"):
            known = {**row, **_worded(row)}
            texts = {column.heading: known[column.name] for column in _PROPERTIES if column.name in known}
            self.properties.show(texts)
            if is_scored:
                self._show_requests(row)

    def _show_requests(self, row: Row) -> None:
        connection = uri_text(row["fulluri"]), uri_text(row["clientip"])
        edges = details(self._desk.day, *connection, deployment=self._desk.deployment)
        self.requests.show(edges, _REQUESTS, empty="proxy_edge has no request of this connection")
        self.status.done(f"{counted(len(edges), 'request')}{cut_note(len(edges))}")


def _worded(row: Row) -> Row:
    """Return a row's reasons, verdicts, severity and score as texts."""
    score, word = row.get("ml_score"), row.get("word")
    return {
        "because": row.get("because") or (sentence(word, "") if word else ""),
        "uri_rep": str(row.get("uri_rep") or "").replace("::", "   "),
        "uri_sev": severity_text(row.get("uri_sev")),
        "ml_score": f"{score:.4g}" if isinstance(score, float) else "",
    }
