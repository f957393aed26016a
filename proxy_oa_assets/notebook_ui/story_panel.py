"""The story of a threat that was saved: when each client met it, who led there, and where it led."""

from __future__ import annotations

import ipywidgets

from proxy_oa_assets.days import Day
from proxy_oa_assets.deployment import Deployment
from proxy_oa_assets.investigation.storyboard import incident_progression, timeline
from proxy_oa_assets.notebook_ui.status import Status
from proxy_oa_assets.story.plots import referer_chain_svg, timeline_svg


class StoryPanel:
    """Two pictures. A browser runs nothing in a picture, and follows no link."""

    def __init__(self, day: Day, at: Deployment) -> None:
        self._day, self._at = day, at
        self.status = Status()
        self.timeline = _picture()
        self.chain = _picture()
        self.pictures = ipywidgets.VBox(
            [
                ipywidgets.HTML("<h3>Timeline</h3>"),
                self.timeline,
                ipywidgets.HTML("<h3>Who led there, where it led</h3>"),
                self.chain,
            ]
        )
        self.widget = ipywidgets.VBox([self.status.widget, self.pictures])

    def load(self, fulluri: str) -> None:
        """Show a threat's story, if one was saved."""
        self.pictures.layout.display = "none"
        with self.status.during("Reading the story"):
            progression = incident_progression(self._day, fulluri, deployment=self._at)
            if progression is None:
                self.status.done("Save story makes its timeline and its incident progression")
                return
            rows = timeline(self._day, fulluri, deployment=self._at)
            self.timeline.value = timeline_svg(rows).encode("utf-8")
            self.chain.value = referer_chain_svg(progression).encode("utf-8")
            self.pictures.layout.display = None
            self.status.done("")


def _picture() -> ipywidgets.Image:
    return ipywidgets.Image(format="svg+xml", layout=ipywidgets.Layout(max_width="100%"))
