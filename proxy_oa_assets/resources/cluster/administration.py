"""`init-db` on a cluster, with the migration of Spot's tables, and the checks of `doctor`."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import WarehouseError
from proxy_oa_assets.model.tables import (
    PROXY,
    PROXY_STORYBOARD,
    TABLES,
    ColumnTypes,
    Table,
    declared,
    differences,
)
from proxy_oa_assets.resources.cluster import ddl
from proxy_oa_assets.resources.cluster.cluster_tables import ClusterTables
from proxy_oa_assets.resources.impala import Warehouse
from proxy_oa_assets.sql.query import Query


def create_tables(tables: ClusterTables) -> list[str]:
    """Create the missing tables; return lines about each. Existing tables aren't changed."""
    tables.connection.run(f"CREATE DATABASE IF NOT EXISTS {tables.database}", in_database=False)
    return [line for table in TABLES.values() for line in _create(tables, table)]


def existing_columns(tables: ClusterTables, name: str) -> ColumnTypes | None:
    """Return a table's columns; None if there is no such table."""
    try:
        # Impala refuses this, too, if there is no such table.
        tables.connection.run_all(tables.dialect.refresh_table(name))
        return tables.columns(name)
    except WarehouseError as error:
        if not error.transient and any(words in str(error) for words in tables.dialect.no_table):
            return None
        raise


def migration(tables: ClusterTables, table: Table, found: ColumnTypes) -> Iterator[str]:
    """Yield the commands and statements that copy a table's rows to a table with our columns, in order.

    The old files are moved to a folder beside the table's.
    """
    ours = f"{tables.database}.{table.name}"
    theirs = f"{ours}_before"
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
    yield ddl.drop_table(ours)
    yield f"hdfs dfs -mv {folder} {folder}_before"
    yield (
        f"CREATE EXTERNAL TABLE {theirs} ({columns}) PARTITIONED BY ({keys}) STORED AS PARQUET "
        f"LOCATION '{folder}_before'"
    )
    yield tables.dialect.recover.format(theirs)
    yield ddl.create_table(ours, table, folder)
    yield from filter(None, [tables.dialect.dynamic_partitions])
    yield (
        f"INSERT INTO TABLE {ours} PARTITION ({', '.join(partitions)}) "
        f"SELECT {', '.join([*values, *partitions])} FROM {theirs}"
    )


def _create(tables: ClusterTables, table: Table) -> Iterator[str]:
    folder = tables.folder(table)
    found = existing_columns(tables, table.name)
    if found is None:
        tables.connection.run(ddl.create_table(table.name, table, folder))
        yield f"{table.name}: created, {folder}"
        return
    different = _other_columns(table, found)
    if not different:
        yield f"{table.name}: there already"
        return
    yield f"{table.name}: there already, with other columns: {'; '.join(different)}"
    yield "  Nothing was changed, and no day will be written to it. To migrate it, while no day is written:"
    for step in migration(tables, table, found):
        yield f"    {step}" if step.startswith("hdfs ") else f"    {step};"


def _other_columns(table: Table, found: ColumnTypes) -> list[str]:
    """Return how a table's columns differ from ours; the raw table may have BIGINT for INT, which is read."""
    ours = dict(declared(table.all_columns))
    if table is PROXY:
        found = [
            (name, "INT" if (ours.get(name), kind) == ("INT", "BIGINT") else kind) for name, kind in found
        ]
    return differences(declared(table.all_columns), found)


# Who logs in where IMPALA_USER has no effect.
_LOGINS_WITHOUT_USER = {"GSSAPI": "the ticket's user", "JWT": "the token's user"}
_INIT_DB = "`proxy-oa init-db` creates what is missing"


def cluster_probes(
    tables: ClusterTables,
    reading: Mapping[str, Callable[[], str]],
    without_delay: Callable[[], Warehouse],
) -> dict[str, Callable[[], str]]:
    """Return the checks of `doctor` by name, with those of every warehouse (`reading`) among them.

    `without_delay` returns a warehouse that removes old versions at once.
    """
    return {
        "sql engine": lambda: _connect(tables),
        "database": lambda: _database(tables),
        "definitions": lambda: _definitions(tables),
        **reading,
        "partition": lambda: _partition(without_delay()),
    }


def _connect(tables: ClusterTables) -> str:
    with tables.connection.query("SELECT 1 AS one", in_database=False) as result:
        list(result.rows)
    server = tables.connection.server
    how = f"{server.auth_mechanism}, {'TLS' if server.use_ssl else 'no TLS'}"
    user = _LOGINS_WITHOUT_USER.get(server.auth_mechanism, server.user)
    return f"{tables.dialect.name} at {server.address} answers {user} ({how})"


def _database(tables: ClusterTables) -> str:
    with tables.connection.query("SHOW DATABASES", in_database=False) as result:
        databases = {str(row[0]).lower() for row in result.rows}
    if tables.database.lower() not in databases:
        raise WarehouseError(f"there is no database {tables.database} (PROXY_OA_DBNAME); {_INIT_DB}")
    return f"{tables.database} is there"


def _definitions(tables: ClusterTables) -> str:
    found = {name: existing_columns(tables, name) for name in TABLES}
    if missing := [name for name, columns in found.items() if columns is None]:
        raise WarehouseError(f"missing in {tables.database}: {', '.join(missing)}; {_INIT_DB}")
    other = [
        f"{name}: {text}"
        for name, columns in found.items()
        for text in _other_columns(TABLES[name], columns or [])
    ]
    if other:
        raise WarehouseError(f"{'; '.join(other)}. `proxy-oa init-db` says how to migrate")
    return f"all {len(TABLES)} are there, with our columns and types"


def _partition(probe: Warehouse) -> str:
    """Write a day before any log by SQL, read it back, drop it, and remove its files at once."""
    day = Day.parse("1970-01-01")
    row = Query("SELECT 'probe' AS p_threat, 'probe' AS title, 'probe' AS text")
    with closing(probe):
        count = probe.replace_day(PROXY_STORYBOARD, day, row)
        probe.drop_day(PROXY_STORYBOARD, day)
    if count != 1:
        raise WarehouseError(f"a probe of one row came back as {count} rows")
    return f"wrote, read back and dropped {day} of {PROXY_STORYBOARD.name}"
