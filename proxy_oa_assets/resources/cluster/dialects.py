"""Statements and refusals that differ between Impala and Hive (or Spark).

Impala's are those of its documentation; Hive's are tested on Spark's Thrift Server.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence

from typing_extensions import override

from proxy_oa_assets.resources.cluster.ddl import add_partition, partition_at

Row = Sequence[object]


class Dialect(ABC):
    """An engine's statements about metadata.

    `expands_variables`: the server replaces `${...}` inside a statement's literals. `no_table` and
    `no_partition` are texts of refusals which mean that the table or partition doesn't exist.
    `dynamic_partitions` are statements that let a session insert into partitions named by its rows, and
    `recover` adds a partition for each folder of a table.
    """

    name: str
    expands_variables: bool
    no_table: tuple[str, ...]
    no_partition: tuple[str, ...]
    dynamic_partitions: tuple[str, ...]
    recover: str

    @abstractmethod
    def locate(self, name: str, spec: str) -> str:
        """Return the query for a partition's location."""

    @abstractmethod
    def location(self, columns: Sequence[str], rows: Iterable[Row], values: Sequence[object]) -> str | None:
        """Return the location from the result of `locate`; None if there is no such partition."""

    @abstractmethod
    def refresh(self, name: str, spec: str) -> Iterator[str]:
        """Reload a partition's location and list of files."""

    @abstractmethod
    def refresh_table(self, name: str) -> Iterator[str]:
        """Reload a table that another engine may have created or changed."""

    @abstractmethod
    def add_partitions(self, name: str, places: Mapping[str, str | None]) -> Iterator[str]:
        """Add the partitions that are missing, each at a location, or at its default one."""


class ImpalaDialect(Dialect):
    """Impala caches the metadata of every file and reloads it on REFRESH."""

    name = "impala"
    expands_variables = False
    # The analyzer's text, and those of the catalog, which INVALIDATE METADATA asks.
    no_table = ("Could not resolve path", "Table does not exist", "Table not found")
    no_partition = ()
    dynamic_partitions = ()
    recover = "ALTER TABLE {} RECOVER PARTITIONS"

    @override
    def locate(self, name: str, spec: str) -> str:
        return f"SHOW PARTITIONS {name}"

    @override
    def location(self, columns: Sequence[str], rows: Iterable[Row], values: Sequence[object]) -> str | None:
        at = [name.lower() for name in columns].index("location")
        wanted = [str(value) for value in values]
        found = (str(row[at]) for row in rows if [str(value) for value in row[: len(wanted)]] == wanted)
        return next(found, None)

    @override
    def refresh(self, name: str, spec: str) -> Iterator[str]:
        yield f"REFRESH {name} PARTITION ({spec})"

    @override
    def refresh_table(self, name: str) -> Iterator[str]:
        yield f"INVALIDATE METADATA {name}"

    @override
    def add_partitions(self, name: str, places: Mapping[str, str | None]) -> Iterator[str]:
        for spec, place in places.items():
            yield add_partition(name, spec, place)
            yield from self.refresh(name, spec)


class HiveDialect(Dialect):
    """HiveServer2 and Spark's Thrift Server read metadata from the metastore in each session."""

    name = "hive"
    expands_variables = True
    no_table = ("TABLE_OR_VIEW_NOT_FOUND", "Table not found")
    no_partition = ("PARTITIONS_NOT_FOUND", "Partition not found")
    dynamic_partitions = ("SET hive.exec.dynamic.partition.mode=nonstrict",)
    recover = "MSCK REPAIR TABLE {}"

    @override
    def locate(self, name: str, spec: str) -> str:
        return f"DESCRIBE FORMATTED {name} PARTITION ({spec})"

    @override
    def location(self, columns: Sequence[str], rows: Iterable[Row], values: Sequence[object]) -> str | None:
        # The table's own location follows the partition's.
        lines = ((str(row[0]).strip().rstrip(":"), str(row[1]).strip()) for row in rows)
        return next((value for label, value in lines if label == "Location"), None)

    @override
    def refresh(self, name: str, spec: str) -> Iterator[str]:
        yield from ()

    @override
    def refresh_table(self, name: str) -> Iterator[str]:
        yield from ()

    @override
    def add_partitions(self, name: str, places: Mapping[str, str | None]) -> Iterator[str]:
        if places:
            listed = " ".join(partition_at(spec, place) for spec, place in places.items())
            yield f"ALTER TABLE {name} ADD IF NOT EXISTS {listed}"


DIALECTS: dict[str, Dialect] = {dialect.name: dialect for dialect in (ImpalaDialect(), HiveDialect())}
