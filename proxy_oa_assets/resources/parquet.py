"""Parquet files and Arrow tables in the columns and types of `tables.py`."""

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import WarehouseError
from proxy_oa_assets.model.files import naming
from proxy_oa_assets.model.tables import Table, declared, differences

ARROW_TYPES: dict[str, pa.DataType] = {
    "STRING": pa.string(),
    "INT": pa.int32(),
    "BIGINT": pa.int64(),
    "FLOAT": pa.float32(),
    "SMALLINT": pa.int16(),
    "TINYINT": pa.int8(),
}
# Impala names no character set for text, and pandas and Polars have large text.
_TEXT = (pa.binary(), pa.large_binary(), pa.large_string(), pa.string_view())
# Rows that an answer holds as Python objects, which take six times the memory of Arrow's.
_BATCH = 20_000
_SQL_TYPES = {arrow: sql for sql, arrow in ARROW_TYPES.items()} | dict.fromkeys(_TEXT, "STRING")


def arrow_schema(table: Table) -> pa.Schema:
    """Return the schema in which a table's data columns are written."""
    return pa.schema([(column.name, ARROW_TYPES[column.type]) for column in table.columns])


def write_empty(table: Table, file: Path) -> None:
    """Write a file of a table's data columns without a row."""
    pq.write_table(arrow_schema(table).empty_table(), file)


def stored_columns(files: Iterable[Path]) -> list[tuple[str, str]]:
    """Return the names, in lower case, and Hive types of files' columns, once for each type of a name.

    A type that no column of ours has is named as Arrow names it.
    """
    columns = (column for file in files for column in _metadata(file).schema.to_arrow_schema())
    return list(
        dict.fromkeys(
            (column.name.lower(), _SQL_TYPES.get(column.type, str(column.type).upper())) for column in columns
        )
    )


def has_rows(files: Iterable[Path]) -> bool:
    """Return whether any of the files has a row."""
    return any(_metadata(file).num_rows for file in files)


def row_count(files: Iterable[BinaryIO]) -> int:
    """Return how many rows open files have, by their footers."""
    return sum(pq.read_metadata(file).num_rows for file in files)


def checked_row_count(table: Table, files: Iterable[Path]) -> int:
    """Return how many rows files have. Raises WarehouseError if one has other columns than the table."""
    count = 0
    for file in files:
        if other := differences(declared(table.columns), stored_columns([file])):
            raise WarehouseError(f"{file} has other columns than {table.name}: {'; '.join(other)}")
        count += _metadata(file).num_rows
    return count


def refuse_damaged(files: Iterable[Path]) -> None:
    """Raise WarehouseError, with what to do, if a file is no Parquet file or a damaged one."""
    for file in files:
        _metadata(file)


def _metadata(file: Path) -> pq.FileMetaData:
    try:
        with naming(file):
            return pq.read_metadata(file)
    except (pa.ArrowException, OSError) as error:
        # Arrow raises OSError for a damaged footer, too, but without an error number.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise WarehouseError(
            f"{file} is no Parquet file, or a damaged one ({error}); remove it, or have it written again"
        ) from error


_NULLABLE = {
    pa.int8(): pd.Int8Dtype(),
    pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
}


def frame_of(rows: pa.Table) -> pd.DataFrame:
    """Return an Arrow table as a frame; whole numbers stay whole beside NULLs."""
    return pd.DataFrame(rows.to_pandas(types_mapper=_NULLABLE.get))


def answer_table(columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[object]]) -> pa.Table:
    """Return an engine's rows as an Arrow table; `columns` are their names and Hive types."""
    fetched = iter(rows)
    batches = iter(lambda: list(itertools.islice(fetched, _BATCH)), [])
    tables = [_arrow_rows(columns, batch) for batch in batches] or [_arrow_rows(columns, [])]
    # A type that pyarrow infers can differ between batches, such as that of a column of NULLs.
    return pa.concat_tables(tables, promote_options="permissive")


def _arrow_rows(columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[object]]) -> pa.Table:
    values = list(zip(*rows, strict=True)) or [()] * len(columns)
    arrays = [
        pa.array(column, type=ARROW_TYPES.get(kind))  # of another type: as pyarrow infers it
        for column, (_, kind) in zip(values, columns, strict=True)
    ]
    return pa.Table.from_arrays(arrays, names=[name for name, _ in columns])


def frame_rows(table: Table, day: Day, frame: pd.DataFrame) -> pa.Table:
    """Return a frame as rows of a table. Raises WarehouseError if it doesn't fit."""
    try:
        return pa.Table.from_pandas(
            frame[list(table.column_names)], schema=arrow_schema(table), preserve_index=False
        )
    except (KeyError, UnicodeEncodeError, pa.ArrowException) as error:
        raise WarehouseError(f"The frame doesn't fit {table.name}, {day}: {error}") from error
