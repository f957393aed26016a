"""The table in which the notebooks show data: every value is text, whatever it contains."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import anywidget
import pandas as pd
import traitlets

from proxy_oa_assets.enrichment.reputation.verdict import UNVERIFIED, gravest
from proxy_oa_assets.investigation.score import SEVERITIES
from proxy_oa_assets.model.tables import records
from proxy_oa_assets.model.text import printable

# Longer values are no help in a table; the details show them in full.
_WIDTH = 400
# What a browser draws at once without being felt.
MOST_ROWS = 2000


def cell(value: object) -> str:
    """Return a value as a cell of a table shows it."""
    return printable(value, _WIDTH)


def first_of(rows: int) -> str:
    """Return what to say of a table of so many rows, if it shows the first of them only."""
    return f", the first {MOST_ROWS:,} of them below" if rows > MOST_ROWS else ""


@dataclass(frozen=True)
class Column:
    """A column of a frame, and how it is shown.

    `text` makes a value's text; `order` makes what the column is sorted by, if that isn't the value. A `wide`
    column takes the room that is left; a `wrapped` one has line breaks.
    """

    name: str
    heading: str
    text: Callable[[object], str] = cell
    kind: Literal["text", "number", "wide", "wrapped", "heading"] = "text"
    order: Callable[[object], float] | None = None


@dataclass(frozen=True)
class Action:
    """A button below a table that does something with its selected rows.

    Those of the same `line` stand in one, which begins with that word. `style` is one of ipywidgets' buttons.
    """

    line: str
    text: str
    title: str
    do: Callable[[], None]
    style: str = ""


class TextTable(anywidget.AnyWidget):
    """A table that is sorted and selected in the browser.

    `selected` are the numbers of the frame's rows, from 0. Selection is of `several`, of `one`, or `none`. A
    `bare` table has no heads. `height` is CSS; longer tables scroll. An action's click brings the selection
    along: as a button of its own, it could reach the kernel before it, and be about other rows.

    Example:
        >>> table = TextTable("Clients", selection="one")
        >>> table.show(frame, [Column("clientip", "client")])

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
        columns: Sequence[Column],
        *,
        selected: Sequence[int] = (),
        empty: str = "nothing",
    ) -> None:
        """Show a frame's first rows, at most MOST_ROWS, with some of them selected.

        How the analyst has sorted and scrolled the table stays. `empty` is shown of a frame without rows.
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
        """Take a selection that was made in the browser, unless it is of rows that are gone, and act on it.

        A view numbers its messages. One that comes after a later one is late: its selection is over, unless
        an action was about it.
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
    """Return each value's place among the column's values; NULL comes last."""
    ordered = values.map(order) if order else values
    return [int(rank) for rank in ordered.rank(method="dense", na_option="bottom")]


_NAMES = {number: name.capitalize() for number, name in SEVERITIES.items()}


def _score(value: object) -> str:
    return f"{value:.2e}" if isinstance(value, float) else ""


def _severity(value: object) -> str:
    return _NAMES.get(int(str(value)), "") if value is not None else ""


def _verdict(value: object) -> str:
    """Return the label of the gravest answer, such as `HIGH`; the details have every service's."""
    verdict = gravest(str(value))
    return cell(verdict.label) if verdict else ""


def _gravity(value: object) -> int:
    verdict = gravest(str(value))
    return -verdict.value if verdict else -UNVERIFIED + 1


SUSPICIOUS = (
    Column("ml_score", "score", _score, "number"),
    Column("time", "time"),
    Column("clientip", "client"),
    Column("fulluri", "URI", kind="wide"),
    Column("uri_rep", "verdict", _verdict, order=_gravity),
    Column("reqmethod", "method"),
    Column("respcode_name", "response"),
    Column("network_context", "network"),
    Column("scored_rows", "rows", kind="number"),
)

THREATS = (Column("uri_sev", "severity", _severity), Column("fulluri", "URI", kind="wide"))

EDGES = (
    Column("time", "time"),
    Column("reqmethod", "method"),
    Column("respcode", "code"),
    Column("respcode_name", "response"),
    Column("resconttype", "type"),
    Column("csbytes", "sent", kind="number"),
    Column("scbytes", "received", kind="number"),
    Column("referer", "referer", kind="wide"),
    Column("useragent", "user agent"),
    Column("webcat", "category"),
    Column("serverip", "server"),
    Column("uriport", "port"),
)

FOUND = (
    Column("p_time", "time"),
    Column("clientip", "client"),
    Column("username", "user"),
    Column("reqmethod", "method"),
    Column("fulluri", "URI", kind="wide"),
    Column("referer", "referer", kind="wide"),
    Column("respcode", "code"),
    Column("resconttype", "type"),
    Column("csbytes", "sent", kind="number"),
    Column("scbytes", "received", kind="number"),
    Column("duration", "ms", kind="number"),
    Column("useragent", "user agent"),
    Column("webcat", "category"),
    Column("serverip", "server"),
    Column("uriport", "port"),
)


# A client can send a URI of a megabyte.
_FACT_WIDTH = 20_000
_COLUMNS = (
    Column("name", "", kind="heading"),
    Column("value", "", lambda value: printable(value, _FACT_WIDTH), "wrapped"),
)


class Facts:
    """A table of names and values that wraps long values."""

    def __init__(self, label: str) -> None:
        self.widget = TextTable(label, bare=True, height="340px")

    def show(self, facts: Mapping[str, object]) -> None:
        """Show these instead of the former ones; an empty value has no row."""
        rows = [(name, str(value)) for name, value in facts.items() if value not in (None, "")]
        self.widget.show(pd.DataFrame(rows, columns=["name", "value"]), _COLUMNS)


_STYLES = {1: "danger", 2: "warning", 3: "info"}


def severity_actions(what: str, give: Callable[[int], None]) -> list[Action]:
    """Return high, medium and low for something; `give` is called with 1, 2 or 3."""
    return [
        Action(
            line=what,
            text=f"{number} {name.capitalize()}",
            title=f"{what}: {name} risk",
            do=partial(give, number),
            style=_STYLES[number],
        )
        for number, name in SEVERITIES.items()
    ]
