"""The notebook Edge_Investigation: a day's suspicious connections, their requests and their severities."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import ipywidgets
import pandas as pd

from proxy_oa_assets.enrichment.score_columns import Severity
from proxy_oa_assets.investigation.day_context import uri_text
from proxy_oa_assets.investigation.notebook.session import NotebookView, StatusLine, open_day
from proxy_oa_assets.investigation.notebook.text_table import (
    MOST_ROWS,
    Action,
    PropertyTable,
    TextTable,
    columns,
    cut_note,
    severity_actions,
)
from proxy_oa_assets.investigation.score import change_severities, threats
from proxy_oa_assets.investigation.search import details, suspicious
from proxy_oa_assets.investigation.weighing import feedback_in_effect, feedback_of
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import records
from proxy_oa_assets.model.text import counted
from proxy_oa_assets.ranking.feedback import Feedback
from proxy_oa_assets.ranking.own_results import own_statement
from proxy_oa_assets.ranking.reasons import sentence
from proxy_oa_assets.resources.deployment import Deployment

_SUSPICIOUS = columns("ml_score time clientip fulluri because uri_rep reqmethod network_context scored_rows")
_SCORED = columns("uri_sev fulluri")
_FEEDBACK = columns("effect points host clients given_on until by because")
_PROPERTIES = columns(
    "fulluri because uri_rep ml_score clientip network_context username reqmethod respcode_name referer "
    "useragent resconttype webcat"
)
_REQUESTS = columns(
    "time reqmethod respcode respcode_name resconttype csbytes scbytes referer useragent webcat serverip "
    "uriport"
)


class SeverityChanges:
    """Changes severities, and undoes its own changes."""

    def __init__(self, day: Day, deployment: Deployment) -> None:
        self._day, self._deployment = day, deployment
        # Each click's URIs with their former severities, and its severity; None is no severity.
        self._changes: list[tuple[dict[str, Severity | None], int | None]] = []

    def apply(self, uris: Iterable[str], severity: int | None) -> int:
        """Set the severity of some URIs, or remove it with None; return the number of URIs."""
        before = change_severities(self._day, dict.fromkeys(uris, severity), deployment=self._deployment)
        self._changes.append((before, severity))
        return len(before)

    def undo(self) -> tuple[int, int] | None:
        """Undo the last change, except for URIs that a colleague has changed since.

        Returns the numbers of undone and of kept URIs; None if there is no change.
        """
        if not self._changes:
            return None
        before, after = self._changes[-1]
        since = dict.fromkeys(before, after)
        undone = change_severities(self._day, before, since=since, deployment=self._deployment)
        # Last, so that Undo can be repeated after an error.
        self._changes.pop()
        return len(undone), len(before) - len(undone)


class SuspiciousList:
    """The suspicious connections and their filters; `on_select` is called when the selection changes."""

    def __init__(
        self, day: Day, deployment: Deployment, on_select: Callable[[], None], actions: Sequence[Action]
    ) -> None:
        self._day, self._deployment = day, deployment
        self._frame = pd.DataFrame()
        self._feedback: Feedback | None = None
        self.uri = _filter("URI contains", "a part of the URI")
        self.client = _filter("Client is", "a whole address")
        self.limit = ipywidgets.BoundedIntText(
            250, 1, MOST_ROWS, description="At most", layout=ipywidgets.Layout(width="12em")
        )
        self.status = StatusLine()
        self.table = TextTable("Suspicious connections", selection="several", height="360px", actions=actions)
        for field in (self.uri, self.client, self.limit):
            field.observe(lambda _: self.load(), "value")
        self.table.observe(lambda _: on_select(), "selected")
        filters = ipywidgets.HBox([self.uri, self.client, self.limit])
        self.widget = ipywidgets.VBox([filters, self.status.widget, self.table])

    def load(self, feedback: Feedback | None = None) -> None:
        """Read the list again with the current filters; `feedback`, if it was read again as well."""
        self._feedback = self._feedback if feedback is None else feedback
        with self.status.during("Reading the suspicious connections"):
            found = suspicious(
                self._day,
                self.uri.value,
                self.client.value,
                self.limit.value,
                feedback=self._feedback,
                deployment=self._deployment,
            )
            words = records(found[["word", "feedback"]])
            self._frame = found.assign(because=[sentence(word, now) for word, now in words])
            empty = f"{self._day} has nothing left to score, or isn't materialized"
            if self.uri.value or self.client.value:
                empty = "No suspicious connection matches the filters"
            self.table.show(self._frame, _SUSPICIOUS, empty=empty)
            full = ", and maybe more" if len(self._frame) == self.limit.value else ""
            listed = counted(len(self._frame), "connection")
            self.status.done(f"{listed} without a severity{full}, the most suspicious first")

    def selected(self) -> list[dict[str, object]]:
        """Return the selected rows of `suspicious`."""
        rows = list(records(self._frame.iloc[self.table.selected]))
        return [dict(zip(self._frame.columns, row, strict=True)) for row in rows]

    def uris_of_hosts(self, hosts: set[object]) -> list[str]:
        """Return the listed URIs of these hosts."""
        listed = records(self._frame[["fulluri", "host"]])
        return list(dict.fromkeys(uri_text(uri) for uri, host in listed if host in hosts))


def _filter(description: str, placeholder: str) -> ipywidgets.Text:
    # Not continuous: each letter would run a query. Enter or leaving the field applies it.
    return ipywidgets.Text(
        description=description,
        placeholder=placeholder,
        continuous_update=False,
        style={"description_width": "initial"},
    )


class ConnectionDetails:
    """The selected connection's properties and requests."""

    def __init__(self, day: Day, deployment: Deployment) -> None:
        self._day, self._deployment = day, deployment
        self.properties = PropertyTable("The connection")
        self.requests = TextTable("Requests of the connection")
        self.status = StatusLine()
        heading = ipywidgets.HTML("<h3>The connection and its requests</h3>")
        self.widget = ipywidgets.VBox(
            [heading, self.properties.widget, self.status.widget, self.requests],
            layout=ipywidgets.Layout(display="none"),
        )

    def show(self, row: Mapping[str, object] | None) -> None:
        """Show a connection, a row of `suspicious`, and its rows of `proxy_edge`; hide all for None."""
        self.widget.layout.display = None if row else "none"
        if row is None:
            return
        with self.status.during("Reading its requests"):
            verdicts, score = str(row["uri_rep"] or "").replace("::", "   "), row["ml_score"]
            shown = {**row, "uri_rep": verdicts, "ml_score": "" if score is None else f"{score:.4g}"}
            self.properties.show({column.heading: shown[column.name] for column in _PROPERTIES})
            edges = details(
                self._day, uri_text(row["fulluri"]), uri_text(row["clientip"]), deployment=self._deployment
            )
            self.requests.show(edges, _REQUESTS, empty="proxy_edge has no request of this connection")
            self.status.done(f"{counted(len(edges), 'request')}{cut_note(len(edges))}")


