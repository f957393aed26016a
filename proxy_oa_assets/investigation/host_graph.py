"""The graph of requests: which client asked which host, and which host's pages led to which other host."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from proxy_oa_assets.enrichment.reputation.verdict import Risk, gravest
from proxy_oa_assets.enrichment.score_columns import Severity
from proxy_oa_assets.model.clock import second_of
from proxy_oa_assets.model.tables import records
from proxy_oa_assets.model.tsv import NULL
from proxy_oa_assets.sql.query import NO_VALUE

if TYPE_CHECKING:
    import pandas as pd

# More would make a browser slow, and nothing could be read.
MOST_NODES, MOST_LINKS = 250, 600
_COLUMNS = ("p_time", "clientip", "host", "referer", "reqmethod", "uri_sev", "ml_score", "word", "uri_rep")
_NO_REFERER = (*NO_VALUE, NULL, None)


class Concern(IntEnum):
    """How grave a host is, by its gravest request: severity, verdict and score count."""

    NONE = 0
    LOW = 1
    """An analyst gave a low severity, or a service sees a low risk."""
    LISTED = 2
    """The ranking lists a request, and no analyst has given it a severity."""
    MEDIUM = 3
    HIGH = 4


_OF_SEVERITY = {Severity.HIGH: Concern.HIGH, Severity.MEDIUM: Concern.MEDIUM, Severity.LOW: Concern.LOW}
_OF_RISK = {Risk.HIGH: Concern.HIGH, Risk.MEDIUM: Concern.MEDIUM, Risk.LOW: Concern.LOW}


@dataclass
class Node:
    """A client or host: its requests and what is known of them.

    `first` and `last` are seconds of the day, None without a clock time; `word` is of its request with the
    lowest score. A host without requests is only named as a referer, first when `first` says.
    """

    name: str
    is_client: bool
    requests: int = 0
    concern: Concern = Concern.NONE
    severity: Severity | None = None
    verdict: str = ""
    ml_score: float | None = None
    word: str = ""
    methods: Counter[str] = field(default_factory=Counter)
    first: int | None = None
    last: int | None = None


@dataclass
class Link:
    """A client's requests to a host, or the requests that one host's pages led to; `seconds` counts them."""

    source: Node
    target: Node
    seconds: Counter[int | None] = field(default_factory=Counter)


@dataclass(frozen=True)
class HostGraph:
    """Nodes, the gravest first, and their links; and how many nodes and links there are in all."""

    nodes: list[Node]
    links: list[Link]
    all_nodes: int
    all_links: int


def host_graph(requests: pd.DataFrame, *, nodes: int = MOST_NODES, links: int = MOST_LINKS) -> HostGraph:
    """Return the graph of raw requests, rows of `client_requests`.

    A client is linked with each host that it asked, and a referer's host with the host it led to. A host
    without a value is the word `null`. Of more than `nodes` and `links`, clients and the gravest hosts are
    kept, then those linked with grave ones, then those with the most requests.
    """
    found = _Graph()
    for row in records(requests[list(_COLUMNS)]):
        found.add(row)
    return found.cut(nodes, links)


def referer_host(referer: object) -> str | None:
    """Return a referer's host in lower case, without its port; None for no host."""
    if referer in _NO_REFERER:
        return None
    authority = str(referer).partition("://")[2] or str(referer)
    for end in "/?#":
        authority = authority.partition(end)[0]
    host = authority.rpartition("@")[2].lower()
    name, _, port = host.rpartition(":")
    return (name if port.isdecimal() else host) or None


class _Graph:
    def __init__(self) -> None:
        self._clients: dict[str, Node] = {}
        self._hosts: dict[str, Node] = {}
        self._links: dict[tuple[int, int], Link] = {}

    def add(self, request: tuple[object, ...]) -> None:
        """Add a request, its values those of `_COLUMNS`."""
        time, clientip, host, referer, method, *judged = request
        second = second_of(None if time is None else str(time))
        client, asked = self._client(_text(clientip)), self._host(_text(host))
        for node in (client, asked):
            node.requests += 1
            if second is not None:
                node.first = second if node.first is None else min(node.first, second)
                node.last = second if node.last is None else max(node.last, second)
        asked.methods[_text(method)] += 1
        _judge(asked, *judged)
        self._link(client, asked, second)
        origin = referer_host(referer)
        if origin is not None and (led_from := self._host(origin)) is not asked:
            self._link(led_from, asked, second)

    def cut(self, most_nodes: int, most_links: int) -> HostGraph:
        """Return the graph, cut to so many nodes and links."""
        everything = [*self._clients.values(), *self._hosts.values()]
        for link in self._links.values():
            if not link.source.requests:
                times = [second for second in (link.source.first, *link.seconds) if second is not None]
                link.source.first = min(times, default=None)
        beside = defaultdict[int, Concern](lambda: Concern.NONE)
        for link in self._links.values():
            if not link.source.is_client:
                for one, other in ((link.source, link.target), (link.target, link.source)):
                    beside[id(one)] = max(beside[id(one)], other.concern)
        nodes = sorted(
            everything,
            key=lambda node: (not node.is_client, -node.concern, -beside[id(node)], -node.requests),
        )[:most_nodes]
        kept = set(map(id, nodes))
        inside = [
            link for link in self._links.values() if id(link.source) in kept and id(link.target) in kept
        ]
        grave = sorted(inside, key=lambda link: (-link.target.concern, link.source.is_client))
        return HostGraph(nodes, grave[:most_links], len(everything), len(self._links))

    def _client(self, name: str) -> Node:
        return self._clients.setdefault(name, Node(name, is_client=True))

    def _host(self, name: str) -> Node:
        # A log writes a host as the client did.
        return self._hosts.setdefault(name.lower(), Node(name, is_client=False))

    def _link(self, source: Node, target: Node, second: int | None) -> None:
        self._links.setdefault((id(source), id(target)), Link(source, target)).seconds[second] += 1


def _text(value: object) -> str:
    return NULL if value is None else str(value)


def _judge(node: Node, uri_sev: object, ml_score: object, word: object, uri_rep: object) -> None:
    """Take what is known of a request for its host, if it is graver."""
    severity = next((each for each in Severity if each == uri_sev), None)
    if severity and (node.severity is None or severity < node.severity):
        node.severity = severity
    verdict, worst = gravest(_text(uri_rep)) if uri_rep else None, gravest(node.verdict)
    if verdict and (worst is None or verdict.risk > worst.risk):
        node.verdict = verdict.encoded()
    listed = isinstance(ml_score, float)
    if isinstance(ml_score, float) and (node.ml_score is None or ml_score < node.ml_score):
        node.ml_score, node.word = ml_score, str(word or "")
    by_analyst = _OF_SEVERITY[severity] if severity else Concern.LISTED if listed else Concern.NONE
    by_service = _OF_RISK.get(verdict.risk, Concern.NONE) if verdict else Concern.NONE
    node.concern = max(node.concern, by_analyst, by_service)
