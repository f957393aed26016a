"""The tab Suspicious: the connections without a severity, the most suspicious first."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets

from proxy_oa_assets.investigation.notebook.columns import columns
from proxy_oa_assets.investigation.notebook.desk import Desk
from proxy_oa_assets.investigation.notebook.filter_box import FilterBox
from proxy_oa_assets.investigation.notebook.row_table import RowTable
from proxy_oa_assets.investigation.notebook.session import StatusLine
from proxy_oa_assets.investigation.notebook.text_table import MOST_ROWS
from proxy_oa_assets.investigation.search import suspicious_listed
from proxy_oa_assets.model.tables import records
from proxy_oa_assets.model.text import counted
from proxy_oa_assets.ranking.feedback import Feedback
from proxy_oa_assets.ranking.reasons import sentence

_SUSPICIOUS = columns(
    "uri_rep time clientip host fulluri because network_context ml_score? reqmethod? respcode? "
    "resconttype? csbytes? scbytes? referer? useragent? username? webcat? scored_rows?"
)


class SuspiciousList:
    """The suspicious connections, filtered, page by page."""

    def __init__(self, desk: Desk, feedback: Callable[[], Feedback | None], height: str) -> None:
        self._desk, self._read_feedback = desk, feedback
        self._feedback: Feedback | None = None
        self._offset = 0
        self.filter = FilterBox(self._show_first)
        self.limit = ipywidgets.BoundedIntText(
            250, 1, MOST_ROWS, description="Rows per page", layout={"width": "13em"}
        )
        self.limit.style.description_width = "8em"
        self.limit.observe(lambda _: self._show_first(), "value")
        self.status = StatusLine()
        self.table = RowTable(
            desk, "Suspicious connections", _SUSPICIOUS, height=height, on_page=self._show_page
        )
        line = ipywidgets.HBox([self.filter.text, self.filter.question, self.limit])
        self.widget = ipywidgets.VBox([line, self.filter.help, self.table.widget, self.status.widget])

    def load(self) -> None:
        """Read the shown page again."""
        self._show_page(self._offset)

    def forget_feedback(self) -> None:
        """Read the feedback again with the next list."""
        self._feedback = None

    def _show_first(self) -> None:
        self._show_page(0)

    def _show_page(self, offset: int) -> None:
        self._offset = offset
        day = self._desk.day
        if self._feedback is None:
            self._feedback = self._read_feedback()
        reading = self.status.during("Reading the suspicious connections")
        with reading, self.filter.applied_to(self.table.widget):
            listed = suspicious_listed(
                day,
                self.filter.value,
                offset=offset,
                limit=self.limit.value,
                feedback=self._feedback,
                deployment=self._desk.deployment,
            )
            if offset and listed.frame.empty:
                # All of the last page was scored.
                self._show_page(max(0, offset - self.limit.value))
                return
            words = records(listed.frame[["word", "feedback"]])
            frame = listed.frame.assign(because=[sentence(word, now) for word, now in words])
            empty = f"{day} has nothing left to score, or isn't materialized"
            if self.filter.value:
                empty = "No suspicious connection matches the filter"
            self.table.show(frame, empty=empty, total=listed.total, offset=listed.offset)
            self.status.done(
                f"{counted(listed.total, 'connection')} without a severity, the most suspicious first"
            )
