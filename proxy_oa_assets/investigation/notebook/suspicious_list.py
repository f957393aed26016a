"""The tab Suspicious: the connections without a severity, the most suspicious first."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets
import pandas as pd

from proxy_oa_assets.investigation.day_context import uri_text
from proxy_oa_assets.investigation.notebook.columns import columns
from proxy_oa_assets.investigation.notebook.desk import Desk, Row
from proxy_oa_assets.investigation.notebook.session import StatusLine
from proxy_oa_assets.investigation.notebook.text_table import (
    MOST_ROWS,
    TextTable,
    severity_actions,
)
from proxy_oa_assets.investigation.search import suspicious
from proxy_oa_assets.model.tables import records
from proxy_oa_assets.model.text import counted
from proxy_oa_assets.ranking.feedback import Feedback
from proxy_oa_assets.ranking.reasons import sentence

_SUSPICIOUS = columns("ml_score time clientip fulluri because uri_rep reqmethod network_context scored_rows")


class SuspiciousList:
    """The suspicious connections and their filters."""

    def __init__(self, desk: Desk, feedback: Callable[[], Feedback | None], height: str) -> None:
        self._desk, self._read_feedback = desk, feedback
        self._frame = pd.DataFrame()
        self._feedback: Feedback | None = None
        self.uri = _filter("URI contains", "a part of the URI")
        self.client = _filter("Client is", "a whole address")
        self.limit = ipywidgets.BoundedIntText(
            250, 1, MOST_ROWS, description="At most", layout=ipywidgets.Layout(width="11em")
        )
        self.status = StatusLine()
        actions = [
            *severity_actions("Selected URIs", self._score_uris),
            *severity_actions("Their whole hosts", self._score_hosts),
        ]
        self.table = TextTable("Suspicious connections", selection="several", height=height, actions=actions)
        for field in (self.uri, self.client, self.limit):
            field.observe(lambda _: self.load(), "value")
        self.table.observe(lambda _: self._select(), "selected")
        filters = ipywidgets.HBox([self.uri, self.client, self.limit])
        self.widget = ipywidgets.VBox([filters, self.table, self.status.widget])

    def load(self) -> None:
        """Read the list again with the current filters."""
        day = self._desk.day
        if self._feedback is None:
            self._feedback = self._read_feedback()
        with self.status.during("Reading the suspicious connections"):
            found = suspicious(
                day,
                self.uri.value,
                self.client.value,
                self.limit.value,
                feedback=self._feedback,
                deployment=self._desk.deployment,
            )
            words = records(found[["word", "feedback"]])
            self._frame = found.assign(because=[sentence(word, now) for word, now in words])
            empty = f"{day} has nothing left to score, or isn't materialized"
            if self.uri.value or self.client.value:
                empty = "No suspicious connection matches the filters"
            self.table.show(self._frame, _SUSPICIOUS, empty=empty)
            full = ", and maybe more" if len(self._frame) == self.limit.value else ""
            listed = counted(len(self._frame), "connection")
            self.status.done(f"{listed} without a severity{full}, the most suspicious first")

    def forget_feedback(self) -> None:
        """Read the feedback again with the next list."""
        self._feedback = None

    def selected(self) -> list[Row]:
        """Return the selected rows of `suspicious`."""
        rows = list(records(self._frame.iloc[self.table.selected]))
        return [dict(zip(self._frame.columns, row, strict=True)) for row in rows]

    def _select(self) -> None:
        rows = self.selected()
        self._desk.show_details(rows[0] if len(rows) == 1 else None)

    def _score_uris(self, severity: int) -> None:
        self._desk.score([uri_text(row["fulluri"]) for row in self.selected()], severity)

    def _score_hosts(self, severity: int) -> None:
        hosts = {row["host"] for row in self.selected()}
        listed = records(self._frame[["fulluri", "host"]])
        self._desk.score([uri_text(uri) for uri, host in listed if host in hosts], severity)


def _filter(description: str, placeholder: str) -> ipywidgets.Text:
    # Not continuous: each letter would run a query. Enter or leaving the field applies it.
    return ipywidgets.Text(
        description=description,
        placeholder=placeholder,
        continuous_update=False,
        style={"description_width": "initial"},
    )
