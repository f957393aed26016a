import time

import pandas as pd
import pytest

from proxy_oa_assets.investigation.notebook.columns import TableColumn, columns
from proxy_oa_assets.investigation.notebook.text_table import MOST_ROWS, Action, TextTable, cut_note

_HOSTILE = "<script>alert(1)</script>\x1b[31m\u202egpj.exe"


def _shown(values, column: TableColumn | None = None, **options) -> TextTable:
    table = TextTable("Values", **options)
    table.show(pd.DataFrame({"value": values}), [column or TableColumn("value", "value")])
    return table


def _select(table: TextTable, version: int, selected, *, number=1, action=None, view="a window") -> None:
    """Send what a browser sends of a selection."""
    message = {"version": version, "selected": selected, "action": action, "view": view, "number": number}
    table._handle_custom_msg(message, [])


def test_values_are_texts_without_control_or_hidden_characters():
    """Markup stays as it is (the browser gets texts); control and bidirectional characters are escapes."""
    ((text,),) = _shown([_HOSTILE]).content["rows"]
    assert text == "<script>alert(1)</script>\\x1b[31m\\u202egpj.exe"


def test_a_long_value_is_shortened():
    """A URI of a megabyte doesn't travel to the browser for each of its rows."""
    ((text,),) = _shown(["x" * 1_000_000]).content["rows"]
    assert len(text) == 400
    assert text.endswith("…")


@pytest.mark.parametrize(
    ("values", "ranks"),
    [
        (["b", None, "a", "b"], [2, 3, 1, 2]),
        (pd.Series([10, 9, None, 100], dtype="Int32"), [2, 1, 4, 3]),
        ([1e-7, 2e-9, float("nan")], [2, 1, 3]),
    ],
    ids=["texts", "whole numbers", "numbers"],
)
def test_a_column_is_sorted_by_its_values_and_null_comes_last(values, ranks):
    """Numbers as numbers, not as the texts that are shown."""
    assert _shown(values).content["ranks"] == [ranks]


def test_a_column_can_have_its_own_order():
    """For example, verdicts are sorted by their risk."""
    column = TableColumn("value", "value", order=lambda value: -len(str(value)))
    assert _shown(["a", "bbb", "cc"], column).content["ranks"] == [[3, 1, 2]]


def test_a_selection_is_of_the_rows_that_were_shown_when_it_was_made():
    """A selection made before the browser shows new rows would be of other rows."""
    table = _shown(["a", "b"], selection="several")
    before = table.content["version"]
    _select(table, before, [1])
    assert table.selected == [1]
    table.show(pd.DataFrame({"value": ["c", "d"]}), [TableColumn("value", "value")])
    assert table.selected == []
    _select(table, before, [0], number=2)
    assert table.selected == []


def test_an_action_is_about_the_rows_that_were_selected_when_it_was_clicked():
    """A busy kernel takes messages out of order; an outdated selection is ignored."""
    acted = []
    action = Action("Rows", "Act", "Act on them", lambda: acted.append(table.selected))
    table = _shown(["a", "b", "c"], selection="several", actions=[action])
    version = table.content["version"]
    _select(table, version, [0])
    _select(table, version, [1, 2], number=3, action=0)
    assert acted == [[1, 2]]
    _select(table, version, [1], number=2)
    assert table.selected == [1, 2]
    _select(table, version, [0], view="another window")
    assert table.selected == [0]
    _select(table, version, [2], number=4)
    _select(table, version, [0, 1], number=3, action=0)
    assert acted == [[1, 2], [0, 1]]
    table.show(pd.DataFrame({"value": ["d"]}), [TableColumn("value", "value")])
    _select(table, version, [1], number=5, action=0)
    assert acted == [[1, 2], [0, 1]]


def test_a_table_shows_at_most_2000_rows():
    """Advanced_Mode can show the others."""
    assert len(_shown(range(MOST_ROWS + 1)).content["rows"]) == MOST_ROWS


@pytest.mark.parametrize(("rows", "said"), [(0, ""), (2000, ""), (2001, ", the first 2,000 of them below")])
def test_a_list_that_is_cut_says_so(rows, said):
    """Otherwise the list would look complete."""
    assert cut_note(rows) == said


def test_an_empty_frame_says_so():
    """A table without rows shows a text."""
    table = TextTable("Values")
    table.show(pd.DataFrame({"value": []}), [TableColumn("value", "value")], empty="There is none")
    assert (table.content["rows"], table.empty) == ([], "There is none")


def _act(table: TextTable, selected: list[int], **more) -> dict:
    """Send what a browser sends of a click on the first action, and return the answer to it."""
    message = {
        "version": table.content["version"],
        "selected": selected,
        "action": 0,
        "view": "a",
        "number": 1,
    }
    table._handle_custom_msg({**message, **more}, [])
    return table.answer


def test_an_action_asks_again_if_what_it_asked_has_changed() -> None:
    """A colleague scored some of 312 URIs since: the click confirmed another number."""
    acted, numbers = [], iter((312, 300, 300))
    action = Action("Rows", "Act", "Act", lambda: acted.append(1), confirm=lambda _: f"{next(numbers)} URIs?")
    table = _shown(["a", "b"], selection="several", actions=[action])
    assert _act(table, [0])["text"] == "312 URIs?"
    answer = _act(table, [0], confirmed="312 URIs?")
    assert (answer["text"], answer["asked"], acted) == ("300 URIs?", True, [])
    answer = _act(table, [0], confirmed="300 URIs?")
    assert (answer["text"], answer["acted"], acted) == ("", True, [1])


