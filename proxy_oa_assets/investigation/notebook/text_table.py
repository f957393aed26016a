"""The tables in which the notebooks show data: every value is text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

import anywidget
import pandas as pd
import traitlets
from traitlets.utils.bunch import Bunch

from proxy_oa_assets.enrichment.score_columns import Severity
from proxy_oa_assets.investigation.notebook.columns import MOST_TEXT, NAME_HEADINGS, Pivot, TableColumn, cell
from proxy_oa_assets.investigation.notebook.messages import TableMessage, has_places, understood
from proxy_oa_assets.investigation.notebook.table_content import row_identities, rows_content
from proxy_oa_assets.model.tables import records
from proxy_oa_assets.model.text import printable
from proxy_oa_assets.ranking.letters import marked

# More rows would make a browser slow.
MOST_ROWS = 2000
_BUTTON_STYLES = {Severity.HIGH: "danger", Severity.MEDIUM: "warning", Severity.LOW: "info"}
# The keys that open the row's client, host and URI; no action has them.
_PIVOT_KEYS: dict[Pivot, str] = {"client": "c", "host": "h", "uri": "u"}


def cut_note(rows: int) -> str:
    """Return a note for a table of more rows than it shows; an empty text for any other."""
    return f", the first {MOST_ROWS:,} of them below" if rows > MOST_ROWS else ""


@dataclass(frozen=True)
class Action:
    """A button below a table that acts on the selected rows.

    Buttons of the same `line` stand side by side behind that label. `style` is a button style of ipywidgets.
    `key`, a character, does the same while the table has the focus. `confirm` is called with the selected
    rows' numbers: the action is done if it returns None, and else only by a second click with the same
    selection, after its text, such as "Score 312 URIs low? Click again", has been shown.
    """

    line: str
    text: str
    title: str
    do: Callable[[], None]
    style: str = ""
    key: str = ""
    confirm: Callable[[list[int]], str | None] | None = None


class TextTable(anywidget.AnyWidget):
    """A table that the browser sorts, and whose rows it selects.

    `selected` are the numbers of the frame's rows, from 0; `several`, `one` or `none` can be selected. A
    `bare` table has no headings. `height` is CSS; longer tables scroll. An action's message contains the
    selection: the click of a separate button could reach the kernel before it and act on other rows.

    - `on_pivot(kind, row)` is called when the client, host or URI of a row, by its number, is to be opened:
      by a click on the value of a pivot column, by the keys c, h and u, or by Enter (the first of these).
    - `on_page(offset)` is called to show other rows of a list of which a page is shown.
    - `on_sort(column, descending)` is called to sort that whole list, with None for the order of the list;
      without it, a heading sorts the page and says so.

    The columns that a user chooses are kept for the next table of the same label.

    Example:
        >>> table = TextTable("Clients", selection="one")
        >>> table.show(frame, [TableColumn("clientip", "client")])

    """

    # A browser loads one module.
    _esm = "\n".join(
        Path(__file__).with_name(f"{name}.js").read_text("utf-8")
        for name in ("table_above", "table_drawing", "text_table")
    )
    _css = Path(__file__).with_name("text_table.css")

    content = traitlets.Dict().tag(sync=True)
    selected = traitlets.List(traitlets.Int())
    shown_columns = traitlets.List(traitlets.Unicode()).tag(sync=True)
    answer = traitlets.Dict().tag(sync=True)
    selection = traitlets.Unicode().tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)
    height = traitlets.Unicode().tag(sync=True)
    empty = traitlets.Unicode().tag(sync=True)
    bare = traitlets.Bool().tag(sync=True)
    buttons = traitlets.List(traitlets.Dict()).tag(sync=True)

    _chosen: ClassVar[dict[str, list[str]]] = {}

    def __init__(
        self,
        label: str,
        *,
        selection: Literal["several", "one", "none"] = "none",
        height: str = "320px",
        bare: bool = False,
        actions: Sequence[Action] = (),
        on_pivot: Callable[[str, int], None] | None = None,
        on_page: Callable[[int], None] | None = None,
        on_sort: Callable[[str | None, bool], None] | None = None,
    ) -> None:
        super().__init__(
            label=label,
            selection=selection,
            height=height,
            bare=bare,
            content={"version": 0, "columns": [], "rows": [], "ranks": [], "selected": []},
            shown_columns=self._chosen.get(label, []),
        )
        self.actions, self._on_pivot, self._on_page, self._on_sort = actions, on_pivot, on_page, on_sort
        self._check_keys()
        shown = ("line", "text", "title", "style", "key")
        self.buttons = [{name: getattr(action, name) for name in shown} for action in actions]
        self._latest: dict[str, int] = {}
        # The browser's part can write `content`.
        self._version = 0
        self._shown, self._columns = pd.DataFrame(), tuple[TableColumn, ...]()
        self._place: dict[str, int | None] = {}
        self._sorted: dict[str, object] = {"column": None, "descending": False}
        # What the rows hold that may be selected after an action, the next one first.
        self._then: list[tuple[object, ...]] | None = None
        self.on_msg(self._receive)
        self.observe(lambda _: self._choose(), "shown_columns")

    def show(
        self,
        frame: pd.DataFrame,
        columns: Sequence[TableColumn],
        *,
        selected: Sequence[int] | None = None,
        empty: str = "nothing",
        total: int | None = None,
        offset: int = 0,
        around: int | None = None,
    ) -> None:
        """Show a frame's first rows, at most MOST_ROWS, with some of them selected.

        Order, chosen columns and scroll position stay. Without `selected`, what was selected and is still
        there stays selected; an action selects the row that follows its rows in the shown order. The rows
        are the `total` rows of a list from `offset` on, by default the whole list. The row `around` is marked
        as the one around which a window was opened. Rows with a severity in `uri_sev`, which need not be
        among the columns, are marked. `empty` is the text for a frame without rows.
        """
        before, self._shown = self._shown, frame.head(MOST_ROWS)
        self._columns = tuple(columns)
        self._place = {
            "total": len(frame) if total is None else total,
            "offset": offset,
            "around": around,
            "page": max(len(self._shown), (self._place.get("page") or 0) if offset else 0),
        }
        chosen = self._still(before) if selected is None else list(selected)
        with self.hold_sync():
            self.empty = empty
            self._draw(chosen)
        former, self.selected = self.selected, chosen
        if chosen and chosen == former:
            # The same numbers can be other rows, or other values of these.
            self.notify_change(Bunch(name="selected", old=former, new=chosen, owner=self, type="change"))

    def unselect(self) -> None:
        """Select no row."""
        self._draw([])
        self.selected = []

    def _draw(self, selected: list[int]) -> None:
        names = [column.name for column in self._columns if column.name in self.shown_columns]
        columns = [c for c in self._columns if (c.name in names if names else c.shown)]
        pivots = {column.pivot for column in self._columns if column.pivot and self._on_pivot}
        self._version += 1
        self.content = {
            **rows_content(self._shown, columns, ranked=self._on_sort is None),
            **self._place,
            "version": self._version,
            "choices": [[column.name, column.heading] for column in self._columns],
            "choosable": not self.bare and any(not column.shown for column in self._columns),
            "sorted": self._sorted if self._on_sort else None,
            "keys": {key: kind for kind, key in _PIVOT_KEYS.items() if kind in pivots},
            "paged": self._on_page is not None,
            "selected": selected,
        }

    def _still(self, before: pd.DataFrame) -> list[int]:
        """Return what is selected now of the rows before: what is still there, or what follows an action."""
        if self._shown.empty or (self._then is None and not self.selected):
            return []
        numbers = {row: number for number, row in reversed([*enumerate(row_identities(self._shown))])}
        if self._then is not None:
            return [next((numbers[row] for row in self._then if row in numbers), 0)]
        rows = row_identities(before)
        return [numbers[rows[number]] for number in self.selected if rows[number] in numbers]

    def _choose(self) -> None:
        self._chosen[self.label] = self.shown_columns
        if self._columns:
            self._draw(self.selected)

    def _receive(self, _widget: object, message: Mapping[str, Any], _buffers: object) -> None:
        """Apply a message from the browser, unless its rows are no longer shown.

        A view numbers its messages. A selection that arrives after a later one is outdated; an action is
        applied to the selection that it contains.
        """
        sent = understood(TableMessage, message)
        if sent is None:
            return
        if sent.version != self._version:
            if sent.action is not None:
                self._reply(sent, "The table has changed: nothing was done")
            return
        if not has_places(sent.rows, len(self._shown)):
            return
        if sent.call:
            self._call(sent)
            return
        if not has_places([] if sent.action is None else [sent.action], len(self.actions)):
            return
        latest = self._latest.get(sent.view, 0)
        self._latest[sent.view] = max(sent.number, latest)
        if sent.number > latest or sent.action is not None:
            self.selected = sent.selected
        if sent.action is not None:
            self._act(self.actions[sent.action], sent)

    def _act(self, action: Action, message: TableMessage) -> None:
        """Do an action, or ask first; the browser holds further actions back until it has the answer."""
        acted, question = False, ""
        try:
            asked = action.confirm(self.selected) if action.confirm else None
            question = "" if asked is None else cell(asked)
            if question and question != message.confirmed:
                return
            if message.then is not None:
                rows = row_identities(self._shown)
                self._then = [rows[number] for number in message.then]
            acted, question = True, ""
            action.do()
        finally:
            self._then = None
            self._reply(message, question, acted=acted, asked=bool(question))

    def _reply(self, message: TableMessage, text: str, *, acted: bool = False, asked: bool = False) -> None:
        about = message.model_dump(include={"view", "number", "action"})
        self.answer = {**about, "text": text, "acted": acted, "asked": asked}

    def _call(self, message: TableMessage) -> None:
        names = [None, *(column.name for column in self._columns)]
        match message.call:
            case "open":
                self._open(message)
            case "pivot" if self._on_pivot and message.kind:
                self._on_pivot(message.kind, message.row)
            case "page" if self._on_page:
                self._on_page(message.offset)
            case "sort" if self._on_sort and message.column in names:
                self._sorted = {"column": message.column, "descending": message.descending}
                self._on_sort(message.column, message.descending)

    def _open(self, message: TableMessage) -> None:
        """Send the whole texts of a row's values to the view that asked for them."""
        columns = [column for column in self._columns if column.name in message.columns]
        (row,) = records(self._shown.iloc[[message.row]][[column.name for column in columns]])
        values = zip(columns, row, strict=True)
        texts = [[column.name, column.heading, column.opened(value)] for column, value in values]
        self.send({**message.model_dump(include={"view", "version", "row"}), "texts": texts})

    def _check_keys(self) -> None:
        keys = [*filter(None, (action.key for action in self.actions)), *_PIVOT_KEYS.values()]
        if twice := [key for key, number in Counter(keys).items() if number > 1]:
            raise ValueError(f"{self.label}: the key {twice[0]!r} has two meanings; choose another one")


