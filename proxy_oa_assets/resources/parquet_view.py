"""A table of `tables.py` as a DuckDB view of its Parquet files."""

import glob
from pathlib import Path

import duckdb

from proxy_oa_assets.tables import SqlType, Table

_DUCKDB_TYPES: dict[SqlType, str] = {
    "STRING": "VARCHAR",
    "INT": "INTEGER",
    "BIGINT": "BIGINT",
    "FLOAT": "FLOAT",
    "SMALLINT": "SMALLINT",
    "TINYINT": "TINYINT",
}


def create_view(connection: duckdb.DuckDBPyConnection, table: Table, files: list[Path]) -> None:
    """Create the view under the table's name: its data and partition columns with the table's types."""
    columns = (*table.columns, *table.partitions)
    if not files:
        empty = ", ".join(
            f"CAST(NULL AS {_DUCKDB_TYPES[column.type]}) AS {column.name}" for column in columns
        )
        connection.execute(f"CREATE VIEW {table.name} AS SELECT {empty} WHERE FALSE")
        return
    # A Spot installation's tables may have other types (respcode as INT); a cast to the same costs nothing.
    typed = ", ".join(
        f"CAST({column.name} AS {_DUCKDB_TYPES[column.type]}) AS {column.name}" for column in columns
    )
    # DuckDB guesses '09' as text and '12' as a number; and Impala's files name no character set for text.
    types = ", ".join(f"'{column.name}': {_DUCKDB_TYPES[column.type]}" for column in table.partitions)
    connection.sql(
        f"""SELECT {typed} FROM read_parquet(?, binary_as_string = true, union_by_name = true,
            hive_partitioning = true, hive_types = {{{types}}})""",
        params=[[glob.escape(str(file)) for file in files]],
    ).create_view(table.name)
