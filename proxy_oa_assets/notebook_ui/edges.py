"""The notebook Edge_Investigation: suspicious connections, what is behind them, and how severe they are."""

from __future__ import annotations

import ipywidgets

from proxy_oa_assets.days import Day
from proxy_oa_assets.display import counted
from proxy_oa_assets.investigation.investigated import uri_text
from proxy_oa_assets.investigation.scoring import SEVERITIES
from proxy_oa_assets.notebook_ui.connection_details import ConnectionDetails
from proxy_oa_assets.notebook_ui.given_severities import GivenSeverities
from proxy_oa_assets.notebook_ui.scored_list import ScoredList
from proxy_oa_assets.notebook_ui.session import open_day
from proxy_oa_assets.notebook_ui.severity_actions import severity_actions
from proxy_oa_assets.notebook_ui.shown import Shown
from proxy_oa_assets.notebook_ui.status import Status
from proxy_oa_assets.notebook_ui.suspicious_list import SuspiciousList


class EdgeInvestigation(Shown):
    """The suspicious connections of a day, to be looked into and scored.

    Example:
        >>> EdgeInvestigation("2016-09-12", "proxy_oa_home")

    """

    def __init__(self, day: Day | str, home: str | None = None) -> None:
        self.day, self.deployment = open_day(day, home)
        at = self.deployment
        self._given = GivenSeverities(self.day, at)
        actions = [
            *severity_actions("Selected URIs", self._score_uris),
            *severity_actions("Their whole hosts", self._score_hosts),
        ]
        self.suspicious = SuspiciousList(self.day, at, self._chosen, actions)
        self.details = ConnectionDetails(self.day, at)
        self.scored = ScoredList(self.day, at, self._give)
        self.undo = ipywidgets.Button(description="Undo", tooltip="Take back the last click", icon="undo")
        self.undo.on_click(lambda _: self._undo())
        self.reload = ipywidgets.Button(description="Reload", tooltip="See what colleagues have scored")
        self.reload.on_click(lambda _: self._load())
        self.status = Status()
        looking = ipywidgets.VBox([self.suspicious.widget, self.details.widget])
        tabs = ipywidgets.Tab([looking, self.scored.widget], titles=["Suspicious", "Scored"])
        heading = ipywidgets.HTML(f"<h2>Suspicious connections of {self.day}</h2>")
        bar = ipywidgets.HBox([self.undo, self.reload, self.status.widget])
        super().__init__([heading, bar, tabs])
        self._load()

    def _load(self) -> None:
        self.suspicious.load()
        self.scored.load()

    def _chosen(self) -> None:
        """Show the connection that is selected; of several, none."""
        rows = self.suspicious.selected()
        if len(rows) == 1:
            self.details.show(rows[0])
        else:
            self.details.hide()

    def _score_uris(self, severity: int) -> None:
        self._give([uri_text(row["fulluri"]) for row in self.suspicious.selected()], severity)

    def _score_hosts(self, severity: int) -> None:
        hosts = {row["host"] for row in self.suspicious.selected()}
        self._give(self.suspicious.uris_of_hosts(hosts), severity)

    def _give(self, uris: list[str], severity: int | None) -> None:
        if not uris:
            self.status.failed("Select a row first")
            return
        with self.status.during("Recording"):
            changed = counted(self._given.give(uris, severity), "URI")
            self._load()
            what = f"scored {SEVERITIES[severity]}" if severity else "without a severity again"
            self.status.done(f"{changed} {what}")

    def _undo(self) -> None:
        with self.status.during("Taking it back"):
            undone = self._given.undo()
            if undone is None:
                self.status.failed("This notebook has scored nothing that could be taken back")
                return
            ours, others = undone
            self._load()
            stay = f"; {counted(others, 'URI')} that somebody else has scored since stay" if others else ""
            self.status.done(f"{counted(ours, 'URI')} as before{stay}")
