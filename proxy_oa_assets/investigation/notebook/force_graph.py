"""The graph of hosts: who asked which, which led to which, and when; a click selects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import anywidget
import pandas as pd
import traitlets

from proxy_oa_assets.enrichment.reputation.verdict import gravest
from proxy_oa_assets.investigation.host_graph import HostGraph, Link, Node, host_graph
from proxy_oa_assets.investigation.notebook.messages import ViewMessage, has_places, understood
from proxy_oa_assets.model.clock import clock_with_seconds
from proxy_oa_assets.model.text import counted, printable, shortened
from proxy_oa_assets.ranking.reasons import sentence

_FOLDER = Path(__file__).parent
_PARTS = ("graph_style", "graph_time", "graph_table", "force_graph")
# In characters; a client can send a name of any length.
_LABEL, _NAME, _DETAILS, _METHOD = 32, 400, 1_000, 16
_MOST_METHODS = 4
# More distinct moments than that are counted by the minute.
_MOST_TIMES = 20_000


def _module() -> str:
    """Return the widget's module with its parts and Cytoscape.js in it: a widget can load no second file."""
    library = (_FOLDER / "cytoscape.esm.min.mjs").read_text(encoding="utf-8")
    body, _, exported = library.rpartition("export{")
    parts = [f"{body}const cytoscape={exported.partition(' as default')[0]};"]
    parts += [(_FOLDER / f"{name}.js").read_text(encoding="utf-8") for name in _PARTS]
    return "\n".join(parts)


class ForceGraph(anywidget.AnyWidget):
    """The hosts of some requests as a graph over time, coloured by how grave they are.

    `on_select` is called with the selected hosts, none for no selection; a click on a client selects the
    hosts that it asked. `selected` has them, too. A table below the graph has the same for keyboards and
    screen readers.

    Example:
        >>> graph = ForceGraph(lambda hosts: ...)
        >>> graph.show(client_requests(day, "10.20.1.17").frame)

    """

    _esm = _module()
    _css = _FOLDER / "force_graph.css"

    content = traitlets.Dict().tag(sync=True)
    height = traitlets.Unicode().tag(sync=True)

    def __init__(self, on_select: Callable[[list[str]], None], *, height: str = "420px") -> None:
        super().__init__(content=_content(0, HostGraph([], [], 0, 0)), height=height)
        self.selected: list[str] = []
        self._hosts: list[str] = []
        self._on_select = on_select
        self._latest: dict[str, int] = {}
        # The browser's part can write `content`.
        self._version = 0
        self.on_msg(self._receive)

    def show(self, requests: pd.DataFrame) -> None:
        """Show raw requests, rows of `client_requests`; nothing is selected in them."""
        self._draw(host_graph(requests))

    def clear(self) -> None:
        """Show no requests."""
        self._draw(HostGraph([], [], 0, 0))

    def _draw(self, graph: HostGraph) -> None:
        self._hosts = [node.name for node in graph.nodes]
        self.selected = []
        self._version += 1
        self.content = _content(self._version, graph)

    def _receive(self, _widget: object, message: Mapping[str, Any], _buffers: object) -> None:
        """Apply a selection, unless its graph is no longer shown or a later one has arrived before it."""
        sent = understood(ViewMessage, message)
        if sent is None or sent.version != self._version or sent.number <= self._latest.get(sent.view, 0):
            return
        if not has_places(sent.selected, len(self._hosts)):
            return
        self._latest[sent.view] = sent.number
        self.selected = [self._hosts[place] for place in sent.selected]
        self._on_select(self.selected)


def _content(version: int, graph: HostGraph) -> dict[str, object]:
    """Return what the browser draws; `links` have times as pairs of a second and its number of requests."""
    places = {id(node): place for place, node in enumerate(graph.nodes)}
    moments = sum(len(link.seconds) for link in graph.links)
    step = 1 if moments <= _MOST_TIMES else 60
    return {
        "version": version,
        "note": _note(graph),
        "nodes": [
            {
                "name": printable(node.name, _NAME),
                "label": shortened(node.name, _LABEL),
                "client": node.is_client,
                "requests": node.requests,
                "concern": int(node.concern),
                "about": printable(about(node), _DETAILS),
                "first": node.first,
            }
            for node in graph.nodes
        ],
        "links": [
            {
                "source": places[id(link.source)],
                "target": places[id(link.target)],
                **_times(link, step),
            }
            for link in graph.links
        ],
    }


def _times(link: Link, step: int) -> dict[str, object]:
    counts: dict[int, int] = {}
    for second, requests in link.seconds.items():
        if second is not None:
            counts[second // step * step] = counts.get(second // step * step, 0) + requests
    return {"times": list(chain.from_iterable(sorted(counts.items()))), "untimed": link.seconds[None]}


def about(node: Node) -> str:
    """Return what is known of a node, as one line."""
    parts = [node.name]
    if node.severity:
        parts.append(f"severity {node.severity.name.lower()}")
    verdict = gravest(node.verdict)
    if verdict:
        parts.append(f"verdict {verdict.label}")
    if node.ml_score is not None:
        because = sentence(node.word, None, 3)
        parts.append(f"score {node.ml_score:.2e}{f' because {because}' if because else ''}")
    methods = ", ".join(
        f"{printable(name, _METHOD)} {n:,}" for name, n in node.methods.most_common(_MOST_METHODS)
    )
    if node.requests:
        parts.append(f"{counted(node.requests, 'request')}{f' ({methods})' if methods else ''}")
    else:
        parts.append("named as a referer, not requested")
    if node.first is not None and node.last is not None:
        parts.append(" to ".join(dict.fromkeys(map(clock_with_seconds, (node.first, node.last)))))
    return " · ".join(parts)


def _note(graph: HostGraph) -> str:
    """Return a note for a graph that doesn't show all."""
    notes = []
    if len(graph.nodes) < graph.all_nodes:
        notes.append(f"the gravest {len(graph.nodes):,} of {graph.all_nodes:,} clients and hosts")
    if len(graph.links) < graph.all_links:
        notes.append(f"{len(graph.links):,} of {counted(graph.all_links, 'link')}")
    return f"Shown: {', '.join(notes)}. A filter or a span of time shows others" if notes else ""
