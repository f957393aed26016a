"""Statements about tables, in words that Impala, Hive and Spark share.

Names come from `tables.py` and the settings alone.
"""

from collections.abc import Iterable

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY, Column, Table


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


def _columns(columns: Iterable[Column]) -> str:
    return ", ".join(f"{column.name} {column.type}" for column in columns)
