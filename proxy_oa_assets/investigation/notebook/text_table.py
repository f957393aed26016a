"""The tables in which the notebooks show data: every value is text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import anywidget
import pandas as pd
import traitlets

from proxy_oa_assets.enrichment.reputation.verdict import Risk, gravest
from proxy_oa_assets.enrichment.score_columns import Severity
from proxy_oa_assets.model.tables import records
from proxy_oa_assets.model.text import printable

# More rows would make a browser slow.
MOST_ROWS = 2000
# In characters; the details show a longer value in full, up to a limit: a client can send a megabyte.
_WIDTH, _PROPERTY_WIDTH = 400, 20_000
_BUTTON_STYLES = {Severity.HIGH: "danger", Severity.MEDIUM: "warning", Severity.LOW: "info"}


def cell(value: object) -> str:
    """Return a value as the text of a cell."""
    return printable(value, _WIDTH)


def cut_note(rows: int) -> str:
    """Return a note for a table of more rows than it shows; an empty text for any other."""
    return f", the first {MOST_ROWS:,} of them below" if rows > MOST_ROWS else ""


@dataclass(frozen=True)
class TableColumn:
    """A column of a frame, and how to show it.

    `text` converts a value to its text, `order` to its sort key, which is the value itself by default. A
    `wide` column takes the remaining width; a `wrapped` one has line breaks.
    """

    name: str
    heading: str
    text: Callable[[object], str] = cell
    kind: Literal["text", "number", "wide", "wrapped", "heading"] = "text"
    order: Callable[[object], float] | None = None


@dataclass(frozen=True)
class Action:
    """A button below a table that acts on the selected rows.

    Buttons of the same `line` stand side by side behind that label. `style` is a button style of ipywidgets.
    """

    line: str
    text: str
    title: str
    do: Callable[[], None]
    style: str = ""


class TextTable(anywidget.AnyWidget):
    """A table that the browser sorts, and whose rows it selects.

    `selected` are the numbers of the frame's rows, from 0; `several`, `one` or `none` can be selected. A
    `bare` table has no headings. `height` is CSS; longer tables scroll. An action's message contains the
    selection: the click of a separate button could reach the kernel before it and act on other rows.

    Example:
        >>> table = TextTable("Clients", selection="one")
        >>> table.show(frame, [TableColumn("clientip", "client")])

    """

    _esm = Path(__file__).with_name("text_table.js")
    _css = Path(__file__).with_name("text_table.css")

    content = traitlets.Dict().tag(sync=True)
    selected = traitlets.List(traitlets.Int())
    selection = traitlets.Unicode().tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)
    height = traitlets.Unicode().tag(sync=True)
    empty = traitlets.Unicode().tag(sync=True)
    bare = traitlets.Bool().tag(sync=True)
    buttons = traitlets.List(traitlets.Dict()).tag(sync=True)

    def __init__(
        self,
        label: str,
        *,
        selection: Literal["several", "one", "none"] = "none",
        height: str = "320px",
        bare: bool = False,
        actions: Sequence[Action] = (),
    ) -> None:
        nothing = {"version": 0, "columns": [], "rows": [], "ranks": [], "selected": []}
        super().__init__(label=label, selection=selection, height=height, bare=bare, content=nothing)
        self.actions = actions
        self.buttons = [
            {"line": action.line, "text": action.text, "title": action.title, "style": action.style}
            for action in actions
        ]
        self._latest: dict[str, int] = {}
        self.on_msg(self._receive)

    def show(
        self,
        frame: pd.DataFrame,
        columns: Sequence[TableColumn],
        *,
        selected: Sequence[int] = (),
        empty: str = "nothing",
    ) -> None:
        """Show a frame's first rows, at most MOST_ROWS, with some of them selected.

        Order and scroll position stay. `empty` is the text for a frame without rows.
        """
        shown = frame.head(MOST_ROWS)
        with self.hold_sync():
            self.empty = empty
            self.content = {
                "version": self.content["version"] + 1,
                "columns": [
                    {"name": column.name, "heading": column.heading, "kind": column.kind}
                    for column in columns
                ],
                "rows": [
                    [column.text(value) for column, value in zip(columns, row, strict=True)]
                    for row in records(shown[[column.name for column in columns]])
                ],
                "ranks": [_ranks(shown[column.name], column.order) for column in columns],
                "selected": list(selected),
            }
        self.selected = list(selected)

    def _receive(self, _widget: object, message: Mapping[str, Any], _buffers: object) -> None:
        """Apply a selection from the browser, unless its rows are no longer shown, and its action.

        A view numbers its messages. A message that arrives after a later one is outdated: only its action is
        applied, to the selection that it contains.
        """
        if message["version"] != self.content["version"]:
            return
        view, number, action = message["view"], message["number"], message["action"]
        latest = self._latest.get(view, 0)
        self._latest[view] = max(number, latest)
        if number > latest or action is not None:
            self.selected = message["selected"]
        if action is not None:
            self.actions[action].do()


def _ranks(values: pd.Series, order: Callable[[object], float] | None) -> list[int]:
    """Return each value's rank in the column; NULL comes last."""
    ordered = values.map(order) if order else values
    return [int(rank) for rank in ordered.rank(method="dense", na_option="bottom")]


