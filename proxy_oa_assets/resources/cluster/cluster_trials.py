"""What `proxy-oa doctor` tries of a SQL engine, each step only where the one before it worked."""

from collections.abc import Callable, Mapping
from contextlib import closing

from proxy_oa_assets.column_types import declared, differences
from proxy_oa_assets.days import Day
from proxy_oa_assets.errors import WarehouseError
from proxy_oa_assets.queries import Query
from proxy_oa_assets.resources.cluster.cluster_tables import ClusterTables
from proxy_oa_assets.resources.cluster.installation import existing_columns
from proxy_oa_assets.resources.impala import ImpalaResource
from proxy_oa_assets.tables import PROXY_STORYBOARD, TABLES

# No log has this day.
_PROBE_DAY = Day.parse("1970-01-01")
_INIT_DB = "`proxy-oa init-db` creates what is missing"


def cluster_trials(
    tables: ClusterTables,
    reading: Mapping[str, Callable[[], str]],
    without_delay: Callable[[], ImpalaResource],
) -> dict[str, Callable[[], str]]:
    """Return what to try, by name and in order; each returns what was found, or raises what to do.

    `reading` is what every form of the warehouse tries; `without_delay` returns a warehouse that removes old
    versions at once.
    """
    return {
        "sql engine": lambda: _connect(tables),
        "database": lambda: _database(tables),
        "definitions": lambda: _definitions(tables),
        **reading,
        "partition": lambda: _partition(without_delay()),
    }


def _connect(tables: ClusterTables) -> str:
    with tables.connection.asked("SELECT 1 AS one") as answer:
        list(answer.rows)
    server = tables.connection.server
    how = f"{server.auth_mechanism}, {'TLS' if server.use_ssl else 'no TLS'}"
    return f"{tables.flavour.name} at {server.address} answers {server.user} ({how})"


def _database(tables: ClusterTables) -> str:
    with tables.connection.asked("SHOW DATABASES") as answer:
        databases = {str(row[0]).lower() for row in answer.rows}
    if tables.database.lower() not in databases:
        raise WarehouseError(f"there is no database {tables.database} (PROXY_OA_DBNAME); {_INIT_DB}")
    return f"{tables.database} is there"


def _definitions(tables: ClusterTables) -> str:
    found = {name: existing_columns(tables, name) for name in TABLES}
    missing = [name for name, columns in found.items() if columns is None]
    if missing:
        raise WarehouseError(f"missing in {tables.database}: {', '.join(missing)}; {_INIT_DB}")
    other = [
        f"{name}: {text}"
        for name, columns in found.items()
        for text in differences(declared(TABLES[name].all_columns), columns or [])
    ]
    if other:
        raise WarehouseError(f"{'; '.join(other)}. `proxy-oa init-db` says how to migrate")
    return f"all {len(TABLES)} are there, with our columns and types"


def _partition(probe: ImpalaResource) -> str:
    """Write a day that no log has by SQL, read it back, drop it, and remove its files at once."""
    with closing(probe):
        count = probe.replace_day(
            PROXY_STORYBOARD,
            _PROBE_DAY,
            Query("SELECT 'probe' AS p_threat, 'probe' AS title, 'probe' AS text"),
        )
        probe.drop_day(PROXY_STORYBOARD, _PROBE_DAY)
    if count != 1:
        raise WarehouseError(f"a probe of one row came back as {count} rows")
    return f"wrote, read back and dropped {_PROBE_DAY} of {PROXY_STORYBOARD.name}"
