"""The notebook Edge_Investigation: a day's connections, requests and severities on one screen."""

from __future__ import annotations

from pathlib import Path

import ipywidgets

from proxy_oa_assets.investigation.notebook.connection_details import ConnectionDetails
from proxy_oa_assets.investigation.notebook.day_requests import DayRequests, Subject
from proxy_oa_assets.investigation.notebook.desk import Desk, Tabs
from proxy_oa_assets.investigation.notebook.filter_box import terms
from proxy_oa_assets.investigation.notebook.scored_lists import FeedbackList, ScoredList
from proxy_oa_assets.investigation.notebook.session import NotebookView, StatusLine, open_day
from proxy_oa_assets.investigation.notebook.summary_lists import SummaryList
from proxy_oa_assets.investigation.notebook.suspicious_list import SuspiciousList
from proxy_oa_assets.investigation.summaries import client_summaries, host_summaries
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.ranking.own_results import own_statement

_STYLE = Path(__file__).with_suffix(".css")
# Of the window's height, what JupyterLab's bars, ours, and the buttons below a list leave.
_LIST_HEIGHT = "max(200px, calc(100vh - var(--desk-rest, 412px)))"


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
        self.requests = DayRequests(desk, _LIST_HEIGHT)
        self.clients = SummaryList(desk, "client", client_summaries, _LIST_HEIGHT)
        self.hosts = SummaryList(desk, "host", host_summaries, _LIST_HEIGHT)
        self.tabs = Tabs(
            {
                "Suspicious": self.suspicious,
                "Requests": self.requests,
                "Clients": self.clients,
                "Hosts": self.hosts,
                "Scored": self.scored,
                "Feedback": self.feedback,
            },
            self._arrange,
        )
        desk.changed, desk.show_details = self._changed, self.details.show
        desk.open_day_of = self._open_day_of
        self.statement = StatusLine()
        self.undo = _button("Undo", "Undo the last change of severities", "undo")
        self.undo.on_click(lambda _: desk.undo())
        self.reload = _button("Reload", "Show what colleagues have scored", "refresh")
        self.reload.on_click(lambda _: self._reload())
        bar = ipywidgets.HBox(
            [
                ipywidgets.HTML(f"<b>{self.day}</b>"),
                self.undo,
                self.reload,
                self.status.widget,
                self.statement.widget,
            ]
        )
        beside = ipywidgets.VBox([self.details.widget, self.requests.beside])
        for widget, name in (
            (bar, "desk-bar"),
            (self.status.widget, "desk-status"),
            (self.statement.widget, "desk-statement"),
            (self.tabs.widget, "desk-lists"),
            (beside, "desk-details"),
        ):
            widget.add_class(name)
        style = ipywidgets.HTML(f"<style>{_STYLE.read_text(encoding='utf-8')}</style>")
        style.layout.display = "none"
        super().__init__([style, bar, ipywidgets.HBox([self.tabs.widget, beside])])
        self.widget.add_class("edge-investigation")
        self._reload()

    def open_requests(self, filters: str) -> None:
        """Show the day's requests that match a filter."""
        self.requests.open(Subject(), filters)
        self.tabs.show("Requests")

    def _arrange(self, title: str) -> None:
        """Show at the right what belongs to the shown tab."""
        self.requests.beside.layout.display = None if title == "Requests" else "none"

    def _open_day_of(self, kind: str, value: str) -> None:
        if kind == "uri":
            self.open_requests(terms("uri", [value]))
            return
        self.requests.open(Subject(kind, value))
        self.tabs.show("Requests")

    def _changed(self) -> None:
        self.tabs.reload()

    def _reload(self) -> None:
        with self.statement.during("Reading what stands out"):
            results = self.deployment.workspace.results(self.day)
            statement = own_statement(self.deployment.hdfs, results)
            self.statement.done(f"In the day's log, {statement}" if statement else "")
        self.suspicious.forget_feedback()
        self.tabs.reload()


def _button(text: str, title: str, icon: str) -> ipywidgets.Button:
    return ipywidgets.Button(description=text, tooltip=title, icon=icon, layout={"width": "7em"})
