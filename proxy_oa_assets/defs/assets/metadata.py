"""Where each column comes from, as Dagster draws it.

Stated per table, from the raw log and the ranked results to each output column. Dagster shows the lineage of
a materialization, so each materialization carries it.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

import dagster as dg

from proxy_oa_assets.model.tables import PROXY_EDGE, PROXY_SCORES, RESULT_COLUMNS, Column, Table, records
from proxy_oa_assets.model.text import printable
from proxy_oa_assets.sql.day_tables import EDGE_SOURCES
from proxy_oa_assets.sql.query import COUNTABLE_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

_PREVIEW_WIDTH = 120


def column_schema(columns: tuple[Column, ...]) -> dg.TableSchema:
    """Return columns as Dagster shows them."""
    return dg.TableSchema(
        [dg.TableColumn(column.name, column.type, description=column.description) for column in columns]
    )


def table_metadata(table: Table) -> dict[str, object]:
    """Return what Dagster shows of an asset that is a table."""
    return {
        "dagster/table_name": table.name,
        "dagster/column_schema": column_schema((*table.columns, *table.partitions)),
    }


def preview(frame: pd.DataFrame, columns: tuple[str, ...], rows: int = 10) -> dg.TableMetadataValue:
    """Return the first rows as a table value; unprintable characters stand as escapes, long texts are cut."""
    shown = frame.head(rows)[list(columns)]
    return dg.MetadataValue.table(
        records=[
            dg.TableRecord(
                {name: printable(value, _PREVIEW_WIDTH) for name, value in zip(columns, row, strict=True)}
            )
            for row in records(shown)
        ],
        schema=dg.TableSchema([dg.TableColumn(name, "string") for name in columns]),
    )


# An asset and a column of it.
Source = tuple[str, str]

_SCORES_SOURCES = {"tdate": "p_date", "time": "p_time", "ml_score": "score"}


def results_lineage() -> dict[str, list[Source]]:
    """Return the sources of the ranked rows: the same columns of the ranking job's file."""
    return {column.name: [("ml_results", column.name)] for column in RESULT_COLUMNS}


def scores_lineage(reputation_column: str) -> dict[str, list[Source]]:
    """Return the sources of `proxy_scores`; services are asked about `reputation_column`."""
    computed = {
        "uri_rep": _SCORES_SOURCES.get(reputation_column, reputation_column),
        "respcode_name": "respcode",
        "network_context": "clientip",
    }
    return {
        name: [("proxy_results", computed.get(name) or _SCORES_SOURCES.get(name, name))]
        for name in PROXY_SCORES.column_names
    }


def edge_lineage() -> dict[str, list[Source]]:
    """Return the sources of `proxy_edge`: the raw log, for the connections of `proxy_scores`."""
    computed = {"hh": "h", "respcode_name": "respcode"}
    lineage = {
        name: [("proxy", computed.get(name) or EDGE_SOURCES.get(name, name))]
        for name in PROXY_EDGE.column_names
    }
    for name in ("clientip", "fulluri"):
        lineage[name].append(("scored_connections", name))
    return lineage


def summary_lineage() -> dict[str, list[Source]]:
    """Return the sources of `proxy_ingest_summary`: the columns that make a raw row count."""
    return {
        "tdate": [("proxy", "p_date"), ("proxy", "p_time")],
        "total": [("proxy", name) for name in COUNTABLE_COLUMNS],
    }


def column_lineage(sources: Mapping[str, list[Source]]) -> dict[str, dg.MetadataValue]:
    """Return the metadata of a materialization whose columns come from these."""
    lineage = dg.TableColumnLineage(
        deps_by_column={
            column: [dg.TableColumnDep(asset_key=dg.AssetKey(asset), column_name=name) for asset, name in of]
            for column, of in sources.items()
        }
    )
    return {"dagster/column_lineage": dg.MetadataValue.column_lineage(lineage)}


def accept_previews() -> None:
    """Don't warn of beta and preview features in this process."""
    for category in (dg.BetaWarning, dg.PreviewWarning):
        warnings.filterwarnings("ignore", category=category)