_PROPERTIES = (
    TableColumn("label", "", kind="heading"),
    TableColumn("value", "", lambda value: printable(value, MOST_TEXT), "wrapped"),
)


class PropertyTable:
    """A table of labels and values that wraps long values."""

    def __init__(self, label: str, height: str = "420px") -> None:
        self.widget = TextTable(label, bare=True, height=height)

    def show(self, properties: Mapping[str, object]) -> None:
        """Replace the rows; an empty value has no row."""
        rows = [
            (label, marked(str(value)) if label in NAME_HEADINGS else str(value))
            for label, value in properties.items()
            if value not in (None, "")
        ]
        self.widget.show(pd.DataFrame(rows, columns=["label", "value"]), _PROPERTIES)


def severity_actions(
    line: str,
    change: Callable[[int], None],
    *,
    keys: str = "",
    confirm: Callable[[int, list[int]], str | None] | None = None,
) -> list[Action]:
    """Return the actions High, Medium and Low, which call `change` with the severity.

    `keys` are their three keys, such as `123`; `confirm` is called with the severity and the selected rows'
    numbers, as an action's is.
    """
    return [
        Action(
            line=line,
            text=f"{severity.value} {severity.name.capitalize()}",
            title=f"{line}: {severity.name.lower()} risk",
            do=partial(change, severity),
            style=style,
            key=keys[place : place + 1],
            confirm=partial(confirm, severity) if confirm else None,
        )
        for place, (severity, style) in enumerate(_BUTTON_STYLES.items())
    ]
