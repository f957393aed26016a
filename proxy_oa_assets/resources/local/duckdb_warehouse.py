"""The warehouse's embedded form: DuckDB over a folder of Parquet in the cluster's own Hive layout.

There is no database file and so no lock: web UI, runs and notebooks read and write side by side, and a folder
copied from a cluster just works.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, PrivateAttr
from typing_extensions import override

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.files import sync_folder
from proxy_oa_assets.model.tables import PROXY, TABLES, Table
from proxy_oa_assets.resources.impala import Warehouse
from proxy_oa_assets.resources.local.own_day import PART, foreign_files, replacing_part
from proxy_oa_assets.resources.local.partitions import day_lock
from proxy_oa_assets.resources.local.pinned_files import Files, pinned
from proxy_oa_assets.resources.local.raw_day import replace_raw_day
from proxy_oa_assets.sql.query import Query

if TYPE_CHECKING:
    import pandas as pd

    from proxy_oa_assets.resources.local.duckdb_engine import DuckDBEngine


class DuckDBWarehouse(Warehouse):
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

    _engine: "DuckDBEngine | None" = PrivateAttr(default=None)

    def close(self) -> None:
        """Stop the engine; the next statement would start it again."""
        if self._engine is not None:
            self._engine.stop()

    def query(self, query: Query) -> "pd.DataFrame":
        """Return a query's rows."""
        with self._pinned(query) as files:
            return self._loaded_engine().query(query, files)

    def rows(self, query: Query) -> Iterator[tuple[object, ...]]:
        """Yield a query's rows in its order, holding only some of them at a time."""
        with self._pinned(query) as files:
            yield from self._loaded_engine().rows(query, files)

    def replace_day(self, table: Table, day: Day, select: Query) -> int:
        """Replace a day by what a SELECT gives; return the number of rows."""
        with self._pinned(select) as files:
            return self._loaded_engine().write(table, select, files, partial(self._publishing, table, day))

    def replace_day_with_frame(self, table: Table, day: Day, frame: "pd.DataFrame") -> int:
        """Replace a day by a frame that has the table's columns; return the number of rows."""
        return self._loaded_engine().write_frame(table, day, frame, partial(self._publishing, table, day))

    @override
    def replace_raw_day(self, day: Day, hours: Mapping[int, Path]) -> int:
        from proxy_oa_assets.resources.parquet import checked_row_count

        count = checked_row_count(PROXY, hours.values())
        with day_lock(Path(self.location(PROXY)), day):
            replace_raw_day(self._day_folder(PROXY, day), hours)
        return count

    def drop_day(self, table: Table, day: Day) -> None:
        """Empty a day; every other day stays."""
        from proxy_oa_assets.resources.parquet import write_empty

        if table.hourly:
            self.replace_raw_day(day, {})
            return
        folder = self._day_folder(table, day)
        with day_lock(Path(self.location(table)), day):
            foreign = foreign_files(folder)
            if foreign:
                # An empty file of ours switches the day at once; then the others can go one by one.
                with replacing_part(folder) as temporary:
                    write_empty(table, temporary)
            for file in (*foreign, folder / PART):
                file.unlink(missing_ok=True)
            if folder.is_dir():
                sync_folder(folder)

    def create_tables(self) -> list[str]:
        """Create the tables' folders; return what to say about each, and about days that Spot left."""
        from proxy_oa_assets.resources.local.installation import create_tables

        return create_tables(Path(self.base))

    def stored_columns(self, table: Table, day: Day) -> list[tuple[str, str]]:
        """Return the names and Hive types of the columns in which a day is stored."""
        from proxy_oa_assets.resources.parquet import stored_columns

        with self._day_files(table, day) as files:
            return stored_columns(files[table])

    def has_rows(self, table: Table, day: Day) -> bool:
        """Return whether a day has any row; the files' footers say so, without the engine."""
        from proxy_oa_assets.resources.parquet import has_rows

        with self._day_files(table, day) as files:
            return has_rows(files[table])

    def location(self, table: Table, day: Day | None = None) -> str:
        """Return the local folder of a table, or of a day of it."""
        return str(Path(self.base) / table.location if day is None else self._day_folder(table, day))

    def _day_folder(self, table: Table, day: Day) -> Path:
        return Path(self.base) / table.day_folder(day)

    def _day_files(self, table: Table, day: Day) -> AbstractContextManager[Files]:
        return pinned(Path(self.base), [table], (day, day), self._scratch())

    def _pinned(self, query: Query) -> AbstractContextManager[Files]:
        named = [
            table for name, table in TABLES.items() if re.search(rf"\b{name}\b", query.sql, re.IGNORECASE)
        ]
        return pinned(Path(self.base), named, query.days, self._scratch())

    @contextmanager
    def _publishing(self, table: Table, day: Day) -> Iterator[Path]:
        """Give a file to write; once the block has ended, it is the day, and nothing else is."""
        folder = self._day_folder(table, day)
        with day_lock(Path(self.location(table)), day):
            with replacing_part(folder) as temporary:
                yield temporary
            for file in foreign_files(folder):
                file.unlink()

    def _loaded_engine(self) -> "DuckDBEngine":
        if self._engine is None:
            from proxy_oa_assets.resources.local.duckdb_engine import DuckDBEngine

            self._engine = DuckDBEngine(self.database, self._scratch(), self.memory_limit)
        return self._engine

    def _scratch(self) -> Path:
        return Path(self.scratch) if self.scratch else Path(self.base) / ".scratch"