def test_an_action_on_rows_that_are_no_longer_shown_is_answered() -> None:
    """The browser waits for an answer, and says why nothing was done."""
    acted = []
    table = _shown(
        ["a", "b"], selection="several", actions=[Action("Rows", "Act", "Act", lambda: acted.append(1))]
    )
    answer = _act(table, [0], version=table.content["version"] - 1)
    assert (answer["acted"], acted) == (False, [])
    assert "has changed" in answer["text"]


def test_an_action_that_raises_is_answered() -> None:
    """Otherwise the browser would hold all further keys back."""

    def fail() -> None:
        raise RuntimeError("defect")

    table = _shown(["a", "b"], selection="several", actions=[Action("Rows", "Act", "Act", fail)])
    with pytest.raises(RuntimeError, match="defect"):
        table._receive(table, {"version": 1, "selected": [0], "action": 0, "view": "a", "number": 7}, [])
    assert table.answer["number"] == 7


def test_rows_that_are_still_there_stay_selected() -> None:
    """Rows are known by what they hold, their severity aside; what has changed about them is reported."""
    table, told = TextTable("Values", selection="several"), []
    column = [TableColumn("value", "value")]
    table.show(pd.DataFrame({"value": ["a", "b", "b", "c"], "uri_sev": 0}), column, selected=[2, 3])
    table.observe(lambda change: told.append(change["new"]), "selected")
    table.show(pd.DataFrame({"value": ["b", "x", "b", "c"], "uri_sev": 1}), column)
    table.show(pd.DataFrame({"value": ["c", "b"], "uri_sev": 1}), column)
    assert told == [[2, 3], [0]]
    assert table.content["selected"] == [0]


def test_only_columns_that_are_shown_are_sent() -> None:
    """With 15 columns and long values a list would be ten times as large."""
    table = TextTable("Chosen")
    hidden = TableColumn("long", "long", shown=False)
    frame = pd.DataFrame({"value": ["a"], "long": ["x" * 300]})
    table.show(frame, [TableColumn("value", "value"), hidden])
    assert table.content["rows"] == [["a"]]
    table.shown_columns = ["long"]
    assert table.content["rows"] == [["x" * 300]]
    again = TextTable("Chosen")
    again.show(frame, [TableColumn("value", "value"), hidden])
    assert again.content["rows"] == [["x" * 300]]


def test_a_key_has_one_meaning() -> None:
    """Two actions of one key, and an action with the key of a client or host, are a mistake of the caller."""
    for keys in ("11", "1c"):
        actions = [Action("Rows", "Act", "Act", lambda: None, key=key) for key in keys]
        with pytest.raises(ValueError, match=f"the key '{keys[-1]}' has two meanings"):
            TextTable("Values", actions=actions)


def test_a_page_of_a_list_costs_little() -> None:
    """250 rows of 15 columns: less than 0.1 s of the kernel's processor time, and a score of one 0.2 s."""
    names = "time host fulluri referer word uri_rep clientip reqmethod respcode resconttype useragent webcat"
    shown = columns(f"{names} csbytes scbytes ml_score")
    values = {column.name: f"{column.name}.example/{'x' * 100}" for column in shown}
    frame = pd.DataFrame(
        [{**values, "csbytes": row, "scbytes": 9, "ml_score": 1 / (row + 1)} for row in range(250)]
    )
    action = Action("Rows", "Act", "Act", lambda: table.show(frame.iloc[1:], shown))
    table = TextTable("Values", selection="several", actions=[action])
    began = time.process_time()
    table.show(frame, shown)
    showed = time.process_time()
    _act(table, [0], then=[*range(1, 250)])
    assert len(table.content["rows"]) == 249
    assert showed - began < 0.1
    assert time.process_time() - showed < 0.2


@pytest.mark.parametrize(
    "more",
    [
        {"selected": [-1]},
        {"selected": [2]},
        {"selected": [True]},
        {"selected": 0},
        {"then": [9]},
        {"action": -1},
        {"action": 1},
        {"view": 7},
        {"number": None},
    ],
    ids=str,
)
def test_a_message_about_rows_that_are_not_there_does_nothing(more: dict) -> None:
    """A broken front end's -1 would be the last row, which was not chosen."""
    acted = []
    table = _shown(
        ["a", "b"], selection="several", actions=[Action("Rows", "Act", "Act", lambda: acted.append(1))]
    )
    _act(table, **{"selected": [0], **more})
    assert (acted, table.selected) == ([], [])


def test_a_row_is_opened_without_columns_that_are_not_there() -> None:
    """A page of another version can ask for columns that the table no longer has: the answer has no texts."""
    table = _shown(["a", "b"])
    sent: list[dict] = []
    table.send = sent.append
    table._receive(table, {"version": 1, "call": "open", "row": 1, "columns": ["former"], "view": "a"}, [])
    assert sent == [{"view": "a", "version": 1, "row": 1, "texts": []}]


def test_a_table_outlives_a_front_end_that_overwrites_its_content() -> None:
    """Synchronized state can be written from the browser."""
    table = _shown(["a", "b"], selection="one")
    table.content = {}
    table.show(pd.DataFrame({"value": ["c"]}), [TableColumn("value", "value")])
    assert (table.content["version"], table.content["rows"]) == (2, [["c"]])
