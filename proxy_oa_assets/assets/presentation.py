"""How tables and rows look in Dagster's web UI.

Data never goes into Markdown, which would turn a client's text into links and markup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from proxy_oa_assets.display import printable
from proxy_oa_assets.frames import records
from proxy_oa_assets.tables import Column, Table

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