class ScoredList:
    """The URIs with a severity; `change` is called with the selected URIs and a severity or None."""

    def __init__(
        self, day: Day, deployment: Deployment, change: Callable[[list[str], int | None], None]
    ) -> None:
        self._day, self._deployment = day, deployment
        self._frame = pd.DataFrame()
        self.status = StatusLine()
        again = severity_actions("Score again", lambda severity: change(self.selected(), severity))
        remove = Action(
            line="Score again",
            text="Remove",
            title="Remove the severity of the selected URIs: they are suspicious again",
            do=lambda: change(self.selected(), None),
        )
        self.table = TextTable("Scored URIs", selection="several", height="360px", actions=[*again, remove])
        self.widget = ipywidgets.VBox([self.status.widget, self.table])

    def load(self) -> None:
        """Read the list again."""
        with self.status.during("Reading the scored URIs"):
            self._frame = threats(self._day, deployment=self._deployment)
            self.table.show(self._frame, _SCORED, empty=f"No URI of {self._day} has a severity")
            scored = len(self._frame)
            self.status.done(f"{counted(scored, 'URI')} with a severity, the gravest first{cut_note(scored)}")

    def selected(self) -> list[str]:
        """Return the selected URIs."""
        return [uri_text(uri) for (uri,) in records(self._frame.iloc[self.table.selected][["fulluri"]])]


