"""The warehouse's embedded form: DuckDB over a folder of Parquet in the cluster's own Hive layout.

There is no database file and so no lock: web UI, runs and notebooks read and write side by side, and a folder
copied from a cluster just works.
"""

import itertools
import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import TypeVar

import dagster as dg
import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field, PrivateAttr

from proxy_oa_assets.days import Day
from proxy_oa_assets.errors import WarehouseError
from proxy_oa_assets.local_files import sync_folder
from proxy_oa_assets.queries import Query
from proxy_oa_assets.resources import parquet_text
from proxy_oa_assets.resources.impala import ImpalaResource
from proxy_oa_assets.resources.parquet_partitions import PART, foreign_files
from proxy_oa_assets.resources.parquet_schema import arrow_schema, has_rows, stored_columns
from proxy_oa_assets.resources.parquet_view import create_view
from proxy_oa_assets.resources.part_file import day_lock, replacing_part
from proxy_oa_assets.resources.pinned_files import Files, pinned, remove_left_behind
from proxy_oa_assets.tables import TABLES, Table

_ROWS_AT_A_TIME = 10_000
_MOST_THREADS = 4
_OPERATIONS = itertools.count()

T = TypeVar("T")


class DuckDBWarehouse(ImpalaResource):
    """The tables as Parquet files below a local folder, with DuckDB as the engine.

    Example:
        >>> warehouse = DuckDBWarehouse(base="proxy_oa_home/hdfs/user/spot")
        >>> warehouse.read_day(tables.PROXY_SCORES, Day.parse("2016-09-12"))

    """

    base: str = Field(description="Folder that stands for HUSER; the tables' locations are below it")
    database: str = Field(default="spot", description="Name of the schema that holds the tables in SQL")
    scratch: str | None = Field(
        default=None, description="Folder for what doesn't fit in memory; none: beside the tables"
    )
    memory_limit: str = Field(
        default="768MB", description="Memory that the engine may take, as DuckDB writes it"
    )

    _engine: duckdb.DuckDBPyConnection | None = PrivateAttr(default=None)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:  # noqa: ARG002 - Dagster passes it
        """Stop the engine when a run has ended; the next statement would start it again."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    def query(self, query: Query) -> pd.DataFrame:
        """Return a query's rows."""
        return self._ran(query, lambda connection: _to_pandas(_relation(connection, query).to_arrow_table()))

    def rows(self, query: Query) -> Iterator[tuple[object, ...]]:
        """Yield a query's rows in its order, holding only some of them at a time."""
        yielded = 0
        with self._pinned(query) as files, _translated(query.sql):
            try:
                for row in self._stream(query, files):
                    yield row
                    yielded += 1
            except duckdb.Error as error:
                if not parquet_text.is_complaint(error):
                    raise
                with parquet_text.readable(files, self._scratch()) as repaired:
                    yield from islice(self._stream(query, repaired), yielded, None)

    def replace_day(self, table: Table, day: Day, select: Query) -> int:
        """Replace a day by what a SELECT gives; return the number of rows."""
        return self._ran(select, lambda connection: self._publish(table, day, _relation(connection, select)))

    def replace_day_with_frame(self, table: Table, day: Day, frame: pd.DataFrame) -> int:
        """Replace a day by a frame that has the table's columns; return the number of rows."""
        columns, schema = list(table.column_names), arrow_schema(table)
        try:
            rows = pa.Table.from_pandas(frame[columns], schema=schema, preserve_index=False)
        except (KeyError, pa.ArrowException) as error:
            raise WarehouseError(f"The frame doesn't fit {table.name}, {day}: {error}") from error
        with closing(self._cursor()) as connection, _translated(f"{table.name}, {day}"):
            return self._publish(table, day, connection.from_arrow(rows))

    def drop_day(self, table: Table, day: Day) -> None:
        """Empty a day; every other day stays."""
        folder = self._day_folder(table, day)
        with day_lock(Path(self.location(table)), day):
            foreign = foreign_files(folder)
            if foreign:
                # An empty file of ours switches the day at once; then the others can go one by one.
                with replacing_part(folder) as temporary:
                    pq.write_table(arrow_schema(table).empty_table(), temporary)
            for file in (*foreign, folder / PART):
                file.unlink(missing_ok=True)
            if folder.is_dir():
                sync_folder(folder)

    def create_tables(self) -> list[str]:
        """Create the tables' folders; return a line about each."""
        lines = []
        for table in TABLES.values():
            folder = Path(self.location(table))
            existed = folder.is_dir()
            folder.mkdir(parents=True, exist_ok=True)
            lines.append(f"{table.name}: {'there already' if existed else 'created'}, {folder}")
        return lines

    def stored_columns(self, table: Table, day: Day) -> list[tuple[str, str]]:
        """Return the names and Hive types of the columns in which a day is stored."""
        with self._day_files(table, day) as files:
            return stored_columns(files[table])

    def has_rows(self, table: Table, day: Day) -> bool:
        """Return whether a day has any row; the files' footers say so, without the engine."""
        with self._day_files(table, day) as files:
            return has_rows(files[table])

    def location(self, table: Table, day: Day | None = None) -> str:
        """Return the local folder of a table, or of a day of it."""
        return str(Path(self.base) / table.location if day is None else self._day_folder(table, day))

    def _day_folder(self, table: Table, day: Day) -> Path:
        return Path(self.base) / table.day_folder(day)

    def _publish(self, table: Table, day: Day, rows: duckdb.DuckDBPyRelation) -> int:
        if tuple(rows.columns) != table.column_names:
            raise WarehouseError(f"{table.name} has other columns than the SELECT: {', '.join(rows.columns)}")
        folder = self._day_folder(table, day)
        with day_lock(Path(self.location(table)), day):
            with replacing_part(folder) as temporary:
                rows.write_parquet(str(temporary), compression="snappy")
                count: int = pq.read_metadata(temporary).num_rows
            for file in foreign_files(folder):
                file.unlink()
        return count

    def _ran(self, query: Query, run: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        """Run something on a connection that has the query's tables; again where text isn't UTF-8."""
        with self._pinned(query) as files, _translated(query.sql):
            try:
                with self._connected(files) as connection:
                    return run(connection)
            except duckdb.Error as error:
                if not parquet_text.is_complaint(error):
                    raise
            with (
                parquet_text.readable(files, self._scratch()) as repaired,
                self._connected(repaired) as connection,
            ):
                return run(connection)

    def _stream(self, query: Query, files: Files) -> Iterator[tuple[object, ...]]:
        with self._connected(files) as connection:
            result = connection.execute(query.sql, list(query.parameters))
            while batch := result.fetchmany(_ROWS_AT_A_TIME):
                yield from batch

    def _day_files(self, table: Table, day: Day) -> AbstractContextManager[Files]:
        return pinned(Path(self.base), [table], (day, day), self._scratch())

    def _pinned(self, query: Query) -> AbstractContextManager[Files]:
        named = [
            table for name, table in TABLES.items() if re.search(rf"\b{name}\b", query.sql, re.IGNORECASE)
        ]
        return pinned(Path(self.base), named, query.days, self._scratch())

    @contextmanager
    def _connected(self, files: Files) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open a connection in which tables are views of their files.

        Each connection has a catalog of its own on one engine, whose start costs ten times as much.
        """
        with closing(self._cursor()) as connection:
            catalog = f"operation_{next(_OPERATIONS)}"
            connection.execute(f"ATTACH ':memory:' AS {catalog}")
            try:
                connection.execute(f'CREATE SCHEMA IF NOT EXISTS {catalog}."{self.database}"')
                connection.execute(f'USE {catalog}."{self.database}"')
                for table, paths in files.items():
                    create_view(connection, table, paths)
                yield connection
            finally:
                connection.execute("USE memory.main")
                connection.execute(f"DETACH {catalog}")

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        if self._engine is None:
            remove_left_behind(self._scratch())
            self._engine = duckdb.connect(
                ":memory:",
                config={
                    # Each thread holds a row group of the raw log; what is beyond the limit goes to disk.
                    "threads": str(min(os.cpu_count() or 1, _MOST_THREADS)),
                    "memory_limit": self.memory_limit,
                    "temp_directory": str(self._scratch()),
                    "autoinstall_known_extensions": "false",
                    "autoload_known_extensions": "false",
                },
            )
        return self._engine.cursor()

    def _scratch(self) -> Path:
        return Path(self.scratch) if self.scratch else Path(self.base) / ".scratch"


def _to_pandas(table: pa.Table) -> pd.DataFrame:
    """Keep whole numbers whole where there are NULLs among them."""
    nullable = {pa.int8(): pd.Int8Dtype(), pa.int16(): pd.Int16Dtype(), pa.int32(): pd.Int32Dtype()}
    nullable[pa.int64()] = pd.Int64Dtype()
    frame: pd.DataFrame = table.to_pandas(types_mapper=nullable.get)
    return frame


def _relation(connection: duckdb.DuckDBPyConnection, query: Query) -> duckdb.DuckDBPyRelation:
    return connection.sql(query.sql, params=list(query.parameters))


@contextmanager
def _translated(what: str) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise WarehouseError(f"DuckDB refused ({' '.join(what.split())[:120]}): {error}") from error
