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
    # The partition's values are taken from the end of the path: DuckDB's own reading takes the first
    # `name=value` of all of it, which may stand in the name of the home.
    folders = "/".join(f"{column.name}=([^/]*)" for column in table.partitions)
    casts = {column.name: column.name for column in table.columns} | {
        column.name: f"regexp_extract(filename, '/{folders}/[^/]*$', {group})"
        for group, column in enumerate(table.partitions, start=1)
    }
    typed = ", ".join(
        f"CAST({casts[column.name]} AS {_DUCKDB_TYPES[column.type]}) AS {column.name}" for column in columns
    )
    # Impala's files name no character set for text.
    connection.sql(
        f"""SELECT {typed} FROM read_parquet(?, binary_as_string = true, union_by_name = true,
            hive_partitioning = false, filename = true)""",
        params=[[glob.escape(str(file)) for file in files]],
    ).create_view(table.name)
