"""The notebook Edge_Investigation: a day's connections, requests and severities on one screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import ipywidgets
from typing_extensions import override

from proxy_oa_assets.investigation.filters import exactly
from proxy_oa_assets.investigation.handover.format import all_formats
from proxy_oa_assets.investigation.listed import Connection
from proxy_oa_assets.investigation.notebook.connection_details import ConnectionDetails
from proxy_oa_assets.investigation.notebook.day_requests import DayRequests, Subject
from proxy_oa_assets.investigation.notebook.days import Days
from proxy_oa_assets.investigation.notebook.desk import Desk, Tabs
from proxy_oa_assets.investigation.notebook.details_pane import DetailsPane
from proxy_oa_assets.investigation.notebook.host_map import HostMap
from proxy_oa_assets.investigation.notebook.incident_tab import IncidentTab
from proxy_oa_assets.investigation.notebook.scored_lists import FeedbackList, ScoredList
from proxy_oa_assets.investigation.notebook.session import NotebookView, StatusLine, button, open_day
from proxy_oa_assets.investigation.notebook.summary_lists import SummaryList
from proxy_oa_assets.investigation.notebook.suspicious_list import SuspiciousList
from proxy_oa_assets.investigation.summaries import client_summaries, host_summaries
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.ranking.own_results import own_statement

_STYLE = Path(__file__).with_suffix(".css")


def _height(less: int = 0) -> str:
    """Return what a window leaves of its height besides bars, buttons and `less` pixels."""
    return f"max(140px, calc(100vh - var(--desk-rest, 424px) - {less}px))"


_LIST_HEIGHT = _height()


class EdgeInvestigation(NotebookView):
    """A day's connections, to investigate and score: lists at the left, the clicked row at the right."""

    def __init__(self, day: Day | str, home: str | None = None) -> None:
        self.day, self.deployment = open_day(day, home)
        self.desk = desk = Desk(self.day, self.deployment)
        self.status = desk.status
        self.details = ConnectionDetails(desk, _LIST_HEIGHT)
        self.scored = ScoredList(desk, _LIST_HEIGHT)
        self.feedback = FeedbackList(desk, _LIST_HEIGHT)
        self.suspicious = SuspiciousList(desk, self.feedback.read, _LIST_HEIGHT)
        self.requests = DayRequests(desk, _height(34), _height(-60))
        self.clients = SummaryList(desk, "client", client_summaries, _LIST_HEIGHT)
        self.hosts = SummaryList(desk, "host", host_summaries, _LIST_HEIGHT)
        self.incident = IncidentTab(desk, _height(120))
        sources = {"Listed": self.requests.all_listed, "Incident": self.incident.requests}
        self.map = HostMap(desk, sources, _height(110))
        self.days = Days(self.day, self.deployment, self._open_day, _LIST_HEIGHT)
        # An application that shows other days sets it.
        self.open_day: Callable[[Day, str], None] = self._name_notebook
        self.tabs = Tabs(
            {
                "Suspicious": self.suspicious,
                "Requests": self.requests,
                "Clients": self.clients,
                "Hosts": self.hosts,
                "Incident": self.incident,
                "Map": self.map,
                "Days": self.days,
                "Scored": self.scored,
                "Feedback": self.feedback,
            },
            self._arrange,
        )
        self._pane = DetailsPane(self.details, self.requests, lambda: self.tabs.shown)
        desk.changed, desk.show_details = self._changed, self._pane.show
        desk.open_day_of, desk.add_to_incident = self._open_day_of, self._add_to_incident
        desk.format = lambda: str(self.format.value)
        self.statement = StatusLine()
        self.statement.widget.layout.display = "none"
        self.about = ipywidgets.ToggleButton(
            description="What stands out", layout={"width": "auto", "display": "none"}
        )
        self.about.observe(lambda _: self._open_statement(), "value")
        self.undo = button("Undo", "Undo the last change of severities", desk.undo, "undo")
        self.reload = button("Reload", "Show what colleagues have scored", self._reload, "refresh")
        self.format = ipywidgets.Dropdown(
            options=[(f"hand over as {name}", name) for name in all_formats()],
            tooltip="The format of what Hand over writes",
            layout={"width": "12em"},
        )
        named = ipywidgets.HTML(f"<b>{self.day}</b>")
        bar = ipywidgets.HBox([named, self.undo, self.reload, self.format, self.about, self.status.widget])
        for widget, name in (
            (bar, "desk-bar"),
            (named, "desk-day"),
            (self.status.widget, "desk-status"),
            (self.statement.widget, "desk-statement"),
            (self.tabs.widget, "desk-lists"),
        ):
            widget.add_class(name)
        style = ipywidgets.HTML(f"<style>{_STYLE.read_text(encoding='utf-8')}</style>")
        style.layout.display = "none"
        lists = ipywidgets.HBox([self.tabs.widget, self._pane.widget])
        super().__init__([style, bar, self.statement.widget, lists])
        self.widget.add_class("edge-investigation")
        self._reload()

    def open_requests(self, filters: str) -> None:
        """Show the day's requests that match a filter."""
        self.requests.choose(Subject(), filters)
        self.tabs.show("Requests", changed=True)

    def _arrange(self, *, is_read: bool) -> None:
        self._pane.arrange(is_read=is_read)
        if self.tabs.shown != "Map":
            # It draws what another tab lists.
            self.tabs.outdate("Map")

    def _open_day_of(self, kind: str, value: str) -> None:
        if kind == "uri":
            self.open_requests(exactly("uri", value))
            return
        self.requests.choose(Subject(kind, value))
        self.tabs.show("Requests", changed=True)

    def _open_day(self, day: Day, filters: str) -> None:
        if day == self.day:
            self.open_requests(filters)
        else:
            self.open_day(day, filters)

    def _name_notebook(self, day: Day, _filters: str) -> None:
        notebooks = self.deployment.workspace.notebooks(day)
        self.status.done(f"{day} has its own notebooks, in {notebooks}; `proxy-oa hunt` opens any day")

    @override
    def refresh(self) -> None:
        self.tabs.reload()

    def _add_to_incident(self, connections: Sequence[Connection]) -> None:
        if not connections:
            self.status.failed("Select a row first")
            return
        self.tabs.show("Incident")
        self.incident.form.add(connections)

    def _open_statement(self) -> None:
        self.statement.widget.layout.display = None if self.about.value else "none"

    def _changed(self) -> None:
        self.tabs.reload()

    def _reload(self) -> None:
        with self.status.during("Reading what stands out"):
            results = self.deployment.workspace.results(self.day)
            statement = own_statement(self.deployment.hdfs, results)
            said = f"In the day's log, {statement}" if statement else ""
            self.statement.done(said)
            self.about.tooltip, self.about.layout.display = said, None if said else "none"
            self.status.done("")
        self.suspicious.forget_feedback()
        self.details.forget()
        self.tabs.reload()
