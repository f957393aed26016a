"""The URIs that have a severity: scored again, or taken back."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets
import pandas as pd

from proxy_oa_assets.days import Day
from proxy_oa_assets.deployment import Deployment
from proxy_oa_assets.display import counted
from proxy_oa_assets.frames import records
from proxy_oa_assets.investigation.investigated import uri_text
from proxy_oa_assets.investigation.scoring import threats
from proxy_oa_assets.notebook_ui.columns import THREATS
from proxy_oa_assets.notebook_ui.severity_actions import severity_actions
from proxy_oa_assets.notebook_ui.status import Status
from proxy_oa_assets.notebook_ui.text_table import Action, TextTable, first_of


class ScoredList:
    """The list and its buttons; `give` is called with the selected URIs and a severity, or None."""

    def __init__(self, day: Day, at: Deployment, give: Callable[[list[str], int | None], None]) -> None:
        self._day, self._at = day, at
        self._frame = pd.DataFrame()
        self.status = Status()
        again = severity_actions("Score again", lambda severity: give(self.selected(), severity))
        take_back = Action(
            line="Score again",
            text="Take back",
            title="The selected URIs have no severity then, and are suspicious again",
            do=lambda: give(self.selected(), None),
        )
        self.table = TextTable(
            "Scored URIs", selection="several", height="360px", actions=[*again, take_back]
        )
        self.widget = ipywidgets.VBox([self.status.widget, self.table])

    def load(self) -> None:
        """Read the list again."""
        with self.status.during("Reading the scored URIs"):
            self._frame = threats(self._day, deployment=self._at)
            self.table.show(self._frame, THREATS, empty=f"No URI of {self._day} has a severity")
            scored = len(self._frame)
            self.status.done(f"{counted(scored, 'URI')} with a severity, the gravest first{first_of(scored)}")

    def selected(self) -> list[str]:
        """Return the selected URIs."""
        return [uri_text(uri) for (uri,) in records(self._frame.iloc[self.table.selected][["fulluri"]])]
