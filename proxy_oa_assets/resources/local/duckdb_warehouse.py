"""The warehouse's embedded form: DuckDB over a folder of Parquet in the cluster's own Hive layout.

There is no database file and so no lock on it: web UI, runs and notebooks read and write concurrently, and a
folder copied from a cluster works as it is.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydantic import Field, PrivateAttr
from typing_extensions import override

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import WarehouseError, disk_errors
from proxy_oa_assets.model.file_lock import file_lock
from proxy_oa_assets.model.files import sync_folder, temporary_folder
from proxy_oa_assets.model.tables import PROXY, TABLES, Table, declared, differences
from proxy_oa_assets.resources.impala import Warehouse
from proxy_oa_assets.resources.local import partitions
from proxy_oa_assets.resources.local.raw_day import add_to_raw_day, our_files, raw_day_record, replace_raw_day
from proxy_oa_assets.resources.local.snapshot import (
    TableFiles,
    day_files,
    snapshot,
    writable_folder,
)
from proxy_oa_assets.sql.query import Query

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from proxy_oa_assets.resources.local.duckdb_engine import DuckDBEngine

_NAMED_DAYS = 3


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
    timezone: str = Field(
        default="UTC", description="Time zone in which instants in Parquet files are read (PROXY_OA_TIMEZONE)"
    )

    _engine: "DuckDBEngine | None" = PrivateAttr(default=None)

    @property
    @override
    def summary(self) -> str:
        return "DuckDB over the home's Parquet files, in the place of Impala"

    @override
    def close(self) -> None:
        if self._engine is not None:
            self._engine.stop()

    @override
    @disk_errors()
    def query(self, query: Query) -> "pd.DataFrame":
        with self._files(query) as files:
            return self._loaded_engine().query(query, files)

    @override
    @disk_errors()
    def arrow_table(self, query: Query) -> "pa.Table":
        with self._files(query) as files:
            return self._loaded_engine().arrow_table(query, files)

    @override
    def rows(self, query: Query) -> Iterator[tuple[object, ...]]:
        with disk_errors(), self._files(query) as files:
            yield from self._loaded_engine().rows(query, files)

    @override
    @disk_errors()
    def replace_day(self, table: Table, day: Day, select: Query) -> int:
        with self._files(select) as files:
            return self._loaded_engine().write(table, select, files, partial(self._replacing, table, day))

    @override
    @disk_errors()
    def replace_day_with_frame(self, table: Table, day: Day, frame: "pd.DataFrame") -> int:
        return self._loaded_engine().write_frame(table, day, frame, partial(self._replacing, table, day))

    @override
    @disk_errors()
    def replace_raw_day(self, day: Day, hours: Mapping[int, Sequence[Path]], *, record: str = "") -> int:
        from proxy_oa_assets.resources.parquet import checked_row_count

        count = checked_row_count(PROXY, chain.from_iterable(hours.values()))
        with self._raw_lock(day, "replacing"):
            replace_raw_day(self._day_folder(PROXY, day), hours, record)
        return count

    @override
    @disk_errors()
    def add_to_raw_day(
        self,
        day: Day,
        hours: Mapping[int, Sequence[Path]],
        *,
        retracted: Mapping[int, Sequence[Path]] = MappingProxyType({}),
        record: str = "",
    ) -> int:
        from proxy_oa_assets.resources.parquet import checked_row_count
        from proxy_oa_assets.resources.raw_hour import changed_hour

        checked_row_count(PROXY, chain.from_iterable(retracted.values()))
        count = checked_row_count(PROXY, chain.from_iterable(hours.values()))
        with self._raw_lock(day, "adding to"), temporary_folder(self._scratch()) as merged:
            folder = self._day_folder(PROXY, day)
            ours, changes = our_files(folder), {}
            for hour in hours.keys() | retracted.keys():
                changes[hour] = changed_hour(
                    ours.get(hour, []),
                    hours.get(hour, ()),
                    retracted.get(hour, ()),
                    merged / f"{hour}.parquet",
                )
            replaced = [file for change in changes.values() for file in change.replaced]
            add_to_raw_day(
                folder, {hour: change.written for hour, change in changes.items()}, replaced, record
            )
        return count

    @override
    @disk_errors()
    def raw_day_record(self, day: Day) -> str:
        return raw_day_record(self._day_folder(PROXY, day))

    @override
    @disk_errors()
    def drop_day(self, table: Table, day: Day) -> None:
        from proxy_oa_assets.resources.parquet import write_empty

        if table.hourly:
            self.replace_raw_day(day, {})
            return
        folder = self._day_folder(table, day)
        others = partitions.other_files(folder)
        if others:
            # An empty part file switches the day at once; then the others can be removed one by one.
            with partitions.replacing_part(folder) as temporary:
                write_empty(table, temporary)
        for file in (*others, folder / partitions.PART):
            file.unlink(missing_ok=True)
        if folder.is_dir():
            sync_folder(folder)

    @override
    @disk_errors()
    def create_tables(self) -> list[str]:
        lines = []
        for table in TABLES.values():
            folder = Path(self.location(table))
            existed = folder.is_dir()
            folder.mkdir(parents=True, exist_ok=True)
            lines.append(f"{table.name}: {'there already' if existed else 'created'}, {folder}")
            lines += self._other_columns(table)
        return lines

    @override
    @disk_errors()
    def stored_columns(self, table: Table, day: Day) -> list[tuple[str, str]]:
        from proxy_oa_assets.resources.parquet import stored_columns

        with self._day_files(table, day) as files:
            return stored_columns(files[table])

    @override
    def raw_columns(self, day: Day) -> dict[str, str]:
        from proxy_oa_assets.resources.parquet import stored_columns

        with self._day_files(PROXY, day) as files:
            of_files = [stored_columns([file]) for file in files[PROXY]]
        names = [{name.lower() for name, _ in columns} for columns in of_files]
        everywhere = set.intersection(*names) if names else set()
        stored = {name.lower(): kind for columns in of_files for name, kind in columns}
        return {name: stored[name] for name in PROXY.column_names if name in everywhere}

    @override
    @disk_errors()
    def has_rows(self, table: Table, day: Day) -> bool:
        from proxy_oa_assets.resources.parquet import has_rows

        with self._day_files(table, day) as files:
            return has_rows(files[table])

    @override
    @disk_errors()
    def _is_filled(self, table: Table) -> bool:
        # Only the newest day with rows is read: linking years of raw files takes long.
        days = partitions.stored_days(Path(self.base), table)
        filled = next((day for day in days if self.has_rows(table, day)), None)
        return filled is not None and super().has_rows(table, filled)

    @override
    def location(self, table: Table, day: Day | None = None) -> str:
        return str(Path(self.base) / table.location if day is None else self._day_folder(table, day))

    def _other_columns(self, table: Table) -> Iterator[str]:
        """Yield a line for each difference of stored columns from the table's, with the days that have it."""
        from proxy_oa_assets.resources.parquet import stored_columns

        days: dict[str, list[str]] = defaultdict(list)
        for folder in partitions.day_folders(Path(self.base), table, None):
            different = []
            try:
                with suppress(FileNotFoundError):  # a writer replaced the day, in our columns
                    files = day_files(folder, table)
                    different = differences(declared(table.columns), stored_columns(files)) if files else []
            except WarehouseError as error:
                different = [str(error)]
            for text in different:
                days[text].append("/".join(folder.parts[-3:]))
        for text, folders in days.items():
            more = f" and {len(folders) - _NAMED_DAYS} more" if len(folders) > _NAMED_DAYS else ""
            yield f"  {text}: {', '.join(folders[:_NAMED_DAYS])}{more}"
        if days:
            yield (
                "  Nothing was changed; a column of another type is read as ours, a missing one as NULL. To "
                "migrate a day, materialize it again: proxy-oa run --date YYYY-MM-DD"
            )

    def _raw_lock(self, day: Day, doing: str) -> AbstractContextManager[None]:
        return file_lock(
            Path(self.location(PROXY), ".locks", f"{day}.lock"), f"{doing} {day} of {PROXY.name}"
        )

    def _day_folder(self, table: Table, day: Day) -> Path:
        return Path(self.base) / table.day_folder(day)

    def _day_files(self, table: Table, day: Day) -> AbstractContextManager[TableFiles]:
        return snapshot(Path(self.base), [table], (day, day), self._scratch())

    def _files(self, query: Query) -> AbstractContextManager[TableFiles]:
        tables = self._loaded_engine().tables_of(query)
        return snapshot(Path(self.base), tables, query.days, self._scratch())

    @contextmanager
    def _replacing(self, table: Table, day: Day) -> Iterator[Path]:
        """Yield a temporary path; on success make it the day, and remove other files of the day."""
        folder = self._day_folder(table, day)
        with partitions.replacing_part(folder) as temporary:
            yield temporary
        for file in partitions.other_files(folder):
            file.unlink(missing_ok=True)

    def _loaded_engine(self) -> "DuckDBEngine":
        if self._engine is None:
            from proxy_oa_assets.resources.local.duckdb_engine import DuckDBEngine

            self._engine = DuckDBEngine(self.database, self._scratch(), self.memory_limit, self.timezone)
        return self._engine

    def _scratch(self) -> Path:
        return writable_folder(Path(self.scratch) if self.scratch else Path(self.base) / ".scratch")
