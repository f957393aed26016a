"""The tab Map: the hosts of some requests as a graph, with buttons that act on the selected ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import ipywidgets
import pandas as pd

from proxy_oa_assets.investigation.day_context import uri_text
from proxy_oa_assets.investigation.listed import Connection
from proxy_oa_assets.investigation.notebook.desk import Desk
from proxy_oa_assets.investigation.notebook.force_graph import ForceGraph
from proxy_oa_assets.investigation.notebook.row_table import connections_of
from proxy_oa_assets.investigation.notebook.session import StatusLine, button
from proxy_oa_assets.model.text import counted

# The requests to draw, and what they are.
Source = Callable[[], tuple[pd.DataFrame, str]]


class HostMap:
    """A graph of the hosts of one of several `sources` of requests, each with the label of its button."""

    def __init__(self, desk: Desk, sources: Mapping[str, Source], height: str) -> None:
        self._desk, self._sources, self._height = desk, sources, height
        self._frame = pd.DataFrame()
        self.graph: ForceGraph | None = None
        self.status = StatusLine()
        self.source = ipywidgets.ToggleButtons(options=list(sources), style={"button_width": "auto"})
        self.source.observe(lambda _: self.load(), "value")
        line = ipywidgets.HBox(
            [
                self.source,
                button("Its day", "All requests of the day to the selected host", self._open_day),
                button(
                    "To incident",
                    "Add the connections of the selected hosts that are drawn",
                    lambda: desk.add_to_incident(self._connections()),
                ),
                button(
                    "Hand over",
                    "Write the connections of the selected hosts to a file of the format chosen above",
                    lambda: desk.hand_over(self._connections()),
                ),
            ]
        )
        self._place = ipywidgets.VBox()
        self.widget = ipywidgets.VBox([line, self._place, self.status.widget])

    def load(self) -> None:
        """Draw the graph again. The first one sends its library to the browser."""
        if self.graph is None:
            self.graph = ForceGraph(self._select, height=self._height)
            self._place.children = [self.graph]
        with self.status.during("Reading the requests"):
            try:
                self._frame, what = self._sources[str(self.source.value)]()
            except Exception:
                # The hosts that are drawn are those of another filter.
                self.graph.clear()
                raise
            finally:
                self._desk.show_details(None)
            self.graph.show(self._frame)
            self.status.done(what)

    def _select(self, hosts: list[str]) -> None:
        self._desk.show_details({"host": hosts[0]} if len(hosts) == 1 else None)
        if hosts:
            self.status.done(f"{counted(len(hosts), 'host')} selected")

    def _selected(self) -> list[str]:
        return self.graph.selected if self.graph else []

    def _open_day(self) -> None:
        hosts = self._selected()
        if len(hosts) != 1:
            self._desk.status.failed("Select one host in the graph first")
            return
        self._desk.open_day_of("host", hosts[0])

    def _connections(self) -> list[Connection]:
        # A log writes a host as each client did.
        hosts = {host.lower() for host in self._selected()}
        if not hosts:
            return []
        return connections_of(self._frame[self._frame["host"].map(uri_text).str.lower().isin(hosts)])
