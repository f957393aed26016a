"""The application of `proxy-oa hunt`: the notebooks' screens of any materialized day, without code cells."""

from __future__ import annotations

import ipywidgets

from proxy_oa_assets.investigation.materialized_days import materialized_days
from proxy_oa_assets.investigation.notebook.days import Days
from proxy_oa_assets.investigation.notebook.edge_investigation import EdgeInvestigation
from proxy_oa_assets.investigation.notebook.session import NotebookView, StatusLine, open_day
from proxy_oa_assets.investigation.notebook.threat_investigation import ThreatInvestigation
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.resources.deployment import deployment
from proxy_oa_assets.settings import load_settings

_INVESTIGATION, _THREATS, _DAYS = "Investigation", "Threats and stories", "Days"
_OF_A_DAY: dict[str, type[EdgeInvestigation | ThreatInvestigation]] = {
    _INVESTIGATION: EdgeInvestigation,
    _THREATS: ThreatInvestigation,
}
_LIST_HEIGHT = "max(200px, calc(100vh - 220px))"


class HuntingApp(NotebookView):
    """A day's screens, the choice of the day (the newest, if none is given), and a search over days.

    A screen is made when it is looked at for the first time. Raises InvestigationError for a home without
    materialized days.
    """

    def __init__(self, day: Day | str | None = None, home: str | None = None) -> None:
        configured = deployment(load_settings(home))
        self._home, days = configured.workspace.home, materialized_days(configured)
        first = days[0] if day is None else open_day(day, home)[0]
        self._screens: dict[str, EdgeInvestigation | ThreatInvestigation] = {}
        self.status = StatusLine()
        self.day = ipywidgets.Dropdown(
            options=[each.key for each in sorted({*days, first}, reverse=True)],
            value=first.key,
            description="Day",
            style={"description_width": "initial"},
            layout={"width": "11em"},
        )
        self.screen = ipywidgets.ToggleButtons(
            options=[*_OF_A_DAY, _DAYS], style={"button_width": "12em"}, layout={"width": "auto"}
        )
        self.days = Days(configured, self.open, _LIST_HEIGHT)
        self._shown = ipywidgets.VBox()
        bar = ipywidgets.HBox([self.day, self.screen, self.status.widget])
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
        screen = self._screens.get(_INVESTIGATION)
        if filters and isinstance(screen, EdgeInvestigation):
            screen.open_requests(filters)

    def _show(self) -> None:
        name = str(self.screen.value)
        with self.status.during(f"Reading {self.day.value}"):
            if name == _DAYS:
                self._shown.children = [self.days.widget]
                self.days.load()
            elif name in self._screens:
                self._shown.children = [self._screens[name].widget]
                self._screens[name].refresh()
            else:
                screen = _OF_A_DAY[name](Day.parse(str(self.day.value)), self._home)
                if isinstance(screen, EdgeInvestigation):
                    screen.open_day = self.open
                self._screens[name] = screen
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
