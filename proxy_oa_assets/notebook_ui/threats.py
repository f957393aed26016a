"""The notebook Threat_Investigation: everything of a threat, and its story."""

from __future__ import annotations

import ipywidgets

from proxy_oa_assets.days import Day
from proxy_oa_assets.notebook_ui.expanded_search_panel import ExpandedSearchPanel
from proxy_oa_assets.notebook_ui.facts import Facts
from proxy_oa_assets.notebook_ui.session import open_day
from proxy_oa_assets.notebook_ui.shown import Shown
from proxy_oa_assets.notebook_ui.story_panel import StoryPanel
from proxy_oa_assets.notebook_ui.summary_panel import SummaryPanel
from proxy_oa_assets.notebook_ui.threat_list import ThreatList


class ThreatInvestigation(Shown):
    """The threats of a day: what the raw log has about each, and the story that is told of it.

    Example:
        >>> ThreatInvestigation("2016-09-12", "proxy_oa_home")

    """

    def __init__(self, day: Day | str, home: str | None = None) -> None:
        self.day, self.deployment = open_day(day, home)
        at = self.deployment
        self._about: str | None = None
        self.facts = Facts("The threat")
        self.search = ExpandedSearchPanel(self.day, at)
        self.summary = SummaryPanel(self.day, at, self._saved)
        self.story = StoryPanel(self.day, at)
        self.panels = ipywidgets.VBox(
            [self.facts.widget, self.search.widget, self.summary.widget, self.story.widget],
            layout=ipywidgets.Layout(display="none"),
        )
        self.list = ThreatList(self.day, at, self._choose)
        heading = ipywidgets.HTML(f"<h2>Threats of {self.day}</h2>")
        super().__init__([heading, self.list.widget, self.panels])
        self.list.load()

    def _choose(self, fulluri: str | None) -> None:
        """Show another threat; while the list is read again, the one that is shown stays."""
        if fulluri is None or fulluri == self._about:
            return
        self._about = fulluri
        self.panels.layout.display = None
        self.facts.show({"URI": fulluri})
        for panel in (self.search, self.summary, self.story):
            panel.load(fulluri)

    def _saved(self) -> None:
        self.list.load()
        self.story.load(self._about or "")
