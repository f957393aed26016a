import json
import re
from collections.abc import Iterator

import pytest
from support.analysts_day import AnalystsDay
from support.home import SAMPLE_DAY, Home

from proxy_oa_assets.ingest.sample.attacks import BEACON_HOST, DROPPER_HOST
from proxy_oa_assets.investigation.notebook.edge_investigation import EdgeInvestigation
from proxy_oa_assets.investigation.notebook.session import StatusLine
from proxy_oa_assets.investigation.notebook.text_table import TextTable
from proxy_oa_assets.investigation.score import score

DROPPED = [f"{DROPPER_HOST}/invoice_2291.pdf.exe", f"{DROPPER_HOST}/stage2/config.bin"]
# It has a URI that is listed for several clients.
SHARED = "t.mailing-list.example/c/8812"


@pytest.fixture
def edges(day_home: Home) -> Iterator[EdgeInvestigation]:
    """The notebook's widgets over a materialized sample day without scores."""
    edges = EdgeInvestigation(SAMPLE_DAY.key, str(day_home.path))
    yield edges
    edges.deployment.impala.close()


def _listed(edges: EdgeInvestigation) -> list[str]:
    content = edges.suspicious.table.widget.content
    place = [column["name"] for column in content["columns"]].index("fulluri")
    return [row[place] for row in content["rows"]]


def _select(edges: EdgeInvestigation, *uris: str) -> None:
    listed = _listed(edges)
    edges.suspicious.table.widget.selected = [listed.index(uri) for uri in uris]


def _press(table: TextTable, title: str) -> str:
    """Send what the browser sends when an action below a table is clicked; return what is asked, if it is."""
    action = [button["title"] for button in table.buttons].index(title)
    about = {"version": table.content["version"], "selected": table.selected}
    table._handle_custom_msg({**about, "action": action, "view": "a", "number": 1}, [])
    return table.answer["text"] if table.answer.get("asked") else ""


def _confirm(table: TextTable, title: str) -> str:
    """Click twice; return what was asked."""
    action = [button["title"] for button in table.buttons].index(title)
    asked = _press(table, title)
    about = {"version": table.content["version"], "selected": table.selected, "confirmed": asked}
    table._handle_custom_msg({**about, "action": action, "view": "a", "number": 2}, [])
    return asked


def _scored(home: Home) -> dict[str, int]:
    return AnalystsDay(home, SAMPLE_DAY).recorded()


def _said(status: StatusLine) -> str:
    return re.sub("<[^>]+>", "", status.widget.value)


def test_a_scored_uri_leaves_the_list_and_comes_back_with_undo(day_home, edges) -> None:
    """One click scores the URI for all of its clients; undo restores the list."""
    before = _listed(edges)
    assert before.count(SHARED) > 1
    _select(edges, SHARED)
    _press(edges.suspicious.table.widget, "Selected: high risk")
    assert _scored(day_home) == {SHARED: 1}
    assert _listed(edges) == [uri for uri in before if uri != SHARED]
    assert _said(edges.status) == "1 URI scored high"

    edges.undo.click()
    assert _scored(day_home) == {}
    assert _listed(edges) == before
    assert _said(edges.status) == "1 URI as before"

    edges.undo.click()
    assert "Nothing to undo" in _said(edges.status)


def test_a_selection_and_a_host_are_scored_by_one_click(day_home, edges) -> None:
    """Several rows at once, and all listed URIs of a row's host."""
    chosen = [SHARED, "go.shorten.example/x9"]
    _select(edges, *chosen)
    _press(edges.suspicious.table.widget, "Selected: low risk")
    _select(edges, DROPPED[0])
    asked = _confirm(edges.suspicious.table.widget, "Whole hosts: high risk")
    assert f"all 2 URIs of {DROPPER_HOST}" in asked
    assert _scored(day_home) == dict.fromkeys(chosen, 3) | dict.fromkeys(DROPPED, 1)
    assert not set(_listed(edges)) & {*chosen, *DROPPED}


def test_a_score_leaves_the_page_of_a_list_where_it_is(edges) -> None:
    """The next row follows; after the last page's last row, the page before it is shown."""
    whole, table = _listed(edges), edges.suspicious.table.widget
    edges.suspicious.limit.value = 3
    message = {"version": table.content["version"], "view": "a", "number": 1}
    table._handle_custom_msg({**message, "call": "page", "offset": 3}, [])
    page = _listed(edges)
    assert page == whole[3:6]
    _select(edges, page[0])
    _press(table, "Selected: low risk")
    left = [uri for uri in whole if uri != page[0]]
    assert (table.content["offset"], _listed(edges)) == (3, left[3:6])
    edges.suspicious._show_page(len(left))
    assert table.content["offset"] == len(left) - 3
    edges.suspicious.filter.text.value = "no-such-host.example"
    assert (table.content["offset"], _listed(edges)) == (0, [])


def test_the_filter_is_what_analysts_paste(edges) -> None:
    """A part of the URI, defanged, and a client."""
    edges.suspicious.filter.text.value = "hxxp://203[.]0.113.66/stage2"
    assert _listed(edges) == [DROPPED[1]]
    edges.suspicious.filter.text.value = "client:10.20.1.1"
    assert _listed(edges) == []
    assert "filter" in edges.suspicious.table.widget.empty
    edges.suspicious.filter.text.value = "client:10.20.1.17"
    assert set(DROPPED) <= set(_listed(edges))


