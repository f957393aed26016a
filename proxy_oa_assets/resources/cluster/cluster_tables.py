"""The tables in an engine's database and in HDFS: a day is written aside, then switched to."""

import re
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack

import dagster as dg

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import StorageError, WarehouseError
from proxy_oa_assets.model.tables import PROXY, RAW_HOUR_FOLDER, TABLES, Table, declared, differences
from proxy_oa_assets.resources.cluster import ddl as sql
from proxy_oa_assets.resources.cluster.day_versions import DayVersions, Version
from proxy_oa_assets.resources.cluster.dialects import Flavour
from proxy_oa_assets.resources.cluster.hive_connection import Answer, HiveConnection
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.sql.query import Query

_TABLE_READ = re.compile(rf"\b(FROM|JOIN)(\s+)({'|'.join(TABLES)})\b", re.IGNORECASE)


class ClusterTables:
    """Statements about the tables, with their names qualified by the database."""

    def __init__(
        self,
        connection: HiveConnection,
        flavour: Flavour,
        hdfs: FileStore,
        *,
        database: str,
        huser: str,
        keep_seconds: float,
    ) -> None:
        self.connection = connection
        self.flavour = flavour
        self.database = database
        self._hdfs = hdfs
        self._huser = huser
        self._versions = DayVersions(hdfs, huser, keep_seconds)
        self._fitting: set[str] = set()
        self._known_days: set[Day] = set()

    def name(self, table: str) -> str:
        """Return a table's name with its database."""
        return f"{self.database}.{table}"

    def qualified(self, text: str) -> str:
        """Return a SELECT with its tables' names qualified by the database."""
        return _TABLE_READ.sub(lambda found: f"{found[1]}{found[2]}{self.name(found[3])}", text)

    def folder(self, table: Table, day: Day | None = None) -> str:
        """Return the HDFS folder of a table, or of a day of it."""
        return f"{self._huser}/{table.location if day is None else table.day_folder(day)}"

    def asked(self, query: Query) -> AbstractContextManager[Answer]:
        """Ask a query."""
        self._know_raw_partitions(query)
        return self.connection.asked(self.qualified(query.sql), query.parameters)

    def columns(self, table: str) -> list[tuple[str, str]]:
        """Return the names and Hive types of all of a table's columns, as the engine has them."""
        with self.connection.asked(sql.describe(self.name(table))) as answer:
            described = [(str(row[0]).strip(), str(row[1]).upper()) for row in answer.rows]
        # What follows a table's columns, partitions included, is set off by an empty or a commented line.
        end = next((at for at, (name, _) in enumerate(described) if not name or name[0] == "#"), None)
        return described[:end]

    def partition_location(self, table: Table, day: Day) -> str | None:
        """Return where a day's partition stands; None if there is none."""
        question = self.flavour.locate(self.name(table.name), sql.day_partition(table, day))
        try:
            with self.connection.asked(question) as answer:
                names = [name for name, _ in answer.columns]
                return self.flavour.location(names, answer.rows, table.day_values(day))
        except WarehouseError as error:
            if self.flavour.says_no_partition(str(error)):
                return None
            raise

    def replace_by_select(self, table: Table, day: Day, select: Query) -> int:
        """Replace a day by what a SELECT gives, its columns as the table's; return the number of rows."""
        self._know_raw_partitions(select)

        def write(version: Version) -> None:
            staging = self.name(version.staging_table)
            folder = self._versions.folder(version)
            self.connection.run(sql.create_table(staging, table, folder, partitioned=False))
            try:
                self.connection.run(sql.fill(staging, self.qualified(select.sql)), select.parameters)
            finally:
                self.connection.run(sql.drop_table(staging))

        return self._written_rows(self._replace(table, day, write))

    def replace_by_file(self, table: Table, day: Day, content: bytes) -> None:
        """Replace a day by a Parquet file that has the table's columns."""
        self._replace(
            table,
            day,
            lambda version: self._hdfs.write(f"{self._versions.folder(version)}/part.parquet", [content]),
        )

    def look_again(self, table: Table, day: Day) -> None:
        """Have the engine look where a day stands: another of its coordinators may have moved it."""
        self._run_all(self.flavour.refresh(self.name(table.name), sql.day_partition(table, day)))

    def drop(self, table: Table, day: Day) -> None:
        """Empty a day."""
        self._versions.supersede(self._versions.standing(table, day))
        self.connection.run(sql.drop_partition(self.name(table.name), sql.day_partition(table, day)))
        self._remove_superseded()

    def _replace(self, table: Table, day: Day, write: Callable[[Version], None]) -> Version:
        """Write a day's new version, switch to it, and have the others removed later."""
        self._must_fit(table)
        draft = self._versions.new(table, day)
        # A SELECT without rows may write nothing, not even the folder.
        self._hdfs.make_folder(self._versions.folder(draft.version))
        write(draft.version)
        # Looked for now: another run may have switched the day since.
        others = [found for found in self._versions.standing(table, day) if found != draft.version]
        self._versions.supersede(others)
        self._switch(draft.version, is_known=bool(others))
        self._versions.forget(draft)
        self._remove_superseded()
        return draft.version

    def _switch(self, version: Version, *, is_known: bool) -> None:
        """Point a day's partition to a version; `is_known`: the engine is likely to know the partition."""
        name, spec = self.name(version.table.name), sql.day_partition(version.table, version.day)
        folder = self._versions.folder(version)
        switch = [sql.set_location(name, spec, folder), *self.flavour.refresh(name, spec)]
        add = sql.add_partition(name, spec, folder)
        if not is_known:
            # Switched as well: another run may have added the partition meanwhile.
            self._run_all([add, *switch])
            return
        try:
            self._run_all(switch)
        except WarehouseError as error:
            if error.transient:
                raise
            # A day that was dropped, or never finished, has folders and no partition.
            self._run_all([add, *switch])

    def _written_rows(self, version: Version) -> int:
        """Count a version's rows by the footers of its files, which takes no statement."""
        from proxy_oa_assets.resources.parquet import row_count

        with ExitStack() as opened:
            return row_count(
                opened.enter_context(self._hdfs.open(entry.path))
                for entry in self._hdfs.list_folder(self._versions.folder(version))
                if not entry.is_folder and entry.length and entry.name[0] not in "._"
            )

    def _must_fit(self, table: Table) -> None:
        """Refuse a table of other columns: an engine would take the values by their position."""
        if table.name in self._fitting:
            return
        other = differences(declared(table.all_columns), self.columns(table.name))
        if other:
            raise WarehouseError(
                f"{self.name(table.name)} has other columns than ours ({'; '.join(other)}); "
                f"`proxy-oa init-db` says how to migrate it"
            )
        self._fitting.add(table.name)

    def _know_raw_partitions(self, query: Query) -> None:
        """Have the engine look at the hours of raw requests that ingest wrote for the query's days."""
        if query.days is None or not re.search(rf"\b{PROXY.name}\b", query.sql):
            return
        first, last = query.days
        for day in first.through(last):
            if day in self._known_days:
                continue
            entries = self._hdfs.list_folder(self.folder(PROXY, day))
            hours = [found[1] for entry in entries if (found := RAW_HOUR_FOLDER.fullmatch(entry.name))]
            specs = [sql.raw_hour_partition(day, hour) for hour in hours]
            self._run_all(self.flavour.know_partitions(self.name(PROXY.name), specs))
            self._known_days.add(day)

    def _remove_superseded(self) -> None:
        """Remove what is due; what can't be removed now is tried again with the next day that is replaced."""
        try:
            for noted in self._versions.due():
                version = noted.version
                if self._versions.is_at(version, self.partition_location(version.table, version.day)):
                    self._versions.forget(noted)
                    continue
                self.connection.run(sql.drop_table(self.name(version.staging_table)))
                self._versions.remove(noted)
        except (StorageError, WarehouseError) as error:
            dg.get_dagster_logger().warning("An old version of a day is left for the next time: %s", error)

    def _run_all(self, statements: Iterable[str]) -> None:
        for statement in statements:
            self.connection.run(statement)
