"""The tabs of Edge_Investigation beside its list: a client's and a host's day, summaries, incident, map."""

import re
from collections.abc import Iterator

import pytest
from support.analysts_day import AnalystsDay
from support.home import SAMPLE_DAY, Home

from proxy_oa_assets.ingest.sample.attacks import BEACON_HOST, DROPPER_HOST
from proxy_oa_assets.investigation.incidents import save_incident
from proxy_oa_assets.investigation.notebook import edge_investigation, summary_lists
from proxy_oa_assets.investigation.notebook.edge_investigation import EdgeInvestigation
from proxy_oa_assets.investigation.notebook.session import StatusLine
from proxy_oa_assets.investigation.notebook.text_table import TextTable
from proxy_oa_assets.investigation.score import score

DROPPED = [f"{DROPPER_HOST}/invoice_2291.pdf.exe", f"{DROPPER_HOST}/stage2/config.bin"]
VICTIM = "10.20.1.17"


@pytest.fixture
def edges(day_home: Home) -> Iterator[EdgeInvestigation]:
    """The notebook's widgets over a materialized sample day without scores."""
    edges = EdgeInvestigation(SAMPLE_DAY.key, str(day_home.path))
    yield edges
    edges.deployment.impala.close()


def _values(table: TextTable, column: str) -> list[str]:
    content = table.content
    place = [each["name"] for each in content["columns"]].index(column)
    return [row[place] for row in content["rows"]]


def _said(status: StatusLine) -> str:
    return re.sub("<[^>]+>", "", status.widget.value)


def _press(table: TextTable, title: str, confirmed: str = "") -> str:
    """Send what the browser sends when an action is clicked; return what is asked, if it is."""
    action = [button["title"] for button in table.buttons].index(title)
    about = {"version": table.content["version"], "selected": table.selected, "confirmed": confirmed}
    table._handle_custom_msg({**about, "action": action, "view": "a", "number": 1}, [])
    return table.answer["text"] if table.answer.get("asked") else ""


def _pivot(table: TextTable, kind: str, row: int) -> None:
    """Send what the browser sends when a client or host is clicked."""
    message = {"version": table.content["version"], "call": "pivot", "kind": kind, "row": row}
    table._handle_custom_msg(message, [])


def _open_client(edges: EdgeInvestigation, uri: str = DROPPED[0]) -> TextTable:
    """Click on the client of a listed URI; return the table of its requests."""
    table = edges.suspicious.table.widget
    _pivot(table, "client", _values(table, "fulluri").index(uri))
    return edges.requests.table.widget


def test_a_click_on_a_client_opens_its_day_with_its_hosts(edges) -> None:
    """All raw requests in time order; a click on a host beside narrows them, another one opens its day."""
    requests = _open_client(edges)
    assert edges.tabs.shown == "Requests"
    assert set(_values(requests, "clientip")) == {VICTIM}
    times = _values(requests, "p_time")
    assert times == sorted(times)
    whole_day = _said(edges.requests.status)
    assert whole_day.startswith(f"Client {VICTIM}: ")

    beside = edges.requests.beside
    place = _values(beside, "host").index(DROPPER_HOST)
    beside.selected = [place]
    assert _values(requests, "fulluri") == DROPPED
    _pivot(beside, "host", place)
    assert _said(edges.requests.status) == f"Host {DROPPER_HOST}: 2 requests"
    assert _values(beside, "clientip") == [VICTIM]
    edges.requests.back.click()
    assert _said(edges.requests.status) == whole_day


def test_each_tab_has_its_own_row_beside_it(edges) -> None:
    """Beside a client's day stand its hosts until a request is selected; a button leads back to them."""
    table, shown, side = edges.suspicious.table.widget, edges.details.shown.layout, edges.requests.side.layout
    table.selected = [_values(table, "fulluri").index(DROPPED[0])]
    assert (shown.display, side.display) == (None, "none")
    _pivot(table, "client", 0 if table.selected != [0] else 1)
    assert edges.details.widget.layout.display == "none"
    assert side.display is None
    edges.requests.table.widget.selected = [0]
    assert (edges.details.widget.layout.display, side.display) == (None, "none")
    edges.details.back.click()
    assert edges.requests.table.widget.content["selected"] == []
    assert (edges.details.widget.layout.display, side.display) == ("none", None)
    edges.requests.all.click()
    assert (edges.details.widget.layout.display, shown.display, side.display) == (None, "none", "none")

    for title in ("Clients", "Hosts", "Incident", "Map", "Scored", "Feedback"):
        edges.tabs.show(title)
        assert shown.display == "none", title
    edges.tabs.show("Suspicious")
    assert shown.display is None
    assert dict(edges.details.properties.widget.content["rows"])["URI"] == DROPPED[0]


