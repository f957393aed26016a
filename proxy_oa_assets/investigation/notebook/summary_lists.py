"""The tabs Clients and Hosts: a row for each, which leads to its day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import ipywidgets
import pandas as pd

from proxy_oa_assets.investigation.day_context import uri_text
from proxy_oa_assets.investigation.filters import exactly
from proxy_oa_assets.investigation.listed import Connection, Listed
from proxy_oa_assets.investigation.notebook.columns import columns
from proxy_oa_assets.investigation.notebook.desk import Desk
from proxy_oa_assets.investigation.notebook.filter_box import FilterBox
from proxy_oa_assets.investigation.notebook.row_table import connections_of, hand_over_action
from proxy_oa_assets.investigation.notebook.session import StatusLine
from proxy_oa_assets.investigation.notebook.text_table import Action, TextTable, severity_actions
from proxy_oa_assets.investigation.requests import found_requests
from proxy_oa_assets.model.tables import records
from proxy_oa_assets.model.text import counted

_COLUMNS = {
    "client": columns(
        "clientip requests hosts useragents content_types ml_score uri_sev csbytes? scbytes? first? "
        "last? word? uri_rep? connections?"
    ),
    "host": columns(
        "host requests clients useragents content_types ml_score uri_sev csbytes? scbytes? first? "
        "last? word? uri_rep? connections?"
    ),
}
_PAGE = 500
_WORST_FIRST = "ml_score"
# The columns that the summaries sort upwards; the others begin with the most.
_ASCENDING = ("clientip", "host", "first", "ml_score", "uri_sev", "uri_rep")
# A host's connections that go into an incident or a file at once.
_MOST_REQUESTS = 10_000


class SummaryList:
    """A day's clients or hosts, filtered and sorted."""

    def __init__(
        self, desk: Desk, kind: Literal["client", "host"], summaries: Callable[..., Listed], height: str
    ) -> None:
        self._desk, self._kind, self._summaries = desk, kind, summaries
        self._frame = pd.DataFrame()
        self._offset = self._total = 0
        self._order, self._is_reversed = _WORST_FIRST, False
        self.filter = FilterBox(lambda: self._show_page(0))
        self.status = StatusLine()
        whole = "Whole hosts" if kind == "host" else "All their URIs"
        actions = [
            *severity_actions(whole, self._score, keys="123", confirm=lambda _, numbers: self._ask(numbers)),
            Action(
                line=whole,
                text="To incident",
                title="Add all connections of the selected rows to the incident",
                do=lambda: desk.add_to_incident(self._connections()),
                key="a",
            ),
            hand_over_action(whole, lambda: desk.hand_over(self._connections())),
        ]
        self.table = TextTable(
            f"{kind.capitalize()}s",
            selection="several",
            height=height,
            actions=actions,
            on_pivot=self._pivot,
            on_page=self._show_page,
            on_sort=lambda column, descending: self._sort(column, descending=descending),
        )
        self.table.observe(lambda _: self._select(), "selected")
        line = ipywidgets.HBox([self.filter.text, self.filter.question])
        self.widget = ipywidgets.VBox([line, self.filter.help, self.table, self.status.widget])

    def load(self) -> None:
        """Read the shown page again."""
        self._show_page(self._offset)

    def _sort(self, column: str | None, *, descending: bool) -> None:
        self._order = "ml_score" if column == "word" else column or _WORST_FIRST
        self._is_reversed = column is not None and descending == (self._order in _ASCENDING)
        self._show_page(0)

    def _show_page(self, offset: int) -> None:
        self._offset = offset
        reading = self.status.during(f"Counting the requests of the day's {self._kind}s")
        with reading, self.filter.applied_to(self.table):
            listed = self._listed(offset)
            self._frame, self._total = listed.frame, listed.total
            self.table.show(
                self._frame,
                _COLUMNS[self._kind],
                empty=f"No {self._kind} matches the filter",
                total=listed.total,
                offset=offset,
            )
            self.status.done(f"{counted(listed.total, self._kind)}; a click on one opens its day")

    def _listed(self, offset: int) -> Listed:
        def page(offset: int, limit: int) -> Listed:
            return self._summaries(
                self._desk.day,
                filters=self.filter.value,
                order=self._order,
                offset=offset,
                limit=limit,
                deployment=self._desk.deployment,
            )

        if not self._is_reversed:
            return page(offset, _PAGE)
        # From the end: how many there are is known since the list was read.
        last = max(0, self._total - offset)
        listed = page(max(0, last - _PAGE), min(_PAGE, max(1, last)))
        return Listed(listed.frame[::-1].reset_index(drop=True), listed.total, offset)

    def _select(self) -> None:
        rows = list(records(self._frame.iloc[self.table.selected]))
        found = [dict(zip(self._frame.columns, row, strict=True)) for row in rows]
        self._desk.show_details(found[0] if len(found) == 1 else None)

    def _pivot(self, kind: str, number: int) -> None:
        self._desk.open_day_of(kind, self._values([number])[0])

    def _values(self, numbers: Sequence[int]) -> list[str]:
        column = "clientip" if self._kind == "client" else "host"
        return [uri_text(value) for value in self._frame[column].iloc[list(numbers)]]

    def _found(self, numbers: Sequence[int], limit: int = _MOST_REQUESTS) -> Listed:
        """Return the requests of some rows, as far as the filter lets them through."""
        filters = f"{self.filter.value} {exactly(self._kind, *self._values(numbers))}"
        return found_requests(self._desk.day, filters, limit=limit, deployment=self._desk.deployment)

    def _connections(self) -> list[Connection]:
        return connections_of(self._found(self.table.selected).frame) if self.table.selected else []

    def _ask(self, numbers: list[int]) -> str | None:
        if not numbers:
            return None
        return f"Score {counted(len(self._uris(numbers)), 'URI')}, those of the raw log as well? Click again"

    def _score(self, severity: int) -> None:
        self._desk.score(self._uris(self.table.selected), severity)

    def _uris(self, numbers: Sequence[int]) -> list[str]:
        if not numbers:
            return []
        if self._kind == "host":
            return self._desk.uris_of_hosts(self._values(numbers))
        return list(dict.fromkeys(uri for _, uri in connections_of(self._found(numbers).frame)))
