"""The suspicious connections that nobody has given a severity: filtered, sorted, selected."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ipywidgets
import pandas as pd

from proxy_oa_assets.days import Day
from proxy_oa_assets.deployment import Deployment
from proxy_oa_assets.display import counted
from proxy_oa_assets.frames import records
from proxy_oa_assets.investigation.investigated import uri_text
from proxy_oa_assets.investigation.suspicious import suspicious
from proxy_oa_assets.notebook_ui.columns import SUSPICIOUS
from proxy_oa_assets.notebook_ui.status import Status
from proxy_oa_assets.notebook_ui.text_table import MOST_ROWS, Action, TextTable


class SuspiciousList:
    """The list and its filters; `chosen` is called when another row is selected."""

    def __init__(
        self, day: Day, at: Deployment, chosen: Callable[[], None], actions: Sequence[Action]
    ) -> None:
        self._day, self._at = day, at
        self._frame = pd.DataFrame()
        self.uri = _filter("URI contains", "a part of the URI")
        self.client = _filter("Client is", "a whole address")
        self.limit = ipywidgets.BoundedIntText(
            250, 1, MOST_ROWS, description="At most", layout=ipywidgets.Layout(width="12em")
        )
        self.status = Status()
        self.table = TextTable("Suspicious connections", selection="several", height="360px", actions=actions)
        for field in (self.uri, self.client, self.limit):
            field.observe(lambda _: self.load(), "value")
        self.table.observe(lambda _: chosen(), "selected")
        filters = ipywidgets.HBox([self.uri, self.client, self.limit])
        self.widget = ipywidgets.VBox([filters, self.status.widget, self.table])

    def load(self) -> None:
        """Read the list again, as the filters say."""
        with self.status.during("Reading the suspicious connections"):
            self._frame = suspicious(
                self._day, self.uri.value, self.client.value, self.limit.value, deployment=self._at
            )
            filtered = self.uri.value or self.client.value
            empty = (
                "No suspicious connection is like this"
                if filtered
                else f"Nothing is left to score on {self._day}, or the day wasn't materialized"
            )
            self.table.show(self._frame, SUSPICIOUS, empty=empty)
            full = ", and maybe more" if len(self._frame) == self.limit.value else ""
            listed = counted(len(self._frame), "connection")
            self.status.done(f"{listed} without a severity{full}, the most suspicious first")

    def selected(self) -> list[dict[str, object]]:
        """Return the selected rows of `suspicious`."""
        rows = list(records(self._frame.iloc[self.table.selected]))
        return [dict(zip(self._frame.columns, row, strict=True)) for row in rows]

    def uris_of_hosts(self, hosts: set[object]) -> list[str]:
        """Return the listed URIs of some hosts."""
        listed = records(self._frame[["fulluri", "host"]])
        return list(dict.fromkeys(uri_text(uri) for uri, host in listed if host in hosts))


def _filter(description: str, placeholder: str) -> ipywidgets.Text:
    # It filters when Enter is pressed or the field left: each letter would be a query.
    return ipywidgets.Text(
        description=description,
        placeholder=placeholder,
        continuous_update=False,
        style={"description_width": "initial"},
    )