def test_a_connection_shows_its_requests_and_properties(edges) -> None:
    """The requests of the selected connection, from proxy_edge; none if several are selected."""
    (beacon,) = [uri for uri in _listed(edges) if uri.startswith(BEACON_HOST)]
    _select(edges, beacon)
    requests = edges.details.requests.content["rows"]
    assert len(requests) > 300
    assert requests == sorted(requests, key=lambda row: row[0])
    properties = dict(edges.details.properties.widget.content["rows"])
    assert properties["URI"] == beacon
    assert (properties["client"], properties["network"]) == ("10.20.1.23", "Reception terminal")
    assert "HIGH" in properties["verdict"]
    assert edges.details.shown.layout.display is None

    _select(edges, beacon, SHARED)
    assert edges.details.shown.layout.display == "none"


def test_a_score_without_a_selection_says_what_is_missing(day_home, edges) -> None:
    """Nothing is recorded."""
    _press(edges.suspicious.table.widget, "Whole hosts: high risk")
    assert _said(edges.status) == "Select a row first"
    assert _scored(day_home) == {}


def test_severities_are_changed_and_removed_in_the_scored_list(day_home, edges) -> None:
    """Also those of colleagues, whereas Undo knows only this analyst's changes."""
    score(SAMPLE_DAY, 1, DROPPED, deployment=day_home.deployment)
    edges.tabs.show("Scored")
    assert [row[:2] for row in edges.scored.table.content["rows"]] == [["High", uri] for uri in DROPPED]
    edges.scored.table.selected = [1]
    _press(edges.scored.table, "Score again: medium risk")
    assert _scored(day_home) == {DROPPED[0]: 1, DROPPED[1]: 2}
    edges.undo.click()
    assert _scored(day_home) == dict.fromkeys(DROPPED, 1)

    edges.scored.table.selected = [0]
    _press(edges.scored.table, "Remove the severity of the selected URIs: they are suspicious again")
    assert _scored(day_home) == {DROPPED[1]: 1}
    edges.tabs.show("Suspicious")
    assert DROPPED[0] in _listed(edges)
    edges.undo.click()
    assert _scored(day_home) == dict.fromkeys(DROPPED, 1)


def test_undo_leaves_what_a_colleague_has_scored_since(day_home, edges) -> None:
    """Two analysts at once: the colleague's severity is the newer one."""
    colleague = Home(day_home.path, **day_home.variables, JUPYTERHUB_USER="colleague")
    _select(edges, *DROPPED)
    _press(edges.suspicious.table.widget, "Selected: low risk")
    score(SAMPLE_DAY, 1, DROPPED[0], deployment=colleague.deployment)
    edges.undo.click()
    assert _scored(day_home) == {DROPPED[0]: 1}
    assert _said(edges.status) == "1 URI as before; 1 URI kept: scored by others since"


def test_an_error_is_shown_and_the_notebook_goes_on(day_home) -> None:
    """The day was ingested and materialized again since, and no longer has the URI."""
    day = day_home.write_sample(SAMPLE_DAY.plus(2), views=15)
    assert day_home.materialize(day).success
    edges = EdgeInvestigation(day, str(day_home.path))
    _select(edges, DROPPED[0])
    assert day_home.materialize(day, limit=1).success
    day_home.deployment.impala.replace_raw_day(day, {})
    _press(edges.suspicious.table.widget, "Selected: high risk")
    assert DROPPED[0] in _said(edges.status)
    assert f"not among the scored connections of {day}" in _said(edges.status)
    edges.reload.click()
    assert len(_listed(edges)) == 1
    edges.deployment.impala.close()


def test_a_day_of_10_000_connections_is_usable(tmp_path) -> None:
    """The lists show a limited number of rows, say so, and are small; a whole list is scored at once."""
    day = AnalystsDay(Home(tmp_path / "home"), SAMPLE_DAY)
    uris = [f"h{number % 50}.example/{number}?{'q' * 100}" for number in range(10_000)]
    day.write_scores(*({"fulluri": uri, "host": uri.partition("/")[0], "ml_score": 0.1} for uri in uris))
    edges = EdgeInvestigation(SAMPLE_DAY, str(day.home.path))
    edges.suspicious.limit.value = 2000
    assert len(json.dumps(edges.suspicious.table.widget.content)) < 1_000_000
    assert _said(edges.suspicious.status).startswith("10,000 connections without a severity")

    edges.suspicious.table.widget.selected = list(range(2000))
    assert "2,000 URIs" in _confirm(edges.suspicious.table.widget, "Selected: medium risk")
    assert _said(edges.status) == "2,000 URIs scored medium"
    score(SAMPLE_DAY, 3, uris, deployment=day.deployment)
    edges.tabs.show("Scored")
    assert _said(edges.scored.status).endswith("the first 2,000 of them below")
    assert len(edges.scored.table.content["rows"]) == 2000
    edges.deployment.impala.close()


def test_a_day_that_isn_t_materialized_says_so(day_home) -> None:
    """An empty list would look like a quiet day."""
    edges = EdgeInvestigation("2016-09-13", str(day_home.path))
    assert "2016-09-13" in edges.suspicious.table.widget.empty
    assert "isn't materialized" in edges.suspicious.table.widget.empty
    edges.deployment.impala.close()
