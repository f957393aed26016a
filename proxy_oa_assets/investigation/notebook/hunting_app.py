"""The application of `proxy-oa hunt`: the notebooks' screens of any materialized day, without code cells."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets

from proxy_oa_assets.investigation.materialized_days import materialized_days
from proxy_oa_assets.investigation.notebook.edge_investigation import EdgeInvestigation
from proxy_oa_assets.investigation.notebook.session import NotebookView, StatusLine, open_day
from proxy_oa_assets.investigation.notebook.threat_investigation import ThreatInvestigation
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.resources.deployment import deployment
from proxy_oa_assets.settings import load_settings

_SCREENS: dict[str, Callable[[Day, str], NotebookView]] = {
    "Suspicious connections": EdgeInvestigation,
    "Threats and stories": ThreatInvestigation,
}


class HuntingApp(NotebookView):
    """A day's screens, and the choice of the day: the newest, if none is given.

    A screen is made when it is looked at for the first time. Raises InvestigationError for a home without
    materialized days.
    """

    def __init__(self, day: Day | str | None = None, home: str | None = None) -> None:
        configured = deployment(load_settings(home))
        self._home, days = configured.workspace.home, materialized_days(configured)
        first = days[0] if day is None else open_day(day, home)[0]
        self._screens: dict[str, NotebookView] = {}
        self.status = StatusLine()
        self.day = ipywidgets.Dropdown(
            options=[each.key for each in sorted({*days, first}, reverse=True)],
            value=first.key,
            description="Day",
            layout=ipywidgets.Layout(width="14em"),
        )
        self.screen = ipywidgets.ToggleButtons(options=list(_SCREENS))
        self._shown = ipywidgets.VBox()
        bar = ipywidgets.HBox([self.day, self.screen, self.status.widget])
        super().__init__([bar, self._shown])
        self.widget.add_class("hunting-app")
        self.day.observe(lambda _: self._change_day(), "value")
        self.screen.observe(lambda _: self._show(), "value")
        self._show()

    def _show(self) -> None:
        name = str(self.screen.value)
        with self.status.during(f"Reading {self.day.value}"):
            if name not in self._screens:
                self._screens[name] = _SCREENS[name](Day.parse(str(self.day.value)), self._home)
            self._shown.children = [self._screens[name].widget]
            self.status.done("")

    def _change_day(self) -> None:
        before, self._screens = self._screens, {}
        self._show()
        for screen in before.values():
            _close(screen.widget)


def _close(widget: ipywidgets.Widget) -> None:
    """Close a widget and all in it: kernel and page would keep them otherwise."""
    for child in getattr(widget, "children", ()):
        _close(child)
    widget.close()
