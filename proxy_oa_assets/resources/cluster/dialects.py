"""Statements and refusals that differ between Impala and Hive (or Spark).

Impala's are those of its documentation; Hive's are tested on Spark's Thrift Server.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from proxy_oa_assets.resources.cluster.ddl import add_partition, partition_at

Row = Sequence[object]
# Returns a partition's location from a result's column names, its rows and the partition's values, or None.
Location = Callable[[Sequence[str], Iterable[Row], Sequence[object]], str | None]


@dataclass(frozen=True)
class Dialect:
    """An engine's statements about metadata; empty where the engine needs none.

    `location` reads the result of `locate`; `recover` adds a partition for each folder of a table. `reload`
    and `reload_table` load metadata that another process changed; `compute_stats` computes a partition's
    statistics; `dynamic_partitions` lets a session insert
    into partitions named by its rows. `no_table` and `no_partition` are texts of refusals.
    `expands_variables`: the server replaces `${...}` inside a statement's literals.
    """

    name: str
    expands_variables: bool
    locate: str
    location: Location
    recover: str
    no_table: tuple[str, ...]
    no_partition: tuple[str, ...] = ()
    reload: str = ""
    reload_table: str = ""
    compute_stats: str = ""
    dynamic_partitions: str = ""
    adds_several: bool = False

    def refresh(self, name: str, spec: str) -> Iterator[str]:
        """Reload a partition's location and list of files."""
        if self.reload:
            yield self.reload.format(name, spec)

    def refresh_table(self, name: str) -> Iterator[str]:
        """Reload a table that another engine may have created or changed."""
        if self.reload_table:
            yield self.reload_table.format(name)

    def statistics(self, name: str, spec: str) -> Iterator[str]:
        """Compute the statistics of a partition."""
        if self.compute_stats:
            yield self.compute_stats.format(name, spec)

    def add_partitions(self, name: str, places: Mapping[str, str | None]) -> Iterator[str]:
        """Add the partitions that are missing, each at a location, or at its default one."""
        if self.adds_several and places:
            listed = " ".join(partition_at(spec, place) for spec, place in places.items())
            yield f"ALTER TABLE {name} ADD IF NOT EXISTS {listed}"
        elif not self.adds_several:
            for spec, place in places.items():
                yield add_partition(name, spec, place)
                yield from self.refresh(name, spec)


def _listed_location(columns: Sequence[str], rows: Iterable[Row], values: Sequence[object]) -> str | None:
    at = [name.lower() for name in columns].index("location")
    wanted = [str(value) for value in values]
    found = (str(row[at]) for row in rows if [str(value) for value in row[: len(wanted)]] == wanted)
    return next(found, None)


def _described_location(_: Sequence[str], rows: Iterable[Row], __: Sequence[object]) -> str | None:
    # The table's own location follows the partition's.
    lines = ((str(row[0]).strip().rstrip(":"), str(row[1]).strip()) for row in rows)
    return next((value for label, value in lines if label == "Location"), None)


# Impala caches the metadata of every file and loads it again on request.
IMPALA = Dialect(
    name="impala",
    expands_variables=False,
    locate="SHOW PARTITIONS {0}",
    location=_listed_location,
    recover="ALTER TABLE {} RECOVER PARTITIONS",
    # The analyzer's text, and those of the catalog, which INVALIDATE METADATA asks.
    no_table=("Could not resolve path", "Table does not exist", "Table not found"),
    reload="REFRESH {} PARTITION ({})",
    reload_table="INVALIDATE METADATA {}",
    compute_stats="COMPUTE INCREMENTAL STATS {} PARTITION ({})",
)
# HiveServer2 and Spark's Thrift Server read metadata from the metastore in each session.
HIVE = Dialect(
    name="hive",
    expands_variables=True,
    locate="DESCRIBE FORMATTED {0} PARTITION ({1})",
    location=_described_location,
    recover="MSCK REPAIR TABLE {}",
    no_table=("TABLE_OR_VIEW_NOT_FOUND", "Table not found"),
    no_partition=("PARTITIONS_NOT_FOUND", "Partition not found"),
    dynamic_partitions="SET hive.exec.dynamic.partition.mode=nonstrict",
    adds_several=True,
)
DIALECTS = {dialect.name: dialect for dialect in (IMPALA, HIVE)}
