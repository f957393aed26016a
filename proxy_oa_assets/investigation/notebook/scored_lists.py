"""The tabs Scored and Feedback: what has a severity that day, and what those of earlier days do to it."""

from __future__ import annotations

import ipywidgets
import pandas as pd

from proxy_oa_assets.investigation.day_context import uri_text
from proxy_oa_assets.investigation.filters import exactly
from proxy_oa_assets.investigation.notebook.columns import columns
from proxy_oa_assets.investigation.notebook.desk import Desk
from proxy_oa_assets.investigation.notebook.session import StatusLine
from proxy_oa_assets.investigation.notebook.text_table import (
    Action,
    TextTable,
    cut_note,
    severity_actions,
)
from proxy_oa_assets.investigation.requests import found_requests
from proxy_oa_assets.investigation.score import threats
from proxy_oa_assets.investigation.weighing import feedback_in_effect, feedback_of
from proxy_oa_assets.model.tables import records
from proxy_oa_assets.model.text import counted
from proxy_oa_assets.ranking.feedback import Feedback

_SCORED = columns("uri_sev fulluri")
_FEEDBACK = columns("effect points host clients given_on until by because")


class ScoredList:
    """The URIs with a severity, which can be scored again."""

    def __init__(self, desk: Desk, height: str) -> None:
        self._desk = desk
        self._frame = pd.DataFrame()
        self.status = StatusLine()
        again = severity_actions(
            "Score again", lambda severity: desk.score(self.selected(), severity), keys="123"
        )
        remove = Action(
            line="Score again",
            text="Remove",
            title="Remove the severity of the selected URIs: they are suspicious again",
            do=lambda: desk.score(self.selected(), None),
        )
        self.table = TextTable("Scored URIs", selection="several", height=height, actions=[*again, remove])
        self.table.observe(lambda _: self._select(), "selected")
        self.widget = ipywidgets.VBox([self.status.widget, self.table])

    def load(self) -> None:
        """Read the list again."""
        day = self._desk.day
        with self.status.during("Reading the scored URIs"):
            self._frame = threats(day, deployment=self._desk.deployment)
            self.table.show(self._frame, _SCORED, empty=f"No URI of {day} has a severity")
            scored = len(self._frame)
            self.status.done(f"{counted(scored, 'URI')} with a severity, the gravest first{cut_note(scored)}")

    def _select(self) -> None:
        """Show a URI's earliest request beside the list."""
        uris, desk = self.selected(), self._desk
        row = None
        if len(uris) == 1:
            with desk.status.during("Reading its earliest request"):
                wanted = exactly("uri", *uris)
                found = found_requests(desk.day, wanted, limit=1, deployment=desk.deployment).frame
                row = next((dict(zip(found.columns, row, strict=True)) for row in records(found)), None)
                desk.status.done("")
        desk.show_details(row)

    def selected(self) -> list[str]:
        """Return the selected URIs."""
        return [uri_text(uri) for (uri,) in records(self._frame.iloc[self.table.selected][["fulluri"]])]


class FeedbackList:
    """What feedback on earlier days, and the site's lists, do to the day's order."""

    def __init__(self, desk: Desk, height: str) -> None:
        self._desk = desk
        self._feedback: Feedback | None = None
        self.status = StatusLine()
        self.table = TextTable("Feedback", height=height)
        self.widget = ipywidgets.VBox([self.status.widget, self.table])

    def read(self) -> Feedback | None:
        """Read what counts again, and return it; None if it can't be read."""
        self._feedback = None
        with self.status.during("Reading the feedback of the days before"):
            self._feedback = feedback_of(self._desk.day, self._desk.deployment)
            self.status.done("")
        return self._feedback

    def load(self) -> None:
        """Show what was read."""
        if self._feedback is None:
            return
        day, found = self._desk.day, feedback_in_effect(self._feedback)
        empty = f"No URI was given a low or high severity in the {self._feedback.days} days before {day}"
        self.table.show(found, _FEEDBACK, empty=empty)
        self.status.done(
            f"What lowers or raises alike connections of {day}, and the last day on which it counts"
            f"{cut_note(len(found))}"
        )
