"""A table of `tables.py` as a DuckDB view of its Parquet files."""

import glob
from collections.abc import Collection
from pathlib import Path

import duckdb

from proxy_oa_assets.model.errors import WarehouseError
from proxy_oa_assets.model.tables import NULL_PARTITION, Table
from proxy_oa_assets.model.text import printable
from proxy_oa_assets.resources.local.snapshot import partition_pattern
from proxy_oa_assets.resources.parquet import stored_columns

# Impala's files name no character set for text.
_PARQUET = """read_parquet(?, binary_as_string = true, union_by_name = true, hive_partitioning = false,
    filename = true{})"""


def create_view(connection: duckdb.DuckDBPyConnection, table: Table, files: list[Path]) -> None:
    """Create the view under the table's name: its data and partition columns with the table's types.

    A column that a file doesn't have is NULL. The files are those of a snapshot.
    """
    if not files:
        everything = {column.name for column in table.all_columns}
        rows = connection.sql(f"SELECT {_typed(table, everything)} WHERE FALSE")
    else:
        source = f"FROM {_PARQUET.format('')}"
        try:
            rows = connection.sql(f"SELECT {_typed(table)} {source}", params=[_globs(files)])
        except duckdb.BinderException:
            # Rare, and reading all columns' names first would take as long as the view itself.
            missing = set(table.column_names) - {name.lower() for name, _ in stored_columns(files)}
            rows = connection.sql(f"SELECT {_typed(table, missing)} {source}", params=[_globs(files)])
    rows.create_view(table.name)


def _typed(table: Table, missing: Collection[str] = ()) -> str:
    # DuckDB's own reading of partitions takes the first `name=value` of the whole path, which may stand in
    # the name of the home.
    values = {name: name for name in table.column_names} | {
        column.name: f"nullif(regexp_extract(filename, '{partition_pattern(table)}', {group}), "
        f"'{NULL_PARTITION}')"
        for group, column in enumerate(table.partitions, start=1)
    }
    values |= dict.fromkeys(missing, "NULL")
    # A Spot installation's tables may have other types (respcode as INT); a cast to the same costs nothing.
    return ", ".join(
        f"CAST({values[column.name]} AS {column.type}) AS {column.name}" for column in table.all_columns
    )


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
                f"{file}, row {row}: {name} is {printable(value, 100)}, which isn't of the type "
                f"{wanted} that {table.name} has; correct the row, or remove it, and write the file again"
            )


def _globs(files: list[Path]) -> list[str]:
    return [glob.escape(str(file)) for file in files]
