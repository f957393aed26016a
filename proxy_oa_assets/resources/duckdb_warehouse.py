"""The warehouse's embedded form: DuckDB over a folder of Parquet in the cluster's own Hive layout.

There is no database file and so no lock: web UI, runs and notebooks read and write side by side, and a folder
copied from a cluster just works.
"""

import itertools
import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TypeVar

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock
from pydantic import Field, PrivateAttr

from proxy_oa_assets.days import Day
from proxy_oa_assets.errors import WarehouseError
from proxy_oa_assets.local_files import sync_folder
from proxy_oa_assets.queries import Query
from proxy_oa_assets.resources import parquet_text
from proxy_oa_assets.resources.impala import ImpalaResource
from proxy_oa_assets.resources.parquet_partitions import PART, foreign_files, partition_files
from proxy_oa_assets.resources.parquet_view import create_view
from proxy_oa_assets.tables import TABLES, SqlType, Table

_ARROW_TYPES: dict[SqlType, pa.DataType] = {
    "STRING": pa.string(),
    "INT": pa.int32(),
    "BIGINT": pa.int64(),
    "FLOAT": pa.float32(),
    "SMALLINT": pa.int16(),
    "TINYINT": pa.int8(),
}
_ROWS_AT_A_TIME = 10_000
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

    _engine: duckdb.DuckDBPyConnection | None = PrivateAttr(default=None)

    def query(self, query: Query) -> pd.DataFrame:
        """Return a query's rows."""
        with self._ran(query, lambda connection: _relation(connection, query).to_arrow_table()) as table:
            return _to_pandas(table)

    def rows(self, query: Query) -> Iterator[tuple[object, ...]]:
        """Yield a query's rows in its order, holding only some of them at a time."""

        def execute(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
            return connection.execute(query.sql, list(query.parameters))

        with self._ran(query, execute) as result:
            while batch := result.fetchmany(_ROWS_AT_A_TIME):
                yield from batch

    def replace_day(self, table: Table, day: Day, select: Query) -> int:
        """Replace a day by what a SELECT gives; return the number of rows."""

        def publish(connection: duckdb.DuckDBPyConnection) -> int:
            return self._publish(table, day, _relation(connection, select))

        with self._ran(select, publish) as count:
            return count

    def replace_day_with_frame(self, table: Table, day: Day, frame: pd.DataFrame) -> int:
        """Replace a day by a frame that has the table's columns; return the number of rows."""
        schema = pa.schema([(column.name, _ARROW_TYPES[column.type]) for column in table.columns])
        rows = pa.Table.from_pandas(frame[list(table.column_names)], schema=schema, preserve_index=False)
        with closing(self._cursor()) as connection, _translated(f"{table.name}, {day}"):
            return self._publish(table, day, connection.from_arrow(rows))

    def drop_day(self, table: Table, day: Day) -> None:
        """Empty a day; every other day stays."""
        folder = self._day_folder(table, day)
        with self._lock(table, day):
            foreign = foreign_files(folder)
            if foreign:
                # An empty file of ours switches the day at once; then the others can go one by one.
                schema = pa.schema([(column.name, _ARROW_TYPES[column.type]) for column in table.columns])
                with _replacing_part(folder) as temporary:
                    pq.write_table(schema.empty_table(), temporary)
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

    def location(self, table: Table, day: Day | None = None) -> str:
        """Return the local folder of a table, or of a day of it."""
        return str(Path(self.base) / table.location if day is None else self._day_folder(table, day))

    def _day_folder(self, table: Table, day: Day) -> Path:
        return Path(self.base) / table.day_folder(day)

    def _publish(self, table: Table, day: Day, rows: duckdb.DuckDBPyRelation) -> int:
        if tuple(rows.columns) != table.column_names:
            raise WarehouseError(f"{table.name} has other columns than the SELECT: {', '.join(rows.columns)}")
        folder = self._day_folder(table, day)
        with self._lock(table, day):
            with _replacing_part(folder) as temporary:
                rows.write_parquet(str(temporary), compression="snappy")
                count: int = pq.read_metadata(temporary).num_rows
            for file in foreign_files(folder):
                file.unlink()
        return count

    def _lock(self, table: Table, day: Day) -> FileLock:
        """Keep two writers of a day apart; the operating system frees a dead writer's lock."""
        locks = Path(self.base) / table.location / ".locks"
        locks.mkdir(parents=True, exist_ok=True)
        return FileLock(locks / f"{day}.lock")

    @contextmanager
    def _ran(self, query: Query, run: Callable[[duckdb.DuckDBPyConnection], T]) -> Iterator[T]:
        """Run something on a connection that has the query's tables, and that lives as long as the block.

        It runs again where a writer replaced a file between listing and reading, or where text isn't UTF-8.
        """
        with ExitStack() as stack, _translated(" ".join(query.sql.split())[:120]):
            files = self._files(query)
            try:
                result = run(stack.enter_context(self._connected(files)))
            except duckdb.Error as error:
                if parquet_text.is_complaint(error):
                    files = stack.enter_context(parquet_text.readable(files, self._scratch()))
                elif all(path.exists() for paths in files.values() for path in paths):
                    raise
                else:
                    files = self._files(query)
                result = run(stack.enter_context(self._connected(files)))
            yield result

    def _files(self, query: Query) -> parquet_text.Files:
        named = [table for name, table in TABLES.items() if re.search(rf"\b{name}\b", query.sql)]
        return {table: partition_files(Path(self.base), table, query.days) for table in named}

    @contextmanager
    def _connected(self, files: parquet_text.Files) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open a connection in which tables are views of their files.

        Each connection has a catalog of its own on one engine, whose start costs ten times as much.
        """
        with closing(self._cursor()) as connection:
            catalog = f"operation_{next(_OPERATIONS)}"
            connection.execute(f"ATTACH ':memory:' AS {catalog}")
            connection.execute(f"CREATE SCHEMA {catalog}.{self.database}")
            connection.execute(f"USE {catalog}.{self.database}")
            for table, paths in files.items():
                create_view(connection, table, paths)
            try:
                yield connection
            finally:
                connection.execute("USE memory")
                connection.execute(f"DETACH {catalog}")

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        if self._engine is None:
            self._engine = duckdb.connect(
                ":memory:",
                config={
                    "temp_directory": str(self._scratch()),
                    "autoinstall_known_extensions": "false",
                    "autoload_known_extensions": "false",
                },
            )
        return self._engine.cursor()

    def _scratch(self) -> Path:
        return Path(self.scratch) if self.scratch else Path(self.base) / ".scratch"


@contextmanager
def _replacing_part(folder: Path) -> Iterator[Path]:
    """Give a file to write; once it is on the disk, it is the day. The day's lock must be held."""
    folder.mkdir(parents=True, exist_ok=True)
    # DuckDB's globs read dot files, so the name must not end in .parquet.
    temporary = folder / f".part.{os.getpid()}.tmp"
    for left in folder.glob(".part.*.tmp"):
        left.unlink()  # of a writer that was killed: the lock is ours
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(folder / PART)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(folder)


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
        raise WarehouseError(f"DuckDB refused ({what}): {error}") from error
