"""A table of a list's connections: a click shows one beside it, its values lead on, buttons act on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pandas as pd

from proxy_oa_assets.investigation.day_context import uri_text
from proxy_oa_assets.investigation.listed import Connection
from proxy_oa_assets.investigation.notebook.columns import TableColumn
from proxy_oa_assets.investigation.notebook.desk import Desk, Row
from proxy_oa_assets.investigation.notebook.text_table import Action, TextTable, severity_actions
from proxy_oa_assets.model.tables import records
from proxy_oa_assets.model.text import counted, printable

# More rows than are seen at once aren't scored unasked.
_SCREENFUL = 20
_SHOWN = 60
_COLUMN_OF = {"client": "clientip", "host": "host", "uri": "fulluri"}


class RowTable:
    """A table whose rows have `clientip`, `fulluri` and `host`."""

    def __init__(
        self,
        desk: Desk,
        label: str,
        columns: Sequence[TableColumn],
        *,
        height: str,
        on_page: Callable[[int], None] | None = None,
        actions: Sequence[Action] = (),
    ) -> None:
        self._desk, self._columns = desk, columns
        self._frame = pd.DataFrame()
        shared = [
            *severity_actions("Selected", self._score, keys="123", confirm=self._ask_for_many),
            *self._threat_actions(),
            hand_over_action("Selected", lambda: desk.hand_over(self.connections())),
            *severity_actions("Whole hosts", self._score_hosts, confirm=self._ask_for_hosts),
            *actions,
        ]
        self.widget = TextTable(
            label, selection="several", height=height, actions=shared, on_pivot=self._pivot, on_page=on_page
        )
        self.widget.observe(lambda _: self.show_selected(), "selected")

    def show(
        self,
        frame: pd.DataFrame,
        *,
        empty: str,
        total: int | None = None,
        offset: int = 0,
        around: int | None = None,
    ) -> None:
        """Show a page of a list, as `TextTable.show` does."""
        self._frame = frame
        # A column without a value takes the place of one that has some.
        shown = [replace(each, shown=each.shown and _has_value(frame[each.name])) for each in self._columns]
        self.widget.show(frame, shown, empty=empty, total=total, offset=offset, around=around)

    def rows(self, numbers: Sequence[int] | None = None) -> list[Row]:
        """Return the rows of these numbers, by default the selected ones."""
        chosen = self._frame.iloc[list(self.widget.selected if numbers is None else numbers)]
        return [dict(zip(chosen.columns, row, strict=True)) for row in records(chosen)]

    def uris(self, numbers: Sequence[int] | None = None) -> list[str]:
        """Return the URIs of the rows, each once."""
        return list(dict.fromkeys(uri_text(row["fulluri"]) for row in self.rows(numbers)))

    def connections(self) -> list[Connection]:
        """Return the connections of the selected rows, each once."""
        return connections_of(self._frame.iloc[self.widget.selected])

    def show_selected(self) -> None:
        """Show the details of the selected row; nothing unless it is one."""
        rows = self.rows()
        self._desk.show_details(rows[0] if len(rows) == 1 else None)

    def _pivot(self, kind: str, number: int) -> None:
        (row,) = self.rows([number])
        self._desk.open_day_of(kind, uri_text(row[_COLUMN_OF[kind]]))

    def _score(self, severity: int) -> None:
        self._desk.score(self.uris(), severity)

    def _ask_for_many(self, _severity: int, numbers: list[int]) -> str | None:
        return asked_for_many(self.uris(numbers))

    def _hosts(self, numbers: Sequence[int] | None = None) -> list[str]:
        return list(dict.fromkeys(uri_text(row["host"]) for row in self.rows(numbers)))

    def _ask_for_hosts(self, _severity: int, numbers: list[int]) -> str | None:
        hosts = self._hosts(numbers)
        if not hosts:
            return None
        uris = self._desk.uris_of_hosts(hosts)
        named = printable(hosts[0], _SHOWN) if len(hosts) == 1 else counted(len(hosts), "host")
        return f"Score all {counted(len(uris), 'URI')} of {named}, those of the raw log as well? Click again"

    def _score_hosts(self, severity: int) -> None:
        self._desk.score(self._desk.uris_of_hosts(self._hosts()), severity)

    def _threat_actions(self) -> list[Action]:
        return [
            Action(
                line="Selected",
                text="Chain",
                title="Propose the whole chain of the selected row's incident, in the tab Incident",
                do=lambda: self._desk.propose_chain(self.connections()),
                key="x",
            ),
            Action(
                line="Selected",
                text="To incident",
                title="Add the selected connections to the incident",
                do=lambda: self._desk.add_to_incident(self.connections()),
                key="a",
            ),
        ]


def asked_for_many(uris: Sequence[str]) -> str | None:
    """Return the question before more URIs are scored than are seen at once; None for fewer."""
    return f"Score {len(uris):,} URIs? Click again" if len(uris) > _SCREENFUL else None


def hand_over_action(line: str, do: Callable[[], None]) -> Action:
    """Return the button that writes the selected connections to a file."""
    title = "Write the selected connections to a file of the format chosen above"
    return Action(line=line, text="Hand over", title=title, do=do)


def connections_of(frame: pd.DataFrame) -> list[Connection]:
    """Return the connections of rows, each once."""
    rows = records(frame[["clientip", "fulluri"]]) if len(frame) else []
    return list(dict.fromkeys((uri_text(client), uri_text(uri)) for client, uri in rows))


def _has_value(values: pd.Series) -> bool:
    return values.empty or bool((values.notna() & ~values.isin(["", 0])).any())
