"""What is shown beside a list of the row that was clicked."""

from __future__ import annotations

from collections.abc import Iterator

import ipywidgets

from proxy_oa_assets.investigation.day_context import uri_text
from proxy_oa_assets.investigation.journal import earlier_severities, history
from proxy_oa_assets.investigation.notebook.columns import columns, severity_text
from proxy_oa_assets.investigation.notebook.desk import Desk, Row
from proxy_oa_assets.investigation.notebook.session import StatusLine, button
from proxy_oa_assets.investigation.notebook.text_table import PropertyTable, TextTable, cut_note
from proxy_oa_assets.investigation.search import details
from proxy_oa_assets.investigation.several_days import Sightings, sightings
from proxy_oa_assets.model.tables import records
from proxy_oa_assets.model.text import counted
from proxy_oa_assets.ranking.reasons import sentence

_PROPERTIES = columns(
    "fulluri host uri_rep uri_sev because ml_score clientip network_context username time p_time first last "
    "requests reqmethod respcode respcode_name resconttype csbytes scbytes referer useragent webcat serverip "
    "uriport"
)
# What is known from elsewhere stands after these.
_NAMES = ("URI", "host", "verdict", "severity")
_REQUESTS = columns(
    "time reqmethod respcode resconttype csbytes scbytes referer? useragent? respcode_name? webcat? "
    "serverip? uriport?"
)
_MOST_EARLIER = 5


class ConnectionDetails:
    """The properties of a row of any list, what is known of it from before, and a connection's requests."""

    def __init__(self, desk: Desk, height: str) -> None:
        self._desk = desk
        self._row: Row = {}
        self._is_outdated = False
        self.properties = PropertyTable("The connection", height)
        self.properties.widget.add_class("desk-properties")
        self.requests = TextTable("Requests of the connection", height="130px")
        self.status = StatusLine()
        self._requests = ipywidgets.VBox([self.status.widget, self.requests])
        self._client = button("Client's day", "All requests of the client", lambda: self._open("clientip"))
        self._host = button("Host's day", "All requests to the host", lambda: self._open("host"))
        self.back = button("", "What stood here before the row was selected", lambda: None, "arrow-left")
        self.shown = ipywidgets.VBox(
            [ipywidgets.HBox([self.back, self._client, self._host]), self.properties.widget, self._requests],
            layout=ipywidgets.Layout(display="none"),
        )
        self._hint = ipywidgets.HTML("A click on a row shows what is known of it here.")
        self.widget = ipywidgets.VBox([self._hint, self.shown])

    @property
    def row(self) -> Row:
        """The row that was shown last; empty at first."""
        return self._row

    def show(self, row: Row | None) -> None:
        """Show a row; hide all for None."""
        self.shown.layout.display = None if row else "none"
        self._hint.layout.display = "none" if row else None
        if row is None or (row == self._row and not self._is_outdated):
            return
        self._row, self._is_outdated = row, False
        self._client.layout.display = None if "clientip" in row else "none"
        self._host.layout.display = None if "host" in row else "none"
        is_scored = row.get("ml_score") is not None and "fulluri" in row
        self._requests.layout.display = None if is_scored else "none"
        with self.status.during("Reading its requests"):
            known = {**row, **_worded(row)}
            texts = {column.heading: known[column.name] for column in _PROPERTIES if column.name in known}
            # At once; what has to be read follows.
            self.properties.show(texts)
            if is_scored:
                self._show_requests(row)
            first = {name: texts[name] for name in _NAMES if name in texts}
            self.properties.show({**first, **dict(self._known(row)), **texts})

    def forget(self) -> None:
        """Read what is known again with the next row, even if it is the same one."""
        self._is_outdated = True

    def _open(self, column: str) -> None:
        kind = "client" if column == "clientip" else "host"
        self._desk.open_day_of(kind, uri_text(self._row[column]))

    def _show_requests(self, row: Row) -> None:
        connection = uri_text(row["fulluri"]), uri_text(row["clientip"])
        edges = details(self._desk.day, *connection, deployment=self._desk.deployment)
        self.requests.show(edges, _REQUESTS, empty="proxy_edge has no request of this connection")
        self.status.done(f"{counted(len(edges), 'request')}{cut_note(len(edges))}")

    def _known(self, row: Row) -> Iterator[tuple[str, str]]:
        """Yield what other days, and the analysts, know of a row."""
        day, deployment = self._desk.day, self._desk.deployment
        if "host" in row:
            host = uri_text(row["host"])
            seen = sightings(day, host=host, deployment=deployment)
            yield "host seen", _prevalence(seen, f", by {counted(seen.clients, 'client')}")
            yield "scored before", self._earlier(host)
        else:
            seen = sightings(day, clientip=uri_text(row["clientip"]), deployment=deployment)
            yield "client seen", _prevalence(seen)
        if "fulluri" in row:
            yield "scored by", self._changes(uri_text(row["fulluri"]))

    def _earlier(self, host: str) -> str:
        found = earlier_severities(self._desk.day, hosts=[host], deployment=self._desk.deployment)
        rows = list(dict.fromkeys(records(found[["uri_sev", "day", "by"]])))
        listed = [f"{severity_text(value)} on {on}{_by(by)}" for value, on, by in rows[:_MOST_EARLIER]]
        more = [f"{len(rows) - _MOST_EARLIER} more"] if len(rows) > _MOST_EARLIER else []
        return "; ".join(listed + more)

    def _changes(self, fulluri: str) -> str:
        found = history(self._desk.day, fulluri, deployment=self._desk.deployment)
        rows = records(found[["at", "by", "after"]].head(_MOST_EARLIER))
        return "; ".join(
            f"{severity_text(after) or 'none'}{_by(by)} at {str(at)[:16].replace('T', ' ')} UTC"
            for at, by, after in rows
        )


def _by(analyst: object) -> str:
    return f" by {analyst}" if analyst else ""


def _prevalence(seen: Sightings, by: str = "") -> str:
    if not seen.days:
        return ""
    days = f"{seen.days:,} of {counted(seen.days_known, 'day')}, first on {seen.first_day}"
    return f"{days}{by}, {counted(seen.requests, 'request')}"


def _worded(row: Row) -> Row:
    """Return a row's reasons, verdicts, severity and score as texts."""
    score, word = row.get("ml_score"), row.get("word")
    return {
        "because": row.get("because") or (sentence(word, "") if word else ""),
        "uri_rep": str(row.get("uri_rep") or "").replace("::", "   "),
        "uri_sev": severity_text(row.get("uri_sev")),
        "ml_score": f"{score:.4g}" if isinstance(score, float) else "",
    }
