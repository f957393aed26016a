"""Frames and Arrow tables, with the types of `tables.py`."""

from collections.abc import Iterable, Sequence

import pandas as pd
import pyarrow as pa

from proxy_oa_assets.days import Day
from proxy_oa_assets.errors import WarehouseError
from proxy_oa_assets.resources.parquet_schema import ARROW_TYPES, arrow_schema
from proxy_oa_assets.tables import Table

_HIVE_TYPES: dict[str, pa.DataType] = {str(name): kind for name, kind in ARROW_TYPES.items()}
_NULLABLE = {
    pa.int8(): pd.Int8Dtype(),
    pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
}


def frame_of(rows: pa.Table) -> pd.DataFrame:
    """Return an Arrow table as a frame; whole numbers stay whole where there are NULLs among them."""
    frame: pd.DataFrame = rows.to_pandas(types_mapper=_NULLABLE.get)
    return frame


def answer_frame(columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[object]]) -> pd.DataFrame:
    """Return an engine's answer as a frame; `columns` are its names and Hive types."""
    values = list(zip(*rows, strict=True)) or [()] * len(columns)
    arrays = [
        pa.array(column, type=_HIVE_TYPES.get(kind))  # another type as Python's values have it
        for column, (_, kind) in zip(values, columns, strict=True)
    ]
    return frame_of(pa.Table.from_arrays(arrays, names=[name for name, _ in columns]))


def frame_rows(table: Table, day: Day, frame: pd.DataFrame) -> pa.Table:
    """Return a frame as rows of a table. Raises WarehouseError if it doesn't fit."""
    try:
        return pa.Table.from_pandas(
            frame[list(table.column_names)], schema=arrow_schema(table), preserve_index=False
        )
    except (KeyError, UnicodeEncodeError, pa.ArrowException) as error:
        raise WarehouseError(f"The frame doesn't fit {table.name}, {day}: {error}") from error
