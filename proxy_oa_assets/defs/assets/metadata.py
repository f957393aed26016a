"""Metadata of assets in the web UI: schemas of tables, previews of rows, lineage of columns.

Dagster takes a table's column lineage from its last materialization, so each materialization carries it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import dagster as dg

from proxy_oa_assets.model.tables import (
    PROXY,
    PROXY_EDGE,
    PROXY_HISTORY,
    PROXY_SCORES,
    RESULT_COLUMNS,
    Column,
    Table,
    records,
)
from proxy_oa_assets.model.text import printable
from proxy_oa_assets.ranking.letters import letter_note
from proxy_oa_assets.sql.day_tables import EDGE_SOURCES
from proxy_oa_assets.sql.query import COUNTABLE_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

_PREVIEW_WIDTH = 120  # characters
_NAMES = ("host", "fulluri", "referer")
_SCORES_SOURCES = {"tdate": "p_date", "time": "p_time", "ml_score": "score"}


def column_schema(columns: tuple[Column, ...]) -> dg.TableSchema:
    """Return columns as Dagster shows them."""
    return dg.TableSchema(
        [dg.TableColumn(column.name, column.type, description=column.description) for column in columns]
    )


def table_metadata(table: Table) -> dict[str, object]:
    """Return the columns of an asset that is a table."""
    return {"dagster/column_schema": column_schema(table.all_columns)}


def preview(frame: pd.DataFrame, columns: tuple[str, ...], rows: int = 10) -> dg.TableMetadataValue:
    """Return the first rows as a table; unprintable characters are escaped, long texts shortened.

    Hosts whose letters imitate others have a note.
    """
    shown = frame.head(rows)[list(columns)]
    return dg.MetadataValue.table(
        records=[
            dg.TableRecord({name: _previewed(name, value) for name, value in zip(columns, row, strict=True)})
            for row in records(shown)
        ],
        schema=dg.TableSchema([dg.TableColumn(name, "string") for name in columns]),
    )


def _previewed(name: str, value: object) -> str:
    shown = printable(value, _PREVIEW_WIDTH)
    note = letter_note(str(value or "")) if name in _NAMES else ""
    return f"{shown} [{note}]" if note else shown


def results_lineage() -> dict[str, dg.TableColumnLineage]:
    """Return the lineage of the ranked rows: the same columns of the ranking job's file."""
    return _lineage({column.name: [("ml_results", column.name)] for column in RESULT_COLUMNS})


def scores_lineage(reputation_column: str) -> dict[str, dg.TableColumnLineage]:
    """Return the lineage of `proxy_scores`; the values of `reputation_column` are looked up."""
    computed = {
        "uri_rep": _SCORES_SOURCES.get(reputation_column, reputation_column),
        "respcode_name": "respcode",
        "network_context": "clientip",
    }
    return _lineage(
        {
            name: [("proxy_results", computed.get(name) or _SCORES_SOURCES.get(name, name))]
            for name in PROXY_SCORES.column_names
        }
    )


def edge_lineage() -> dict[str, dg.TableColumnLineage]:
    """Return the lineage of `proxy_edge`: the raw log, for the connections of `proxy_scores`."""
    computed = {"hh": "h", "respcode_name": "respcode"}
    sources = {
        name: [("proxy", computed.get(name) or EDGE_SOURCES.get(name, name))]
        for name in PROXY_EDGE.column_names
    }
    for name in ("clientip", "fulluri"):
        sources[name].append(("scored_connections", name))
    return _lineage(sources)


def summary_lineage() -> dict[str, dg.TableColumnLineage]:
    """Return the lineage of `proxy_ingest_summary`: the columns that make a raw row count."""
    return _lineage(
        {
            "tdate": [("proxy", "p_date"), ("proxy", "p_time")],
            "total": [("proxy", name) for name in COUNTABLE_COLUMNS],
        }
    )


def history_lineage() -> dict[str, dg.TableColumnLineage]:
    """Return the lineage of `proxy_history`: the raw log's columns."""
    computed = {
        "first_second": ["p_time"],
        "last_second": ["p_time"],
        "requests": ["clientip", "host"],
        "posts": ["reqmethod"],
        "sent": ["csbytes"],
        "received": ["scbytes"],
    }
    return _lineage(
        {
            name: [("proxy", column) for column in computed.get(name, [name])]
            for name in PROXY_HISTORY.column_names
        }
    )


def ranking_lineage() -> dict[str, dg.TableColumnLineage]:
    """Return the lineage of results that are ranked here; score and word are made of all their columns."""
    raw = [name for name in (column.name for column in RESULT_COLUMNS) if name in PROXY.column_names]
    made_of = [("proxy", name) for name in (*raw, "uriextension")]
    made_of += [("proxy_history", name) for name in PROXY_HISTORY.column_names]
    return _lineage({name: [("proxy", name)] for name in raw} | dict.fromkeys(("word", "score"), made_of))


def _lineage(sources: Mapping[str, Sequence[tuple[str, str]]]) -> dict[str, dg.TableColumnLineage]:
    """Return the metadata of columns that are made from other assets' columns: pairs of asset and column."""
    return {
        "dagster/column_lineage": dg.TableColumnLineage(
            {
                name: [dg.TableColumnDep(dg.AssetKey(asset), column) for asset, column in deps]
                for name, deps in sources.items()
            }
        )
    }
