"""Statements about tables: what Impala and Hive (or Spark) say alike, and what each says its own way.

Names come from `tables.py` and the settings alone. Impala's are those of its documentation; Hive's are tried
on Spark's Thrift Server.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence

from typing_extensions import override

from proxy_oa_assets.days import Day
from proxy_oa_assets.tables import PROXY, Column, Table

Row = Sequence[object]


def create_database(database: str) -> str:
    """Create the database where it is missing."""
    return f"CREATE DATABASE IF NOT EXISTS {database}"


def create_table(name: str, table: Table, location: str, *, partitioned: bool = True) -> str:
    """Create a table of a table's columns, whose files stay when it is dropped."""
    partitions = f" PARTITIONED BY ({_columns(table.partitions)})" if partitioned else ""
    return (
        f"CREATE EXTERNAL TABLE IF NOT EXISTS {name} ({_columns(table.columns)}){partitions} "
        f"STORED AS PARQUET LOCATION '{location}'"
    )


def drop_table(name: str) -> str:
    """Forget a table; its files stay."""
    return f"DROP TABLE IF EXISTS {name}"


def fill(name: str, select: str) -> str:
    """Write what a SELECT gives into a table of its own."""
    return f"INSERT OVERWRITE TABLE {name} {select}"


def describe(name: str) -> str:
    """List a table's columns."""
    return f"DESCRIBE {name}"


def add_partition(name: str, spec: str, location: str | None = None) -> str:
    """Make a partition known where it isn't, at its usual place or another one."""
    at = f" LOCATION '{location}'" if location else ""
    return f"ALTER TABLE {name} ADD IF NOT EXISTS PARTITION ({spec}){at}"


def set_location(name: str, spec: str, location: str) -> str:
    """Switch a partition to another folder."""
    return f"ALTER TABLE {name} PARTITION ({spec}) SET LOCATION '{location}'"


def drop_partition(name: str, spec: str) -> str:
    """Forget a partition; its files stay."""
    return f"ALTER TABLE {name} DROP IF EXISTS PARTITION ({spec})"


def day_partition(table: Table, day: Day) -> str:
    """Return the partition of one of our tables' days: `y=2016, m=9, d=12`."""
    return ", ".join(
        f"{column.name}={value}"
        for column, value in zip(table.partitions, table.day_values(day), strict=True)
    )


def raw_hour_partition(day: Day, hour: str) -> str:
    """Return the partition of the raw table's hour: `y='2016', m='09', d='12', h='07'`."""
    values = (*PROXY.day_values(day), hour)
    return ", ".join(
        f"{column.name}='{value}'" for column, value in zip(PROXY.partitions, values, strict=True)
    )


class Flavour(ABC):
    """How an engine learns of files that others wrote, and tells where a partition stands."""

    name: str
    # Whether ${...} inside a statement's literals is replaced by variables of the server.
    expands_variables: bool

    @abstractmethod
    def locate(self, name: str, spec: str) -> str:
        """Ask where a partition stands."""

    @abstractmethod
    def location(self, columns: Sequence[str], rows: Iterable[Row], values: Sequence[object]) -> str | None:
        """Read where a partition stands from the answer to `locate`; None if there is none."""

    @abstractmethod
    def says_no_partition(self, refusal: str) -> bool:
        """Return whether a refusal of `locate` means that there is no such partition."""

    @abstractmethod
    def says_no_table(self, refusal: str) -> bool:
        """Return whether a refusal means that there is no such table."""

    @abstractmethod
    def allow_dynamic_partitions(self) -> Iterator[str]:
        """Allow the session an INSERT that takes partitions from its rows."""

    @abstractmethod
    def refresh(self, name: str, spec: str) -> Iterator[str]:
        """Have the engine look at a partition's files again."""

    @abstractmethod
    def know_table(self, name: str) -> Iterator[str]:
        """Have the engine look for a table that others may have created."""

    @abstractmethod
    def know_partitions(self, name: str, specs: Sequence[str]) -> Iterator[str]:
        """Make the partitions of files that others wrote known, where they aren't yet."""

    @abstractmethod
    def recover_partitions(self, name: str) -> str:
        """Make every partition known for which there is a folder."""


