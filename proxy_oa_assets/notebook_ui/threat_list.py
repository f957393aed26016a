"""The day's threats: URIs that have a severity, of which one is chosen."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets
import pandas as pd

from proxy_oa_assets.days import Day
from proxy_oa_assets.deployment import Deployment
from proxy_oa_assets.display import counted
from proxy_oa_assets.investigation.investigated import uri_text
from proxy_oa_assets.investigation.scoring import SEVERITIES, threats
from proxy_oa_assets.investigation.storyboard import storyboard
from proxy_oa_assets.notebook_ui.columns import THREATS
from proxy_oa_assets.notebook_ui.status import Status
from proxy_oa_assets.notebook_ui.text_table import Column, TextTable, first_of

_HIGH, *_ = SEVERITIES
_COLUMNS = (*THREATS, Column("story", "story"))


class ThreatList:
    """The list; `choose` is called with the URI of the row that is selected, or None."""

    def __init__(self, day: Day, at: Deployment, choose: Callable[[str | None], None]) -> None:
        self._day, self._at, self._choose = day, at, choose
        self._frame = pd.DataFrame()
        self.which = ipywidgets.ToggleButtons(options={"High risk": True, "All that are scored": False})
        self.reload = ipywidgets.Button(description="Reload", tooltip="See what colleagues have scored")
        self.status = Status()
        self.table = TextTable("Threats", selection="one", height="240px")
        self.which.observe(lambda _: self.load(), "value")
        self.reload.on_click(lambda _: self.load())
        self.table.observe(lambda _: self._chosen(), "selected")
        bar = ipywidgets.HBox([self.which, self.reload, self.status.widget])
        self.widget = ipywidgets.VBox([bar, self.table])

    def load(self) -> None:
        """Read the list again; the threat that is selected stays selected, if it is listed."""
        with self.status.during("Reading the threats"):
            before = self.selected()
            found = threats(self._day, deployment=self._at)
            if self.which.value:
                found = found[found["uri_sev"] == _HIGH].reset_index(drop=True)
            uris = [uri_text(uri) for uri in found["fulluri"]]
            told = set(map(uri_text, storyboard(self._day, deployment=self._at)["p_threat"]))
            self._frame = found.assign(story=["told" if uri in told else "" for uri in uris])
            severity = "the severity high" if self.which.value else "a severity"
            empty = f"No URI of {self._day} has {severity}: Edge_Investigation gives them"
            selected = [uris.index(before)] if before in uris else []
            self.table.show(self._frame, _COLUMNS, selected=selected, empty=empty)
            self.status.done(f"{counted(len(uris), 'URI')}{first_of(len(uris))}")

    def selected(self) -> str | None:
        """Return the URI that is selected."""
        rows = self._frame.iloc[self.table.selected]
        return next((uri_text(uri) for uri in rows.get("fulluri", ())), None)

    def _chosen(self) -> None:
        self._choose(self.selected())