@pytest.mark.parametrize("title", ["Suspicious", "Requests", "Clients", "Hosts", "Days"])
def test_a_refused_filter_shows_no_row_to_act_on(edges, title: str) -> None:
    """Also after a filter that found nothing; the next right one is applied."""
    panel = {**edges.tabs._panels}[title]
    table = getattr(panel.table, "widget", panel.table)
    edges.tabs.show(title)
    panel.filter.text.value = f"client:{VICTIM}"
    assert table.content["rows"]
    table.selected = [] if title == "Days" else [0]
    for wrong in ("colour:red", "/no-such-host[/"):
        panel.filter.text.value = wrong
        assert (table.content["rows"], table.content["total"], table.selected) == ([], 0, [])
        assert table.empty.startswith("The filter was refused: ")
        assert "desk-refused" in panel.filter.text._dom_classes
        panel.filter.text.value = "no-such-host.example"
        assert "refused" not in table.empty
    panel.filter.text.value = f"client:{VICTIM}"
    assert table.content["rows"]
    assert "desk-refused" not in panel.filter.text._dom_classes


def test_a_refused_filter_leaves_no_map(edges) -> None:
    """Its hosts would be those of the former filter."""
    edges.open_requests(f"client:{VICTIM}")
    edges.tabs.show("Map")
    assert edges.map.graph.content["nodes"]
    edges.open_requests("colour:red")
    edges.tabs.show("Map")
    assert edges.map.graph.content["nodes"] == []
    assert "colour" in _said(edges.map.status)


def test_what_stands_out_opens_on_demand(edges, monkeypatch) -> None:
    """The bar's room is the status's."""
    assert edges.about.layout.display == "none"
    monkeypatch.setattr(edge_investigation, "own_statement", lambda *_: "hosts <b>stand out</b>")
    edges.reload.click()
    assert edges.about.layout.display is None
    assert edges.statement.widget.layout.display == "none"
    assert edges.about.tooltip.startswith("In the day's log, ")
    edges.about.value = True
    assert edges.statement.widget.layout.display is None
    assert "In the day&#x27;s log, hosts &lt;b&gt;stand out" in edges.statement.widget.value


def test_the_minutes_around_a_row_are_what_its_client_did(edges) -> None:
    """The row is marked; the window is as wide as chosen."""
    edges.open_requests("uri:invoice_2291")
    edges.requests.table.widget.selected = [0]
    (at,) = _values(edges.requests.table.widget, "p_time")
    edges.requests.minutes.value = 1
    edges.requests.around.click()
    requests = edges.requests.table.widget
    assert f"± 1 min around {at}" in _said(edges.requests.status)
    assert set(DROPPED) <= set(_values(requests, "fulluri"))
    assert requests.content["around"] == _values(requests, "p_time").index(at)


def test_clients_and_hosts_are_counted_and_lead_to_their_day(edges) -> None:
    """The worst first; a filter applies to the requests that are counted."""
    edges.tabs.show("Hosts")
    assert _values(edges.hosts.table, "host")[0] in {DROPPER_HOST, BEACON_HOST}
    edges.hosts.filter.text.value = f"client:{VICTIM}"
    assert DROPPER_HOST in _values(edges.hosts.table, "host")
    assert BEACON_HOST not in _values(edges.hosts.table, "host")
    edges.tabs.show("Clients")
    row = _values(edges.clients.table, "clientip").index(VICTIM)
    edges.clients.table.selected = [row]
    assert dict(edges.details.properties.widget.content["rows"])["client"] == VICTIM
    _pivot(edges.clients.table, "client", row)
    assert _said(edges.requests.status).startswith(f"Client {VICTIM}: ")


def test_a_heading_sorts_all_clients_whichever_page_is_shown(edges, monkeypatch) -> None:
    """Both ways: upwards from the end of what begins with the most."""
    monkeypatch.setattr(summary_lists, "_PAGE", 5)
    edges.tabs.show("Clients")
    table = edges.clients.table

    def call(**message: object) -> list[int]:
        table._handle_custom_msg({"version": table.content["version"], **message}, [])
        return [int(value) for value in _values(table, "requests")]

    most = call(call="sort", column="requests", descending=True)
    following = call(call="page", offset=5)
    assert [*most, *following] == sorted([*most, *following], reverse=True)
    total = table.content["total"]
    least = call(call="sort", column="requests", descending=False)
    last = call(call="page", offset=total - 1)
    assert least == sorted(least)
    assert max(least) < min(most)
    assert last == [max(most)]


