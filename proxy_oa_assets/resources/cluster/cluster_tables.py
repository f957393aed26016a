"""The tables in an engine's database and in HDFS: a version of a day is written aside, then switched to."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager

import dagster as dg

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import StorageError, WarehouseError
from proxy_oa_assets.model.files import is_data_file
from proxy_oa_assets.model.tables import PROXY, Table, declared, differences
from proxy_oa_assets.resources.cluster import ddl
from proxy_oa_assets.resources.cluster.day_versions import DayVersions, Version
from proxy_oa_assets.resources.cluster.dialects import Dialect
from proxy_oa_assets.resources.cluster.hive_connection import HiveConnection, ResultSet
from proxy_oa_assets.resources.cluster.raw_day_writer import HourFiles, RawDayWriter
from proxy_oa_assets.resources.cluster.raw_days import RawDays
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.sql.query import Query


class ClusterTables:
    """The tables in the connection's database, with their files below HUSER."""

    def __init__(
        self,
        connection: HiveConnection,
        dialect: Dialect,
        hdfs: FileStore,
        *,
        database: str,
        huser: str,
        keep_seconds: float,
    ) -> None:
        self.connection = connection
        self.dialect = dialect
        self.database = database
        self._hdfs = hdfs
        self._huser = huser
        self._versions = DayVersions(hdfs, huser, keep_seconds)
        self._raw_days = RawDays(connection, dialect, hdfs, huser, self._versions)
        self._raw_writer = RawDayWriter(self._raw_days, hdfs, self._versions)
        self._fitting: set[str] = set()

    def folder(self, table: Table, day: Day | None = None) -> str:
        """Return the HDFS folder of a table, or of a day of it."""
        return f"{self._huser}/{table.location if day is None else table.day_folder(day)}"

    @contextmanager
    def query(self, query: Query) -> Iterator[ResultSet]:
        """Execute a query."""
        with (
            self._missing_tables(),
            self._raw_days.whole(query, lambda: self.connection.query(query.sql, query.parameters)) as result,
        ):
            yield result

    def columns(self, table: str) -> list[tuple[str, str]]:
        """Return the names and Hive types of all of a table's columns, as the engine has them."""
        with self._missing_tables(), self.connection.query(f"DESCRIBE {table}") as result:
            described = [(str(row[0]).strip(), str(row[1]).upper()) for row in result.rows]
        # An empty line or a comment separates the columns from what follows, partitions included.
        end = next((at for at, (name, _) in enumerate(described) if not name or name[0] == "#"), None)
        return described[:end]

    def partition_location(self, table: Table, day: Day) -> str | None:
        """Return the location of a day's partition; None if there is none."""
        locate = self.dialect.locate.format(table.name, ddl.day_partition(table, day))
        try:
            with self.connection.query(locate) as result:
                names = [name for name, _ in result.columns]
                return self.dialect.location(names, result.rows, table.day_values(day))
        except WarehouseError as error:
            if any(words in str(error) for words in self.dialect.no_partition):
                return None
            raise

    def replace_by_select(self, table: Table, day: Day, select: Query) -> int:
        """Replace a day by a SELECT's rows, columns as the table's; return the number of rows."""

        def write(version: Version) -> None:
            staging = version.staging_table
            folder = self._versions.folder(version)
            fill = ddl.fill(staging, select.sql)
            self.connection.run(ddl.create_table(staging, table, folder, partitioned=False))
            try:
                with self._raw_days.whole(select, lambda: self.connection.executed(fill, select.parameters)):
                    pass
            except BaseException as error:
                # The first error says what is wrong. A staging table that stays goes with its version.
                try:
                    self.connection.run(ddl.drop_table(staging))
                except WarehouseError:
                    error.add_note(f"{self.database}.{staging} is removed a day later")
                raise
            self.connection.run(ddl.drop_table(staging))

        return self._written_rows(self._replace(table, day, write))

    def replace_by_file(self, table: Table, day: Day, content: bytes) -> None:
        """Replace a day by a Parquet file that has the table's columns."""
        self._replace(
            table,
            day,
            lambda version: self._hdfs.write(f"{self._versions.folder(version)}/part.parquet", [content]),
        )

    def replace_raw_day(self, day: Day, hours: HourFiles, record: str) -> None:
        """Replace a day of the raw table by local Parquet files."""
        self._must_fit(PROXY)
        self._compute_stats(day, self._raw_writer.replace(day, hours, record))
        self._remove_superseded()

    def add_to_raw_day(self, day: Day, hours: HourFiles, retracted: HourFiles, record: str) -> None:
        """Add local Parquet files to hours of a day of the raw table, and take rows out of them."""
        self._must_fit(PROXY)
        self._compute_stats(day, self._raw_writer.add(day, hours, retracted, record))
        self._remove_superseded()

    def raw_day_record(self, day: Day) -> str:
        """Return the record of a day of the raw table; empty if it has none."""
        return self._raw_days.settled(day)[1].record

    def refresh(self, table: Table, day: Day) -> None:
        """Have the engine reload a day's location: another of its coordinators may have switched it."""
        self.connection.run_all(self.dialect.refresh(table.name, ddl.day_partition(table, day)))

    def drop(self, table: Table, day: Day) -> None:
        """Empty a day."""
        if table is PROXY:
            self.replace_raw_day(day, {}, "")
            return
        self._versions.supersede(self._versions.standing(table, day))
        self.connection.run(ddl.drop_partition(table.name, ddl.day_partition(table, day)))
        self._remove_superseded()

    @contextmanager
    def _missing_tables(self) -> Iterator[None]:
        """Say what creates a table that is missing, as one is after an upgrade to a version that has more."""
        try:
            yield
        except WarehouseError as error:
            if error.transient or not any(words in str(error) for words in self.dialect.no_table):
                raise
            raise WarehouseError(f"{error}. `proxy-oa init-db` creates missing tables") from error

    def _replace(self, table: Table, day: Day, write: Callable[[Version], None]) -> Version:
        """Write a day's new version, switch to it, and schedule the removal of the others."""
        self._must_fit(table)
        draft = self._versions.new(table, day)
        # A SELECT without rows may write nothing, not even the folder.
        self._hdfs.make_folder(self._versions.folder(draft.version))
        write(draft.version)
        # Listed only now: another run may have switched the day since.
        others = self._versions.others(draft.version)
        self._versions.supersede(others)
        self._switch(draft.version, is_known=bool(others))
        self._versions.forget(draft)
        self._remove_superseded()
        return draft.version

    def _switch(self, version: Version, *, is_known: bool) -> None:
        """Point a day's partition to a version; `is_known`: the engine is likely to have the partition."""
        name, spec = version.table.name, ddl.day_partition(version.table, version.day)
        folder = self._versions.folder(version)
        switch = [ddl.set_location(name, spec, folder), *self.dialect.refresh(name, spec)]
        add = ddl.add_partition(name, spec, folder)
        if not is_known:
            # Switched as well: another run may have added the partition in between.
            self.connection.run_all([add, *switch])
            return
        try:
            self.connection.run_all(switch)
        except WarehouseError as error:
            if error.transient:
                raise
            # A day that was dropped, or never finished, has folders and no partition.
            self.connection.run_all([add, *switch])

    def _written_rows(self, version: Version) -> int:
        """Count a version's rows from the footers of its files, which takes no statement."""
        from proxy_oa_assets.resources.parquet import row_count

        with ExitStack() as opened:
            return row_count(
                opened.enter_context(self._hdfs.open(entry.path))
                for entry in self._hdfs.list_folder(self._versions.folder(version))
                if not entry.is_folder and entry.length and is_data_file(entry.name)
            )

    def _compute_stats(self, day: Day, hours: Iterable[str]) -> None:
        """Compute the statistics of raw hours where the engine has them; it plans, worse, without."""
        for hour in hours:
            spec = ddl.raw_hour_partition(PROXY.day_values(day), hour)
            try:
                self.connection.run_all(self.dialect.statistics(PROXY.name, spec))
            except WarehouseError as error:
                dg.get_dagster_logger().warning(
                    "Statistics of %s (%s) are missing: %s", PROXY.name, spec, error
                )
                return

    def _must_fit(self, table: Table) -> None:
        """Raise WarehouseError if the engine's table has other columns: it takes values by position."""
        if table.name in self._fitting:
            return
        other = differences(declared(table.all_columns), self.columns(table.name))
        if other:
            raise WarehouseError(
                f"{self.database}.{table.name} has other columns than ours ({'; '.join(other)}); "
                f"`proxy-oa init-db` says how to migrate it"
            )
        self._fitting.add(table.name)

    def _remove_superseded(self) -> None:
        """Remove versions that are due; a failed removal is tried again after the next replaced day."""
        try:
            for removal in self._versions.due():
                version = removal.version
                if version.table is PROXY:
                    self._raw_days.remove(removal)
                    continue
                if self._versions.is_at(version, self.partition_location(version.table, version.day)):
                    self._versions.forget(removal)
                    continue
                self.connection.run(ddl.drop_table(version.staging_table))
                self._versions.remove(removal)
        except (StorageError, WarehouseError) as error:
            dg.get_dagster_logger().warning("An old version of a day is removed later: %s", error)
