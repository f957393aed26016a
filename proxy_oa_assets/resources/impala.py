"""The resource `impala`: the tables and the SQL engine over them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import dagster as dg
from typing_extensions import override

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY, TABLES, Table, records
from proxy_oa_assets.sql.query import Query, any_row, count_of_day, whole_day

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


class Warehouse(dg.ConfigurableResource, ABC):
    """The tables of `tables.py`, which are replaced a day at a time.

    A day of a table is replaced wholly or not at all, for concurrent readers too. A day of `proxy` is
    replaced by `replace_raw_day` and added to by `add_to_raw_day`, each with its record. Every method raises
    WarehouseError when the engine refuses.
    """

    @property
    @abstractmethod
    def summary(self) -> str:
        """What stands behind the resource, in a line for Dagster's page of resources."""

    @override
    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Release the engine; the next statement starts it or connects to it again."""

    @abstractmethod
    def query(self, query: Query) -> "pd.DataFrame":
        """Return a query's rows; text is pandas' `str`, whole numbers are `Int32` and the like."""

    @abstractmethod
    def arrow_table(self, query: Query) -> "pa.Table":
        """Return a query's rows as an Arrow table, which other engines read without a copy."""

    @abstractmethod
    def rows(self, query: Query) -> Iterator[tuple[object, ...]]:
        """Yield a query's rows in its order, with a part of them in memory at a time."""

    @abstractmethod
    def replace_day(self, table: Table, day: Day, select: Query) -> int:
        """Replace a day by the rows of a SELECT with the table's columns; return the number of rows."""

    @abstractmethod
    def replace_day_with_frame(self, table: Table, day: Day, frame: "pd.DataFrame") -> int:
        """Replace a day by a frame with the table's columns; return the number of rows."""

    @abstractmethod
    def replace_raw_day(self, day: Day, hours: Mapping[int, Sequence[Path]], *, record: str = "") -> int:
        """Replace the hours of a day of `proxy` by local Parquet files; return the number of rows.

        Hours that aren't named are emptied. Readers see the old day and record, or the new ones. The files
        must have the table's columns; they are copied.
        """

    @abstractmethod
    def add_to_raw_day(
        self,
        day: Day,
        hours: Mapping[int, Sequence[Path]],
        *,
        retracted: Mapping[int, Sequence[Path]] = MappingProxyType({}),
        record: str = "",
    ) -> int:
        """Add local Parquet files to hours of a day of `proxy`, and replace its record; return their rows.

        Each row of the files `retracted` takes one equal row, which was added before, out of its hour. Other
        rows stay, those of other systems too. The rest is as in `replace_raw_day`.
        """

    @abstractmethod
    def raw_day_record(self, day: Day) -> str:
        """Return the record with which a day of `proxy` was last replaced or added to; empty if none."""

    @abstractmethod
    def drop_day(self, table: Table, day: Day) -> None:
        """Empty a day; every other day stays."""

    @abstractmethod
    def create_tables(self) -> list[str]:
        """Create missing tables; return a line about each table, and about stored columns that differ."""

    @abstractmethod
    def stored_columns(self, table: Table, day: Day) -> list[tuple[str, str]]:
        """Return the names and Hive types of the columns in which a day is stored, in order."""

    def raw_columns(self, day: Day) -> dict[str, str]:
        """Return those columns of `proxy` that every file of a day has, as far as can be seen, with types."""
        stored = {name.lower(): kind for name, kind in self.stored_columns(PROXY, day)}
        return {name: stored[name] for name in PROXY.column_names if name in stored}

    @abstractmethod
    def location(self, table: Table, day: Day | None = None) -> str:
        """Return the folder of a table, or of a day of it, as users look it up."""

    def probes(self) -> dict[str, Callable[[], str]]:
        """Return the probes of `proxy-oa doctor` by name, in order; after a failed one, the rest is skipped.

        Each returns what it found, or raises ProxyOaError that says what to do.
        """
        return {"tables": self._probe_tables}

    def _probe_tables(self) -> str:
        """Read a row of each table."""
        filled = [table.name for table in TABLES.values() if self._is_filled(table)]
        if PROXY.name not in filled:
            return f"readable, but proxy has no row; the ingest job writes to {self.location(PROXY)}"
        return f"all {len(TABLES)} readable; with rows: {', '.join(filled)}"

    def _is_filled(self, table: Table) -> bool:
        """Return whether any day of a table has rows."""
        return not self.query(any_row(table)).empty

    def read_day(self, table: Table, day: Day) -> "pd.DataFrame":
        """Return a day's rows, the table's data columns in order."""
        return self.query(whole_day(table, day))

    def read_latest_day(self, table: Table, day: Day) -> "pd.DataFrame":
        """Return a day's rows, to be changed and written back: another process may just have replaced it."""
        return self.read_day(table, day)

    def has_rows(self, table: Table, day: Day) -> bool:
        """Return whether a day has any row."""
        return not self.query(any_row(table, day)).empty

    def row_count(self, table: Table, day: Day) -> int:
        """Return how many rows a day has."""
        ((rows,),) = records(self.query(count_of_day(table, day)))
        return int(str(rows))
