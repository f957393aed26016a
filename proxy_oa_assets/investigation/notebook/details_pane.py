"""The right side of a day's screen: what belongs to the shown tab, and to no other one."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets

from proxy_oa_assets.investigation.notebook.connection_details import ConnectionDetails
from proxy_oa_assets.investigation.notebook.day_requests import DayRequests
from proxy_oa_assets.investigation.notebook.desk import Row

# Their rows lead to another day, or have no details.
_ALONE = ("Days", "Feedback")


class DetailsPane:
    """The details of the row that the shown tab has selected.

    Beside the requests of a client or host stand its hosts or clients, until a request is selected; a button
    leads back to them. `shown` returns the title of the shown tab.
    """

    def __init__(self, details: ConnectionDetails, requests: DayRequests, shown: Callable[[], str]) -> None:
        self._details, self._requests, self._shown = details, requests, shown
        self._rows: dict[str, Row | None] = {}
        details.back.on_click(lambda _: requests.table.widget.unselect())
        self.widget = ipywidgets.VBox([details.widget, requests.side])
        self.widget.add_class("desk-details")

    def show(self, row: Row | None) -> None:
        """Show the row that the shown tab has selected; None for none."""
        self._rows[self._shown()] = row
        self.arrange(is_read=True)

    def arrange(self, *, is_read: bool) -> None:
        """Show what belongs to the shown tab; unless that `is_read`, no other row than the shown one."""
        title = self._shown()
        row = self._rows.get(title)
        if not is_read and row is not self._details.row:
            row = None
        has_side = title == "Requests" and bool(self._requests.subject.kind)
        self._requests.side.layout.display = None if has_side and row is None else "none"
        self._details.widget.layout.display = "none" if has_side and row is None else None
        self._details.back.layout.display = None if has_side else "none"
        self._details.back.description = "Hosts" if self._requests.subject.kind == "client" else "Clients"
        (self.widget.add_class if title in _ALONE else self.widget.remove_class)("desk-alone")
        self._details.show(row)
