"""DuckDB as the engine of the embedded warehouse: statements over given Parquet files.

Which files are a table's day, and who may replace them, is the warehouse's. With DuckDB, pandas and pyarrow
this takes long to load, so the warehouse imports it with its first statement.
"""

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import TypeVar

import duckdb
import pandas as pd
import pyarrow.parquet as pq

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import WarehouseError
from proxy_oa_assets.model.tables import TABLES, Table
from proxy_oa_assets.resources.local import parquet_text
from proxy_oa_assets.resources.local.parquet_view import create_view, refuse_unfit_values
from proxy_oa_assets.resources.local.pinned_files import Files, remove_left_behind
from proxy_oa_assets.resources.parquet import frame_of, frame_rows, refuse_damaged
from proxy_oa_assets.sql.query import Query

_ROWS_AT_A_TIME = 10_000
_MOST_THREADS = 4
_OPERATIONS = itertools.count()

# Gives a file to write, which is put in its place once the block ends without an error.
Publishing = Callable[[], AbstractContextManager[Path]]

T = TypeVar("T")


class DuckDBEngine:
    """DuckDB, started with the first statement; `files` are those of the tables that a statement names.

    What doesn't fit in memory goes to the folder `scratch`, and so do copies of files with text that isn't
    UTF-8. Every method raises WarehouseError when DuckDB refuses.
    """

    def __init__(self, database: str, scratch: Path, memory_limit: str) -> None:
        self._database = database
        self._scratch = scratch
        self._memory_limit = memory_limit
        self._started: duckdb.DuckDBPyConnection | None = None

    def stop(self) -> None:
        """Stop DuckDB; the next statement would start it again."""
        if self._started is not None:
            self._started.close()
            self._started = None

    def tables_of(self, query: Query) -> list[Table]:
        """Return the tables that a query reads."""
        # DuckDB names no tables of a statement with parameters. Its tokens stand at offsets in UTF-8.
        text = bytearray(query.sql, "utf-8")
        for offset, kind in reversed(duckdb.tokenize(query.sql)):
            if kind == duckdb.token_type.operator and text[offset : offset + 1] == b"?":
                text[offset : offset + 1] = b" NULL "
        with closing(self._cursor()) as connection, self._translated(query.sql):
            names = {name.lower() for name in connection.get_table_names(text.decode("utf-8"))}
        return [table for name, table in TABLES.items() if name in names]

    def query(self, query: Query, files: Files) -> pd.DataFrame:
        """Return a query's rows."""
        return self._ran(query, files, lambda rows: frame_of(rows.to_arrow_table()))

    def rows(self, query: Query, files: Files) -> Iterator[tuple[object, ...]]:
        """Yield a query's rows in its order, holding only some of them at a time."""
        yielded = 0
        with self._translated(query.sql, files):
            try:
                for row in self._stream(query, files):
                    yield row
                    yielded += 1
            except duckdb.Error as error:
                if not parquet_text.is_complaint(error):
                    raise
                with parquet_text.readable(files, self._scratch) as repaired:
                    yield from islice(self._stream(query, repaired), yielded, None)

    def write(self, table: Table, select: Query, files: Files, publishing: Publishing) -> int:
        """Write what a SELECT gives, columns as the table's; return the number of rows."""
        return self._ran(select, files, lambda rows: _write(table, rows, publishing))

    def write_frame(self, table: Table, day: Day, frame: pd.DataFrame, publishing: Publishing) -> int:
        """Write a frame that has the table's columns; return the number of rows."""
        rows = frame_rows(table, day, frame)
        with closing(self._cursor()) as connection, self._translated(f"{table.name}, {day}"):
            return _write(table, connection.from_arrow(rows), publishing)

    def _ran(self, query: Query, files: Files, use: Callable[[duckdb.DuckDBPyRelation], T]) -> T:
        """Use a query's rows; again from copies where text isn't UTF-8."""
        with self._translated(query.sql, files):
            try:
                with self._connected(files) as connection:
                    return use(_relation(connection, query))
            except duckdb.Error as error:
                if not parquet_text.is_complaint(error):
                    raise
            with (
                parquet_text.readable(files, self._scratch) as repaired,
                self._connected(repaired) as connection,
            ):
                return use(_relation(connection, query))

    def _stream(self, query: Query, files: Files) -> Iterator[tuple[object, ...]]:
        with self._connected(files) as connection:
            result = connection.execute(query.sql, list(query.parameters))
            while batch := result.fetchmany(_ROWS_AT_A_TIME):
                yield from batch

    @contextmanager
    def _connected(self, files: Files) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open a connection in which tables are views of their files.

        Each connection has a catalog of its own on one engine, whose start costs ten times as much.
        """
        with closing(self._cursor()) as connection:
            catalog = f"operation_{next(_OPERATIONS)}"
            connection.execute(f"ATTACH ':memory:' AS {catalog}")
            try:
                connection.execute(f'CREATE SCHEMA IF NOT EXISTS {catalog}."{self._database}"')
                connection.execute(f'USE {catalog}."{self._database}"')
                for table, paths in files.items():
                    create_view(connection, table, paths)
                yield connection
            finally:
                connection.execute("USE memory.main")
                connection.execute(f"DETACH {catalog}")

    @contextmanager
    def _translated(self, what: str, files: Files | None = None) -> Iterator[None]:
        try:
            yield
        except duckdb.Error as error:
            # DuckDB names neither the column's table nor, with every damage, the file.
            refuse_damaged(itertools.chain.from_iterable((files or {}).values()))
            if isinstance(error, duckdb.ConversionException):
                with closing(self._cursor()) as connection:
                    for table, paths in (files or {}).items():
                        refuse_unfit_values(connection, table, paths)
            raise WarehouseError(f"DuckDB refused ({' '.join(what.split())[:120]}): {error}") from error

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        if self._started is None:
            remove_left_behind(self._scratch)
            self._started = duckdb.connect(
                ":memory:",
                config={
                    # Each thread holds a row group of the raw log; what is beyond the limit goes to disk.
                    "threads": str(min(os.cpu_count() or 1, _MOST_THREADS)),
                    # With threads for writing, DuckDB 2.0 waits for ever now and then where the disk is full.
                    "async_threads": "0",
                    "memory_limit": self._memory_limit,
                    "temp_directory": str(self._scratch),
                    "autoinstall_known_extensions": "false",
                    "autoload_known_extensions": "false",
                },
            )
        return self._started.cursor()


def _write(table: Table, rows: duckdb.DuckDBPyRelation, publishing: Publishing) -> int:
    if tuple(rows.columns) != table.column_names:
        raise WarehouseError(f"{table.name} has other columns than the SELECT: {', '.join(rows.columns)}")
    with publishing() as file:
        rows.write_parquet(str(file), compression="snappy")
        count: int = pq.read_metadata(file).num_rows
    return count


def _relation(connection: duckdb.DuckDBPyConnection, query: Query) -> duckdb.DuckDBPyRelation:
    return connection.sql(query.sql, params=list(query.parameters))