def test_a_whole_host_of_the_hosts_tab_is_scored_after_its_number_is_said(day_home, edges) -> None:
    """Those of the raw log that the list doesn't have as well."""
    edges.tabs.show("Hosts")
    edges.hosts.table.selected = [_values(edges.hosts.table, "host").index(DROPPER_HOST)]
    asked = _press(edges.hosts.table, "Whole hosts: high risk")
    assert "2 URIs" in asked
    assert AnalystsDay(day_home, SAMPLE_DAY).recorded() == {}
    _press(edges.hosts.table, "Whole hosts: high risk", asked)
    assert AnalystsDay(day_home, SAMPLE_DAY).recorded() == dict.fromkeys(DROPPED, 1)


def test_a_chain_and_a_filtered_list_go_into_the_incident(edges) -> None:
    """Each connection once, whichever way it came."""
    table = edges.suspicious.table.widget
    table.selected = [_values(table, "fulluri").index(DROPPED[0])]
    _press(table, "Propose the whole chain of the selected row's incident, in the tab Incident")
    assert edges.tabs.shown == "Incident"
    proposed = edges.incident.form.connections
    assert {(VICTIM, uri) for uri in DROPPED} <= set(proposed)

    edges.open_requests(f"host:{DROPPER_HOST}")
    _press(
        edges.requests.table.widget,
        "Add the connections of all these requests, on every page, to the incident",
    )
    assert edges.incident.form.connections == proposed
    edges.incident.form.table.selected = [proposed.index((VICTIM, DROPPED[0]))]
    assert dict(edges.details.properties.widget.content["rows"])["URI"] == DROPPED[0]
    edges.map.source.value = "Incident"
    edges.tabs.show("Map")
    assert DROPPER_HOST in {node["name"] for node in edges.map.graph.content["nodes"]}


def test_a_row_tells_who_scored_it_and_where_its_host_was_seen(day_home, edges) -> None:
    """What the journal and the days have about it."""
    score(SAMPLE_DAY, 2, DROPPED[0], deployment=day_home.deployment)
    edges.open_requests("uri:invoice_2291")
    edges.requests.table.widget.selected = [0]
    shown = dict(edges.details.properties.widget.content["rows"])
    assert shown["severity"] == "Medium"
    assert shown["scored by"].startswith(f"Medium by {day_home.deployment.workspace.analyst} at ")
    assert shown["host seen"].startswith("1 of 1 day, first on 2016-09-12, by 1 client")


def test_a_selection_is_handed_over_in_the_chosen_format(day_home, edges) -> None:
    """The status says where the file is."""
    edges.format.value = "text"
    table = edges.suspicious.table.widget
    table.selected = [_values(table, "fulluri").index(DROPPED[0])]
    _press(table, "Write the selected connections to a file of the format chosen above")
    said = _said(edges.status)
    assert said.startswith("1 connection written to ")
    (written,) = (day_home.data(SAMPLE_DAY) / "hand_over").iterdir()
    assert str(written) in said
    assert "203[.]0[.]113[.]66" in written.read_text(encoding="utf-8")


def test_a_saved_incident_is_handed_over_with_its_story(day_home, edges) -> None:
    """All of it as it is saved; a part of it, or a changed one, as connections."""
    edges.tabs.show("Incident")
    form = edges.incident.form
    saved = save_incident(
        SAMPLE_DAY, "A dropper", "its story", [(VICTIM, uri) for uri in DROPPED], deployment=edges.deployment
    )
    form.reload()
    form.which.index = 1
    title = "Write the incident, or its selected connections, to a file of the format chosen above"
    _press(form.table, title)
    assert _said(edges.status).startswith("the saved incident, 2 connections written to ")
    (written,) = (day_home.data(SAMPLE_DAY) / "hand_over").glob(f"*{saved.key}*")
    assert "A dropper" in written.read_text(encoding="utf-8")
    form.table.selected = [0]
    _press(form.table, title)
    assert _said(edges.status).startswith("1 connection written to ")
    form.table.selected = []
    form.add([(VICTIM, f"{DROPPER_HOST}/other")])
    _press(form.table, title)
    assert _said(edges.status).startswith("3 connections written to ")


def test_an_action_without_a_selection_says_what_is_missing(edges) -> None:
    """And opens nothing."""
    for title in ("Add the selected connections to the incident", "Propose the whole chain"):
        table = edges.suspicious.table.widget
        (button,) = [each["title"] for each in table.buttons if each["title"].startswith(title)]
        _press(table, button)
        assert _said(edges.status) == "Select a row first"
    assert edges.tabs.shown == "Suspicious"
