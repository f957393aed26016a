"""`init-db` on a cluster: the database and the tables, and what to do about tables that Spot left."""

from collections.abc import Iterator

from proxy_oa_assets.column_types import ColumnTypes, declared, differences
from proxy_oa_assets.errors import WarehouseError
from proxy_oa_assets.resources.cluster import statements as sql
from proxy_oa_assets.resources.cluster.cluster_tables import ClusterTables
from proxy_oa_assets.tables import TABLES, Table


def create_tables(tables: ClusterTables) -> list[str]:
    """Create what is missing, and return what to say about each table; nothing that exists is changed."""
    tables.connection.run(sql.create_database(tables.database))
    return [line for table in TABLES.values() for line in _create(tables, table)]


def existing_columns(tables: ClusterTables, name: str) -> ColumnTypes | None:
    """Return a table's columns; None if there is no such table."""
    try:
        # Impala refuses this, too, of a table that isn't there.
        for statement in tables.flavour.know_table(tables.name(name)):
            tables.connection.run(statement)
        return tables.columns(name)
    except WarehouseError as error:
        if not error.transient and tables.flavour.says_no_table(str(error)):
            return None
        raise


def migration(tables: ClusterTables, table: Table, found: ColumnTypes) -> Iterator[str]:
    """Yield the commands and statements that bring a table's rows into one of our columns, in order.

    The old files stay, in a folder beside, until somebody removes them.
    """
    ours, theirs = tables.name(table.name), tables.name(f"{table.name}_before")
    folder = tables.folder(table)
    partitions = [column.name for column in table.partitions]
    there = dict(found)
    columns = ", ".join(f"{name} {kind}" for name, kind in found if name not in partitions)
    keys = ", ".join(f"{name} {kind}" for name, kind in found if name in partitions)
    values = [
        column.name
        if there.get(column.name) == column.type
        else f"CAST({column.name if column.name in there else 'NULL'} AS {column.type})"
        for column in table.columns
    ]
    yield sql.drop_table(ours)
    yield f"hdfs dfs -mv {folder} {folder}_before"
    yield (
        f"CREATE EXTERNAL TABLE {theirs} ({columns}) PARTITIONED BY ({keys}) STORED AS PARQUET "
        f"LOCATION '{folder}_before'"
    )
    yield tables.flavour.recover_partitions(theirs)
    yield sql.create_table(ours, table, folder)
    yield from tables.flavour.allow_dynamic_partitions()
    yield (
        f"INSERT INTO TABLE {ours} PARTITION ({', '.join(partitions)}) "
        f"SELECT {', '.join([*values, *partitions])} FROM {theirs}"
    )


def _create(tables: ClusterTables, table: Table) -> Iterator[str]:
    name, folder = tables.name(table.name), tables.folder(table)
    found = existing_columns(tables, table.name)
    if found is None:
        tables.connection.run(sql.create_table(name, table, folder))
        yield f"{table.name}: created, {folder}"
        return
    different = differences(declared(table.all_columns), found)
    if not different:
        yield f"{table.name}: there already"
        return
    yield f"{table.name}: there already, with other columns: {'; '.join(different)}"
    yield "  Nothing was changed, and no day will be written to it. To migrate it, with nobody writing:"
    for step in migration(tables, table, found):
        yield f"    {step}" if step.startswith("hdfs ") else f"    {step};"