class FeedbackList:
    """What feedback on earlier days, and the site's lists, do to the day's order."""

    def __init__(self, day: Day, deployment: Deployment) -> None:
        self._day, self._deployment = day, deployment
        self.status = StatusLine()
        self.table = TextTable("Feedback", height="360px")
        self.widget = ipywidgets.VBox([self.status.widget, self.table])

    def load(self) -> Feedback | None:
        """Read the list again; return what counts, None if it can't be read."""
        feedback = None
        with self.status.during("Reading the feedback of the days before"):
            feedback = feedback_of(self._day, self._deployment)
            found = feedback_in_effect(feedback)
            empty = f"No URI was given a low or high severity in the {feedback.days} days before {self._day}"
            self.table.show(found, _FEEDBACK, empty=empty)
            self.status.done(
                f"What lowers or raises alike connections of {self._day}, and the last day on which it counts"
                f"{cut_note(len(found))}"
            )
        return feedback


class EdgeInvestigation(NotebookView):
    """A day's suspicious connections, to investigate and score."""

    def __init__(self, day: Day | str, home: str | None = None) -> None:
        self.day, self.deployment = open_day(day, home)
        self._changes = SeverityChanges(self.day, self.deployment)
        actions = [
            *severity_actions("Selected URIs", self._score_uris),
            *severity_actions("Their whole hosts", self._score_hosts),
        ]
        self.suspicious = SuspiciousList(self.day, self.deployment, self._show_details, actions)
        self.details = ConnectionDetails(self.day, self.deployment)
        self.scored = ScoredList(self.day, self.deployment, self._change)
        self.feedback = FeedbackList(self.day, self.deployment)
        self.undo = ipywidgets.Button(description="Undo", tooltip="Undo the last click", icon="undo")
        self.undo.on_click(lambda _: self._undo())
        self.reload = ipywidgets.Button(description="Reload", tooltip="Show what colleagues have scored")
        self.reload.on_click(lambda _: self._reload())
        self.status = StatusLine()
        connections = ipywidgets.VBox([self.suspicious.widget, self.details.widget])
        tabs = ipywidgets.Tab(
            [connections, self.scored.widget, self.feedback.widget],
            titles=["Suspicious", "Scored", "Feedback"],
        )
        heading = ipywidgets.HTML(f"<h2>Suspicious connections of {self.day}</h2>")
        self.statement = StatusLine()
        bar = ipywidgets.HBox([self.undo, self.reload, self.status.widget])
        super().__init__([heading, self.statement.widget, bar, tabs])
        self._reload()

    def _load(self, feedback: Feedback | None = None) -> None:
        self.suspicious.load(feedback)
        self.scored.load()

    def _reload(self) -> None:
        with self.statement.during("Reading what stands out"):
            results = self.deployment.workspace.results(self.day)
            statement = own_statement(self.deployment.hdfs, results)
            self.statement.done(f"In the day's log, {statement}" if statement else "")
        self._load(self.feedback.load())

    def _show_details(self) -> None:
        rows = self.suspicious.selected()
        self.details.show(rows[0] if len(rows) == 1 else None)

    def _score_uris(self, severity: int) -> None:
        self._change([uri_text(row["fulluri"]) for row in self.suspicious.selected()], severity)

    def _score_hosts(self, severity: int) -> None:
        hosts = {row["host"] for row in self.suspicious.selected()}
        self._change(self.suspicious.uris_of_hosts(hosts), severity)

    def _change(self, uris: list[str], severity: int | None) -> None:
        if not uris:
            self.status.failed("Select a row first")
            return
        with self.status.during("Recording"):
            changed = counted(self._changes.apply(uris, severity), "URI")
            self._load()
            outcome = f"scored {Severity(severity).name.lower()}" if severity else "without a severity again"
            self.status.done(f"{changed} {outcome}")

    def _undo(self) -> None:
        with self.status.during("Undoing"):
            undone = self._changes.undo()
            if undone is None:
                self.status.failed("Nothing to undo: this notebook has scored nothing")
                return
            ours, others = undone
            self._load()
            kept = f"; {counted(others, 'URI')} kept: scored by others since" if others else ""
            self.status.done(f"{counted(ours, 'URI')} as before{kept}")
