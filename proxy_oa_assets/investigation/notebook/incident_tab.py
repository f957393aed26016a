"""The tab Incident: the connections that were gathered, their story, and what is done with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from proxy_oa_assets.investigation.notebook.desk import Desk
from proxy_oa_assets.investigation.notebook.incident_form import IncidentForm
from proxy_oa_assets.investigation.notebook.row_table import asked_for_many, hand_over_action
from proxy_oa_assets.investigation.notebook.text_table import severity_actions
from proxy_oa_assets.investigation.requests import requests_of
from proxy_oa_assets.model.tables import records
from proxy_oa_assets.model.text import counted


class IncidentTab:
    """The form of an incident; the clicked connection is shown beside it."""

    def __init__(self, desk: Desk, height: str) -> None:
        self._desk = desk
        actions = [
            *severity_actions(
                "Selected",
                lambda severity: desk.score(self._uris(), severity),
                keys="123",
                confirm=lambda _, numbers: asked_for_many(self._uris(numbers)),
            ),
            replace(
                hand_over_action("Selected", self._hand_over),
                title="Write the incident, or its selected connections, to a file of the format chosen above",
            ),
        ]
        self.form = IncidentForm(
            desk.day, desk.deployment, lambda _: None, on_select=self._show, actions=actions, height=height
        )
        self.widget = self.form.widget

    def load(self) -> None:
        """Read the list of saved incidents again."""
        self.form.reload()

    def requests(self) -> tuple[pd.DataFrame, str]:
        """Return the raw requests of the incident's connections, and what they are."""
        found = requests_of(self._desk.day, self.form.connections, deployment=self._desk.deployment)
        return found, f"The incident: {counted(len(found), 'request')}"

    def _hand_over(self) -> None:
        """Hand over some connections, or all; those of a saved incident with its title and text."""
        chosen, all_of_it = self.form.selected(), self.form.connections
        if chosen and len(chosen) < len(all_of_it):
            self._desk.hand_over(chosen)
        else:
            self._desk.hand_over(all_of_it, self.form.saved_key)

    def _uris(self, numbers: Sequence[int] | None = None) -> list[str]:
        return list(dict.fromkeys(uri for _, uri in self.form.selected(numbers)))

    def _show(self, _uri: str | None) -> None:
        chosen = self.form.selected()
        row = None
        if len(chosen) == 1:
            found = requests_of(self._desk.day, chosen, deployment=self._desk.deployment)
            row = next((dict(zip(found.columns, row, strict=True)) for row in records(found.head(1))), None)
        self._desk.show_details(row)