def _score(value: object) -> str:
    return f"{value:.2e}" if isinstance(value, float) else ""


def _severity(value: object) -> str:
    return next((severity.name.capitalize() for severity in Severity if severity == value), "")


def _verdict(value: object) -> str:
    """Return the label of the gravest verdict, such as `HIGH`."""
    verdict = gravest(str(value))
    return cell(verdict.label) if verdict else ""


def _risk_order(value: object) -> int:
    verdict = gravest(str(value))
    return -verdict.risk if verdict else -Risk.UNVERIFIED + 1


_COLUMNS = {
    column.name: column
    for column in (
        TableColumn("ml_score", "score", _score, "number"),
        TableColumn("uri_sev", "severity", _severity),
        TableColumn("time", "time"),
        TableColumn("p_time", "time"),
        TableColumn("clientip", "client"),
        TableColumn("network_context", "network"),
        TableColumn("username", "user"),
        TableColumn("fulluri", "URI", kind="wide"),
        TableColumn("uri_rep", "verdict", _verdict, order=_risk_order),
        TableColumn("reqmethod", "method"),
        TableColumn("respcode", "code"),
        TableColumn("respcode_name", "response"),
        TableColumn("resconttype", "content type"),
        TableColumn("csbytes", "sent", kind="number"),
        TableColumn("scbytes", "received", kind="number"),
        TableColumn("duration", "ms", kind="number"),
        TableColumn("referer", "referer", kind="wide"),
        TableColumn("useragent", "user agent"),
        TableColumn("webcat", "category"),
        TableColumn("serverip", "server"),
        TableColumn("uriport", "port"),
        TableColumn("scored_rows", "rows", kind="number"),
        TableColumn("story", "story"),
        TableColumn("effect", "effect"),
        TableColumn("points", "points", lambda value: f"{value:.1f}", "number"),
        TableColumn("host", "host"),
        TableColumn("clients", "clients", kind="number"),
        TableColumn("given_on", "given on"),
        TableColumn("until", "until"),
        TableColumn("by", "by", kind="wide"),
        TableColumn("because", "because", kind="wide"),
    )
}


def columns(names: str) -> tuple[TableColumn, ...]:
    """Return the notebooks' columns of these names, which blanks separate."""
    return tuple(_COLUMNS[name] for name in names.split())


_PROPERTIES = (
    TableColumn("label", "", kind="heading"),
    TableColumn("value", "", lambda value: printable(value, _PROPERTY_WIDTH), "wrapped"),
)


class PropertyTable:
    """A table of labels and values that wraps long values."""

    def __init__(self, label: str) -> None:
        self.widget = TextTable(label, bare=True, height="420px")

    def show(self, properties: Mapping[str, object]) -> None:
        """Replace the rows; an empty value has no row."""
        rows = [(label, str(value)) for label, value in properties.items() if value not in (None, "")]
        self.widget.show(pd.DataFrame(rows, columns=["label", "value"]), _PROPERTIES)


def severity_actions(line: str, change: Callable[[int], None]) -> list[Action]:
    """Return the actions High, Medium and Low, which call `change` with the severity."""
    return [
        Action(
            line=line,
            text=f"{severity.value} {severity.name.capitalize()}",
            title=f"{line}: {severity.name.lower()} risk",
            do=partial(change, severity),
            style=style,
        )
        for severity, style in _BUTTON_STYLES.items()
    ]