class Impala(Flavour):
    """Impala keeps a catalog of every file, and looks again when it is told to."""

    name = "impala"
    expands_variables = False

    @override
    def locate(self, name: str, spec: str) -> str:
        """Ask where the partitions stand; Impala has this in memory."""
        return f"SHOW PARTITIONS {name}"

    @override
    def location(self, columns: Sequence[str], rows: Iterable[Row], values: Sequence[object]) -> str | None:
        """Find the row of the partition; the last one is a total."""
        at = [name.lower() for name in columns].index("location")
        wanted = [str(value) for value in values]
        found = (str(row[at]) for row in rows if [str(value) for value in row[: len(wanted)]] == wanted)
        return next(found, None)

    @override
    def says_no_partition(self, refusal: str) -> bool:
        """Return False: the list just doesn't have it."""
        return False

    @override
    def says_no_table(self, refusal: str) -> bool:
        """Recognize what its analyzer says."""
        return "Could not resolve path" in refusal or "Table does not exist" in refusal

    @override
    def allow_dynamic_partitions(self) -> Iterator[str]:
        """Nothing: it is allowed."""
        yield from ()

    @override
    def refresh(self, name: str, spec: str) -> Iterator[str]:
        """Look at one partition again; the rest of the table isn't touched."""
        yield f"REFRESH {name} PARTITION ({spec})"

    @override
    def know_table(self, name: str) -> Iterator[str]:
        """Have a table that Hive or Spark created, or changed, loaded."""
        yield f"INVALIDATE METADATA {name}"

    @override
    def know_partitions(self, name: str, specs: Sequence[str]) -> Iterator[str]:
        """Add and refresh, one partition a statement."""
        for spec in specs:
            yield add_partition(name, spec)
            yield from self.refresh(name, spec)

    @override
    def recover_partitions(self, name: str) -> str:
        """Impala's word for it."""
        return f"ALTER TABLE {name} RECOVER PARTITIONS"


class Hive(Flavour):
    """HiveServer2 and Spark's Thrift Server list a partition's files when a session reads it first."""

    name = "hive"
    expands_variables = True

    @override
    def locate(self, name: str, spec: str) -> str:
        """Ask for the partition's details; the engine refuses if there is none."""
        return f"DESCRIBE FORMATTED {name} PARTITION ({spec})"

    @override
    def location(self, columns: Sequence[str], rows: Iterable[Row], values: Sequence[object]) -> str | None:
        """Find the first line `Location`: the partition's; the table's comes after."""
        lines = ((str(row[0]).strip().rstrip(":"), str(row[1]).strip()) for row in rows)
        return next((value for label, value in lines if label == "Location"), None)

    @override
    def says_no_partition(self, refusal: str) -> bool:
        """Recognize what Spark and Hive say."""
        return "PARTITIONS_NOT_FOUND" in refusal or "Partition not found" in refusal

    @override
    def says_no_table(self, refusal: str) -> bool:
        """Recognize what Spark and Hive say."""
        return "TABLE_OR_VIEW_NOT_FOUND" in refusal or "Table not found" in refusal

    @override
    def allow_dynamic_partitions(self) -> Iterator[str]:
        """Hive wants one partition to be named otherwise."""
        yield "SET hive.exec.dynamic.partition.mode=nonstrict"

    @override
    def refresh(self, name: str, spec: str) -> Iterator[str]:
        """Nothing: each statement has a session of its own."""
        yield from ()

    @override
    def know_table(self, name: str) -> Iterator[str]:
        """Nothing: the metastore is asked each time."""
        yield from ()

    @override
    def know_partitions(self, name: str, specs: Sequence[str]) -> Iterator[str]:
        """Add them all at once."""
        if specs:
            listed = " ".join(f"PARTITION ({spec})" for spec in specs)
            yield f"ALTER TABLE {name} ADD IF NOT EXISTS {listed}"

    @override
    def recover_partitions(self, name: str) -> str:
        """Hive's word for it."""
        return f"MSCK REPAIR TABLE {name}"


FLAVOURS: dict[str, Flavour] = {flavour.name: flavour for flavour in (Impala(), Hive())}


def _columns(columns: Iterable[Column]) -> str:
    return ", ".join(f"{column.name} {column.type}" for column in columns)
