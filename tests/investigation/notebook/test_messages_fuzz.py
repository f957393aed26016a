"""Arbitrary messages and states from a browser: a widget acts on the rows that it shows, or not at all."""

import pandas as pd
from hypothesis import strategies as st
from support.fuzzing import fuzz
from support.mutations import JSON, changed

from proxy_oa_assets.investigation.notebook.columns import TableColumn
from proxy_oa_assets.investigation.notebook.comment_form import CommentForm
from proxy_oa_assets.investigation.notebook.force_graph import ForceGraph
from proxy_oa_assets.investigation.notebook.text_table import Action, TextTable
from proxy_oa_assets.investigation.storyboard import Comment

ROWS = ["first", "second", "third"]
COLUMNS = (TableColumn("value", "value"), TableColumn("uri", "URI", pivot="uri"))
MESSAGES = [
    {"selected": [1], "action": None, "view": "a", "number": 1},
    {"selected": [0, 2], "action": 0, "view": "a", "number": 2, "then": [1], "confirmed": None},
    {"call": "open", "row": 1, "columns": ["value"], "view": "a", "number": 3},
    {"call": "pivot", "kind": "uri", "row": 2, "view": "a", "number": 4},
    {"call": "page", "offset": 2000, "view": "a", "number": 5},
    {"call": "sort", "column": "value", "descending": True, "view": "a", "number": 6},
    {"title": "Kit", "text": "It \ud83d", "clients": 20, "saved": True},
]
VERSIONS = st.sampled_from([1, 1, 1, 1, 0, 2, -1, True, "1", None])
STATES = ["content", "selected", "shown_columns", "answer", "label", "buttons", "height", "what", "selection"]


@st.composite
def messages(draw) -> list[tuple[str, object]]:
    """Return messages and states; most messages are as the widgets send them, in some part."""
    found = []
    for _ in range(draw(st.integers(1, 4))):
        if draw(st.integers(0, 4)) == 0:
            found.append(("state", {draw(st.sampled_from(STATES)): draw(JSON)}))
            continue
        message = draw(changed(draw(st.sampled_from(MESSAGES)), most=2))
        if isinstance(message, dict):
            # A new one: an unchanged message is that of the list.
            message = {"version": draw(VERSIONS)} | message
        found.append(("custom", message))
    return found


def send(widget, sent: list[tuple[str, object]]) -> None:
    """Let a widget receive what a browser sent, as the kernel does."""
    for kind, what in sent:
        if kind == "custom":
            # ipywidgets calls it, logging what it raises; here an exception fails the test.
            widget._receive(widget, what if isinstance(what, dict) else {"version": what}, [])
            continue
        try:
            widget._handle_msg(
                {"content": {"data": {"method": "update", "state": what, "buffer_paths": []}}, "buffers": []}
            )
        except (ValueError, TypeError, AttributeError, KeyError, LookupError) as error:
            # The traits' own refusal; ipywidgets writes it into the notebook.
            assert "trait" in f"{type(error)} {error}".lower() or "'" in str(error)


@fuzz("messages to tables", short=15, sent=messages())
def test_a_table_acts_on_rows_that_it_shows_or_not_at_all(sent: list[tuple[str, object]]) -> None:
    """Actions and calls are about shown rows and known columns; the table works on afterwards."""
    acted: list[list[int]] = []
    called: list[object] = []
    table = TextTable(
        "Values",
        selection="several",
        actions=[Action("Severity", "High", "high", lambda: acted.append(list(table.selected)))],
        on_pivot=lambda kind, row: called.append((kind, ROWS[row])),
        on_page=called.append,
        on_sort=lambda column, descending: called.append((column, descending)),
    )
    frame = pd.DataFrame({"value": ROWS, "uri": ROWS})
    table.show(frame, COLUMNS)
    actions = 0
    for kind, what in sent:
        # Other columns are another version.
        is_current = kind == "custom" and isinstance(what, dict) and what.get("version") == table._version
        actions += is_current and type(what.get("action")) is int
        send(table, [(kind, what)])

    shown = range(len(ROWS))
    assert all(row in shown and type(row) is int for rows in [*acted, table.selected] for row in rows)
    assert len(acted) <= actions
    for each in called:
        offset = each if isinstance(each, int) else None
        assert offset is None or offset >= 0
        if isinstance(each, tuple):
            assert each[0] in ("client", "host", "uri", "value", None)
    table.show(frame, COLUMNS, selected=[1])
    assert table.content["rows"] == [[text, text] for text in ROWS]
    assert table.selected == [1]


@fuzz("messages to the graph and the story form", short=15, sent=messages())
def test_a_graph_and_a_form_take_only_what_they_show(sent: list[tuple[str, object]]) -> None:
    """A graph selects its own hosts; a form saves a text that can be stored, and shows the next one."""
    selected: list[list[str]] = []
    saved: list[Comment] = []
    graph = ForceGraph(selected.append)
    graph.clear()
    form = CommentForm(lambda: saved.append(form.written))
    form.show(Comment())
    send(graph, sent)
    send(form, sent)

    assert {name for names in selected for name in names} == set()
    for comment in saved:
        assert (comment.title + comment.text).encode("utf-8")
        assert type(form.clients) is int
        assert form.clients >= 1
    form.show(Comment("next", "text"))
    graph.clear()
    assert (form.content["title"], graph.content["nodes"]) == ("next", [])
