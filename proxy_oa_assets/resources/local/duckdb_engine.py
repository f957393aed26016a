"""DuckDB as the engine of the embedded warehouse: statements over given Parquet files.

DuckDB, pandas and pyarrow load slowly, so the warehouse imports this module with its first statement.
"""

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import WarehouseError
from proxy_oa_assets.model.files import remove_stale_folders
from proxy_oa_assets.model.tables import TABLES, Table
from proxy_oa_assets.resources.local.column_reading import UNFIT
from proxy_oa_assets.resources.local.invalid_text import is_invalid_text, repaired
from proxy_oa_assets.resources.local.parquet_view import create_view, refuse_unfit_values, text_literal
from proxy_oa_assets.resources.local.snapshot import TableFiles
from proxy_oa_assets.resources.parquet import frame_of, frame_rows, refuse_damaged
from proxy_oa_assets.sql.query import Query

_CATALOGS = itertools.count()

# Yields a path to write to; on success the file becomes the day.
DayWriter = Callable[[], AbstractContextManager[Path]]

T = TypeVar("T")


@dataclass
class DuckDBEngine:
    """DuckDB, started with the first statement; `files` are those of the tables that a statement reads.

    What doesn't fit in memory goes to the folder `scratch`, as do copies of files with invalid text. Instants
    are read in `timezone`. Every method raises WarehouseError when DuckDB refuses.
    """

    database: str
    scratch: Path
    memory_limit: str
    timezone: str = "UTC"
    _started: duckdb.DuckDBPyConnection | None = None

    def stop(self) -> None:
        """Stop DuckDB; the next statement starts it again."""
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
        with closing(self._cursor()) as connection, self._translated_errors(query.sql):
            names = {name.lower() for name in connection.get_table_names(text.decode("utf-8"))}
        return [table for name, table in TABLES.items() if name in names]

    def query(self, query: Query, files: TableFiles) -> pd.DataFrame:
        """Return a query's rows."""
        return frame_of(self.arrow_table(query, files))

    def arrow_table(self, query: Query, files: TableFiles) -> pa.Table:
        """Return a query's rows as an Arrow table."""
        return self._run(
            query, files, lambda opened: opened.sql(query.sql, params=list(query.parameters)).to_arrow_table()
        )

    def rows(self, query: Query, files: TableFiles) -> Iterator[tuple[object, ...]]:
        """Yield a query's rows in its order, with a batch of them in memory at a time."""
        yielded = 0
        with self._translated_errors(query.sql, files):
            try:
                for row in self._stream(query, files):
                    yield row
                    yielded += 1
            except duckdb.Error as error:
                if not is_invalid_text(error):
                    raise
                with repaired(files, self.scratch) as copies, self._translated_errors(query.sql, copies):
                    yield from itertools.islice(self._stream(query, copies), yielded, None)

    def write(self, table: Table, select: Query, files: TableFiles, day_writer: DayWriter) -> int:
        """Write the rows of a SELECT with the table's columns; return the number of rows."""
        return self._run(select, files, lambda opened: _write(opened, table, select, day_writer))

    def write_frame(self, table: Table, day: Day, frame: pd.DataFrame, day_writer: DayWriter) -> int:
        """Write a frame with the table's columns; return the number of rows."""
        rows = frame_rows(table, day, frame)
        with closing(self._cursor()) as connection, self._translated_errors(f"{table.name}, {day}"):
            connection.register("frame", rows)
            return _write(connection, table, Query("SELECT * FROM frame"), day_writer)

    def _run(self, query: Query, files: TableFiles, use: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        """Use a connection that has a query's tables, from repaired copies if files have invalid text."""

        def attempt(attempted: TableFiles) -> T:
            with self._views(attempted) as connection:
                return use(connection)

        with self._translated_errors(query.sql, files):
            try:
                return attempt(files)
            except duckdb.Error as error:
                if not is_invalid_text(error):
                    raise
            with repaired(files, self.scratch) as copies, self._translated_errors(query.sql, copies):
                return attempt(copies)

    def _stream(self, query: Query, files: TableFiles) -> Iterator[tuple[object, ...]]:
        with self._views(files) as connection:
            result = connection.execute(query.sql, list(query.parameters))
            while batch := result.fetchmany(10_000):
                yield from batch

    @contextmanager
    def _views(self, files: TableFiles) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open a connection in which tables are views of their files.

        Concurrent statements need a catalog each; starting an engine for each takes ten times as long.
        """
        with closing(self._cursor()) as connection:
            catalog = f"statement_{next(_CATALOGS)}"
            connection.execute(f"ATTACH ':memory:' AS {catalog}")
            try:
                connection.execute(f'CREATE SCHEMA IF NOT EXISTS {catalog}."{self.database}"')
                connection.execute(f'USE {catalog}."{self.database}"')
                for table, paths in files.items():
                    create_view(connection, table, paths, self.timezone)
                yield connection
            finally:
                connection.execute("USE memory.main")
                connection.execute(f"DETACH {catalog}")

    @contextmanager
    def _translated_errors(self, what: str, files: TableFiles | None = None) -> Iterator[None]:
        try:
            yield
        except duckdb.Error as error:
            # DuckDB names neither the table of a column nor every damaged file.
            for table, paths in (files or {}).items():
                refuse_damaged(paths)
                if UNFIT in str(error):
                    with closing(self._cursor()) as connection:
                        refuse_unfit_values(connection, table, paths, self.timezone)
            remedy = (
                "; check the path, its permissions, and the space there"
                if isinstance(error, duckdb.IOException)
                else ""
            )
            raise WarehouseError(
                f"DuckDB refused ({' '.join(what.split())[:120]}): {error}{remedy}"
            ) from error

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        if self._started is None:
            remove_stale_folders(self.scratch)
            self._started = duckdb.connect(
                ":memory:",
                config={
                    # Each thread holds a row group of the raw log; beyond the memory limit, it goes to disk.
                    "threads": str(min(os.cpu_count() or 1, 4)),
                    # With threads for writing, DuckDB 2.0 sometimes waits for ever when the disk is full.
                    "async_threads": "0",
                    "memory_limit": self.memory_limit,
                    "temp_directory": str(self.scratch),
                    "autoinstall_known_extensions": "false",
                    "autoload_known_extensions": "false",
                },
            )
            self._started.execute("LOAD icu")  # built in; it knows the time zones
        return self._started.cursor()


def _write(connection: duckdb.DuckDBPyConnection, table: Table, select: Query, day_writer: DayWriter) -> int:
    with day_writer() as file:
        # As a relation, it would be planned twice.
        connection.execute(
            f"COPY ({select.sql}) TO {text_literal(str(file))} (FORMAT parquet, COMPRESSION snappy)",
            list(select.parameters),
        )
        written = pq.read_metadata(file)
        if tuple(written.schema.names) != table.column_names:
            raise WarehouseError(
                f"{table.name} has other columns than the SELECT: {', '.join(written.schema.names)}"
            )
        return int(written.num_rows)
