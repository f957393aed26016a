"""The application of `proxy-oa hunt`: the notebooks' screens of any materialized day, without code cells."""

from __future__ import annotations

import ipywidgets

from proxy_oa_assets.investigation.materialized_days import materialized_days
from proxy_oa_assets.investigation.notebook.edge_investigation import EdgeInvestigation
from proxy_oa_assets.investigation.notebook.session import NotebookView, StatusLine, open_home
from proxy_oa_assets.investigation.notebook.threat_investigation import ThreatInvestigation
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import InvestigationError

_INVESTIGATION, _THREATS = "Investigation", "Threats and stories"


class HuntingApp(NotebookView):
    """A day's screens, and the choice of the day: the newest, if none is given.

    A screen is made when it is looked at for the first time. Raises InvestigationError for a home without
    materialized days.
    """

    def __init__(self, day: Day | str | None = None, home: str | None = None) -> None:
        configured = open_home(home)
        self._home, days = configured.workspace.home, materialized_days(configured)
        first = days[0] if day is None else Day.parse(str(day))
        self.screens: dict[str, NotebookView] = {}
        self.status = StatusLine()
        self.day = ipywidgets.Dropdown(
            options=[each.key for each in sorted({*days, first}, reverse=True)],
            value=first.key,
            description="Day",
            style={"description_width": "initial"},
            layout={"width": "11em"},
        )
        self.screen = ipywidgets.ToggleButtons(
            options=[_INVESTIGATION, _THREATS], style={"button_width": "12em"}, layout={"width": "auto"}
        )
        self._shown = ipywidgets.VBox()
        bar = ipywidgets.HBox([self.day, self.screen, self.status.widget], layout={"align_items": "center"})
        super().__init__([bar, self._shown])
        self.widget.add_class("hunting-app")
        self.day.observe(lambda _: self._change_day(), "value")
        self.screen.observe(lambda _: self._show(), "value")
        self._show()

    def open(self, day: Day, filters: str = "") -> None:
        """Switch to a day's investigation, with a filter to its requests. Raises InvestigationError."""
        if day.key not in self.day.options:
            raise InvestigationError(f"{day} isn't materialized; run `proxy-oa run --date {day}`")
        self.day.value, self.screen.value = day.key, _INVESTIGATION
        screen = self.screens.get(_INVESTIGATION)
        if filters and isinstance(screen, EdgeInvestigation):
            screen.open_requests(filters)

    def _show(self) -> None:
        name = str(self.screen.value)
        with self.status.during(f"Reading {self.day.value}"):
            if name in self.screens:
                self.screens[name].refresh()
            else:
                self.screens[name] = self._made(name)
            self._shown.children = [self.screens[name].widget]
            self.status.done("")

    def _made(self, name: str) -> NotebookView:
        day = Day.parse(str(self.day.value))
        if name == _THREATS:
            return ThreatInvestigation(day, self._home)
        screen = EdgeInvestigation(day, self._home)
        screen.open_day = self.open
        return screen

    def _change_day(self) -> None:
        before, self.screens = self.screens, {}
        self._show()
        for screen in before.values():
            _close(screen.widget)


def _close(widget: ipywidgets.Widget) -> None:
    """Close a widget and all in it: kernel and page would keep them otherwise."""
    for child in getattr(widget, "children", ()):
        _close(child)
    widget.close()
