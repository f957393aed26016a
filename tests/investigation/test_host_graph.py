import pandas as pd
import pytest

from proxy_oa_assets.investigation.host_graph import Concern, HostGraph, host_graph, referer_host

COLUMNS = "p_time clientip host referer reqmethod uri_sev ml_score word uri_rep".split()
QUIET = (0, None, None, None)


def graph_of(*rows: tuple[object, ...], **most: int) -> HostGraph:
    return host_graph(
        pd.DataFrame([row if len(row) == 9 else (*row, *QUIET) for row in rows], columns=COLUMNS), **most
    )


def links(graph: HostGraph) -> dict[tuple[str, str], dict[int | None, int]]:
    return {(link.source.name, link.target.name): dict(link.seconds) for link in graph.links}


def test_clients_are_linked_with_hosts_and_referers_with_what_they_led_to() -> None:
    """A host's own pages are no link; a referer that wasn't requested is a host without requests."""
    graph = graph_of(
        ("12:00:00", "10.0.0.1", "landing.example", "https://user@Portal.example:443/a?b", "GET"),
        ("12:00:05", "10.0.0.1", "kit.example", "http://LANDING.example/x", "GET"),
        ("12:00:05", "10.0.0.1", "kit.example", "http://kit.example/", "POST"),
        ("bad", "10.0.0.2", None, "-", "GET"),
    )
    assert links(graph) == {
        ("10.0.0.1", "landing.example"): {43200: 1},
        ("portal.example", "landing.example"): {43200: 1},
        ("10.0.0.1", "kit.example"): {43205: 2},
        ("landing.example", "kit.example"): {43205: 1},
        ("10.0.0.2", "null"): {None: 1},
    }
    nodes = {node.name: node for node in graph.nodes}
    assert nodes["portal.example"].requests == 0
    kit = nodes["kit.example"]
    assert (kit.requests, kit.methods, kit.first, kit.last) == (2, {"GET": 1, "POST": 1}, 43205, 43205)


@pytest.mark.parametrize(
    ("referer", "host"),
    [
        ("http://[2001:db8::1]:8080/x", "[2001:db8::1]"),
        ("example.com/x", "example.com"),
        ("android-app://com.example", "com.example"),
        ("http:///x", None),
        ("-", None),
        ("null", None),
        (None, None),
    ],
)
def test_a_referer_names_its_host_or_none(referer: str | None, host: str | None) -> None:
    """With or without scheme, user, port and path."""
    assert referer_host(referer) == host


def test_a_host_is_as_grave_as_its_gravest_request() -> None:
    """Severity, verdict and listing count; a low severity takes a listed request's place, not a verdict's."""
    graph = graph_of(
        ("1:00", "c", "scored.example", None, "GET", 1, 0.5, "cold=1", "a:NONE:0"),
        ("1:00", "c", "scored.example", None, "GET", 3, 0.4, "cold=2", None),
        ("1:00", "c", "verdict.example", None, "GET", 3, None, None, "a:NONE:0::b:BAD:3"),
        ("1:00", "c", "listed.example", None, "GET", 0, 0.1, "cold=1", ""),
        ("1:00", "c", "low.example", None, "GET", 3, 0.1, "cold=1", None),
        ("1:00", "c", "quiet.example", None, "GET"),
    )
    concerns = {node.name: node.concern for node in graph.nodes if not node.is_client}
    assert concerns == {
        "scored.example": Concern.HIGH,
        "verdict.example": Concern.HIGH,
        "listed.example": Concern.LISTED,
        "low.example": Concern.LOW,
        "quiet.example": Concern.NONE,
    }
    scored = next(node for node in graph.nodes if node.name == "scored.example")
    assert (scored.severity, scored.ml_score, scored.word) == (1, 0.4, "cold=2")


def test_a_cut_graph_keeps_clients_grave_hosts_and_those_linked_with_them() -> None:
    """Links of grave hosts come first, too; both totals are known."""
    grave = ("1:00", "c", "grave.example", "http://origin.example/", "GET", 1, None, None, None)
    busy = [("1:00", "c", f"busy{number}.example", None, "GET") for number in range(5) for _ in range(9)]
    graph = graph_of(*busy, grave, nodes=4, links=2)
    assert [node.name for node in graph.nodes] == ["c", "grave.example", "origin.example", "busy0.example"]
    assert set(links(graph)) == {("origin.example", "grave.example"), ("c", "grave.example")}
    assert (graph.all_nodes, graph.all_links) == (8, 7)
