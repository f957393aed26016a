"""What a table sends of a frame's rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import pandas as pd

from proxy_oa_assets.investigation.notebook.columns import TableColumn, severity_text
from proxy_oa_assets.model.tables import records
from proxy_oa_assets.ranking.letters import letter_note


def rows_content(frame: pd.DataFrame, columns: Sequence[TableColumn], *, ranked: bool) -> dict[str, object]:
    """Return columns and the texts of a frame's rows; if `ranked`, the places by which a browser sorts them.

    `looks` has row, column and note of each name in which letters imitate others, `severities` the texts of
    `uri_sev`, none for a frame without it.
    """
    severities = frame.get("uri_sev", ())
    return {
        "columns": [
            {"name": column.name, "heading": column.heading, "kind": column.kind, "pivot": column.pivot}
            for column in columns
        ],
        "rows": [
            [column.text(value) for column, value in zip(columns, row, strict=True)]
            for row in records(frame[[column.name for column in columns]])
        ],
        "ranks": [_ranks(frame[column.name], column.order) for column in columns] if ranked else [],
        "looks": [*_looks(frame, columns)],
        "severities": [severity_text(value) for value in severities],
    }


def row_identities(frame: pd.DataFrame) -> list[tuple[object, ...]]:
    """Return by what each row is found again: its values but the severity, and its place among equals."""
    seen = Counter[tuple[object, ...]]()
    found = []
    for row in records(frame.drop(columns="uri_sev", errors="ignore")):
        seen[row] += 1
        found.append((*row, seen[row]))
    return found


def _ranks(values: pd.Series, order: Callable[[object], float] | None) -> list[int]:
    """Return each value's rank in the column; NULL comes last."""
    ordered = values.map(order) if order else values
    return [int(rank) for rank in ordered.rank(method="dense", na_option="bottom")]


def _looks(frame: pd.DataFrame, columns: Sequence[TableColumn]) -> Iterator[tuple[int, int, str]]:
    for at, column in enumerate(columns):
        if column.names:
            for row, (name,) in enumerate(records(frame[[column.name]])):
                if note := letter_note("" if name is None else str(name)):
                    yield row, at, note
