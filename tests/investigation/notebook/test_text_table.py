import pandas as pd
import pytest

from proxy_oa_assets.investigation.notebook.columns import TableColumn
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
