"""A table of `tables.py` as a DuckDB view of its Parquet files."""

import glob
from pathlib import Path

import duckdb

from proxy_oa_assets.model.errors import WarehouseError
from proxy_oa_assets.model.tables import Table
from proxy_oa_assets.model.text import printable
from proxy_oa_assets.resources.parquet import stored_columns

_SHOWN_WIDTH = 100
# Impala's files name no character set for text.
_PARQUET = """read_parquet(?, binary_as_string = true, union_by_name = true, hive_partitioning = false,
    filename = true{})"""


def create_view(connection: duckdb.DuckDBPyConnection, table: Table, files: list[Path]) -> None:
    """Create the view under the table's name: its data and partition columns with the table's types.

    A column that a file doesn't have is NULL.
    """
    stored: set[str] = set()
    rows = connection.sql("SELECT 1 WHERE FALSE")
    if files:
        rows = connection.sql(f"SELECT * FROM {_PARQUET.format('')}", params=[_globs(files)])
        stored = {name.lower() for name in rows.columns}
    values = {name: name if name in stored else "NULL" for name in table.column_names}
    # DuckDB's own reading of partitions takes the first `name=value` of the whole path, which may stand in
    # the name of the home.
    folders = "/".join(f"{column.name}=([^/]*)" for column in table.partitions)
    for group, column in enumerate(table.partitions, start=1):
        found = f"regexp_extract(filename, '/{folders}/[^/]*$', {group})"
        values[column.name] = found if files else "NULL"
    # A Spot installation's tables may have other types (respcode as INT); a cast to the same costs nothing.
    typed = (f"CAST({values[column.name]} AS {column.type}) AS {column.name}" for column in table.all_columns)
    rows.project(", ".join(typed)).create_view(table.name)


def refuse_unfit_values(connection: duckdb.DuckDBPyConnection, table: Table, files: list[Path]) -> None:
    """Raise WarehouseError, naming file and row, if a value doesn't fit its column's type in the table."""
    ours = {column.name: column.type for column in table.columns}
    numbered = _PARQUET.format(", file_row_number = true")
    for name, stored in stored_columns(files):
        wanted = ours.get(name.lower())
        if wanted is None or wanted == stored:
            continue
        found = connection.execute(
            f"""SELECT filename, file_row_number + 1, {name} FROM {numbered}
                WHERE {name} IS NOT NULL AND TRY_CAST({name} AS {wanted}) IS NULL
                LIMIT 1""",
            [_globs(files)],
        ).fetchone()
        if found:
            file, row, value = found
            raise WarehouseError(
                f"{file}, row {row}: {name} is {printable(value, _SHOWN_WIDTH)}, which isn't of the type "
                f"{wanted} that {table.name} has; correct the row, or remove it, and write the file again"
            )


def _globs(files: list[Path]) -> list[str]:
    return [glob.escape(str(file)) for file in files]
