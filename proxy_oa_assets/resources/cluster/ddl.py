"""Statements about tables in the syntax that Impala, Hive and Spark share.

Names come from `tables.py` and the settings alone.
"""

from collections.abc import Iterable

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY, Column, Table


def create_table(name: str, table: Table, location: str, *, partitioned: bool = True) -> str:
    """Create an external table with a table's columns."""
    partitions = f" PARTITIONED BY ({_columns(table.partitions)})" if partitioned else ""
    return (
        f"CREATE EXTERNAL TABLE IF NOT EXISTS {name} ({_columns(table.columns)}){partitions} "
        f"STORED AS PARQUET LOCATION '{location}'"
    )


def drop_table(name: str) -> str:
    """Drop an external table; its files stay."""
    return f"DROP TABLE IF EXISTS {name}"


def fill(name: str, select: str) -> str:
    """Replace an unpartitioned table's rows by those of a SELECT."""
    return f"INSERT OVERWRITE TABLE {name} {select}"


def add_partition(name: str, spec: str, location: str | None = None) -> str:
    """Add a partition where it is missing, at its default location or another one."""
    return f"ALTER TABLE {name} ADD IF NOT EXISTS {partition_at(spec, location)}"


def partition_at(spec: str, location: str | None) -> str:
    """Return a partition to add, at its default location or another one."""
    return f"PARTITION ({spec})" + (f" LOCATION '{location}'" if location else "")


def set_location(name: str, spec: str, location: str) -> str:
    """Point a partition to another folder."""
    return f"ALTER TABLE {name} PARTITION ({spec}) SET LOCATION '{location}'"


def drop_partition(name: str, spec: str) -> str:
    """Drop an external table's partition; its files stay."""
    return f"ALTER TABLE {name} DROP IF EXISTS PARTITION ({spec})"


def day_partition(table: Table, day: Day) -> str:
    """Return the partition of a day of one of our tables: `y=2016, m=9, d=12`."""
    pairs = zip(table.partitions, table.day_values(day), strict=True)
    return ", ".join(f"{column.name}={value}" for column, value in pairs)


def raw_hour_partition(day: tuple[str | int, ...], hour: str) -> str:
    """Return the partition of an hour of the raw table: `y='2016', m='09', d='12', h='07'`."""
    pairs = zip(PROXY.partitions, (*day, hour), strict=True)
    return ", ".join(f"{column.name}='{value}'" for column, value in pairs)


def _columns(columns: Iterable[Column]) -> str:
    return ", ".join(f"{column.name} {column.type}" for column in columns)
