"""The notebook Edge_Investigation: a day's connections, requests and severities on one screen."""

from __future__ import annotations

from pathlib import Path

import ipywidgets

from proxy_oa_assets.investigation.notebook.connection_details import ConnectionDetails
from proxy_oa_assets.investigation.notebook.desk import Desk, Tabs
from proxy_oa_assets.investigation.notebook.scored_lists import FeedbackList, ScoredList
from proxy_oa_assets.investigation.notebook.session import NotebookView, StatusLine, open_day
from proxy_oa_assets.investigation.notebook.suspicious_list import SuspiciousList
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.ranking.own_results import own_statement

_STYLE = Path(__file__).with_suffix(".css")
# The rest of a JupyterLab window: its own bars, ours, and the buttons below a list.
_LIST_HEIGHT = "max(220px, calc(100vh - 412px))"


class EdgeInvestigation(NotebookView):
    """A day's connections, to investigate and score: lists at the left, the clicked row at the right."""

    def __init__(self, day: Day | str, home: str | None = None) -> None:
        self.day, self.deployment = open_day(day, home)
        self.desk = Desk(self.day, self.deployment)
        self.desk.changed = self._changed
        self.details = ConnectionDetails(self.desk)
        self.desk.show_details = self.details.show
        self.scored = ScoredList(self.desk, _LIST_HEIGHT)
        self.feedback = FeedbackList(self.desk, _LIST_HEIGHT)
        self.suspicious = SuspiciousList(self.desk, self.feedback.read, _LIST_HEIGHT)
        self.tabs = Tabs({"Suspicious": self.suspicious, "Scored": self.scored, "Feedback": self.feedback})
        self.statement = StatusLine()
        self.status = self.desk.status
        self.undo = ipywidgets.Button(description="Undo", tooltip="Undo the last change", icon="undo")
        self.undo.on_click(lambda _: self.desk.undo())
        self.reload = ipywidgets.Button(
            description="Reload", tooltip="Show what colleagues have scored", icon="refresh"
        )
        self.reload.on_click(lambda _: self._reload())
        for button in (self.undo, self.reload):
            button.layout.width = "7em"
        day_name = ipywidgets.HTML(f"<b>{self.day}</b>")
        bar = ipywidgets.HBox([day_name, self.undo, self.reload, self.status.widget, self.statement.widget])
        for widget, name in (
            (bar, "desk-bar"),
            (self.statement.widget, "desk-statement"),
            (self.tabs.widget, "desk-lists"),
            (self.details.widget, "desk-details"),
        ):
            widget.add_class(name)
        screen = ipywidgets.HBox([self.tabs.widget, self.details.widget])
        style = ipywidgets.HTML(f"<style>{_STYLE.read_text(encoding='utf-8')}</style>")
        style.layout.display = "none"
        super().__init__([style, bar, screen])
        self.widget.add_class("edge-investigation")
        self._reload()

    def _changed(self) -> None:
        self.tabs.reload()

    def _reload(self) -> None:
        with self.statement.during("Reading what stands out"):
            results = self.deployment.workspace.results(self.day)
            statement = own_statement(self.deployment.hdfs, results)
            self.statement.done(f"In the day's log, {statement}" if statement else "")
        self.suspicious.forget_feedback()
        self.tabs.reload()
