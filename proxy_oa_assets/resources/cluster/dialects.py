"""What Impala and Hive (or Spark) each say their own way.

Impala's statements are those of its documentation; Hive's are tried on Spark's Thrift Server.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence

from typing_extensions import override

from proxy_oa_assets.resources.cluster.ddl import add_partition

Row = Sequence[object]


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
        """Recognize what its analyzer says, and its catalog, which is asked by INVALIDATE METADATA."""
        told = ("Could not resolve path", "Table does not exist", "Table not found")
        return any(words in refusal for words in told)

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
