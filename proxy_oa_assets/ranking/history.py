"""What the days before a day had, as the ranking reads it."""

import itertools
from collections.abc import Iterator
from typing import Any

import duckdb
import pyarrow as pa

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.resources.impala import Warehouse
from proxy_oa_assets.sql.history import history_between

HISTORY_DAYS = 14
# Each day can have hundreds of thousands of rows; DuckDB holds them in less memory than Python does.
_BATCH = 50_000


def read_past(
    connection: duckdb.DuckDBPyConnection, warehouse: Warehouse, day: Day, days: int = HISTORY_DAYS
) -> int:
    """Create the temporary table `past` of the days before a day; return how many of them have a row.

    Columns: clientip, host, useragent (NULL: none), days_ago (1 is the day before), and as in `proxy_history`
    first_second, last_second, requests, posts, sent, received. The day itself and later ones are never read,
    so that days ranked in any order, with the same days before them, are ranked alike.
    """
    schema = pa.schema(
        [
            *((name, pa.string()) for name in ("clientip", "host", "useragent")),
            *((name, pa.int32()) for name in ("days_ago", "first_second", "last_second")),
            *((name, pa.int64()) for name in ("requests", "posts", "sent", "received")),
        ]
    )
    connection.register("no_past", schema.empty_table())
    connection.execute("CREATE OR REPLACE TEMP TABLE past AS SELECT * FROM no_past")
    connection.unregister("no_past")
    ago_of = {int(day.plus(-ago).folder): ago for ago in range(1, days + 1)}
    rows: Iterator[Any] = warehouse.rows(history_between(day.plus(-days), day.plus(-1)))
    found: set[int] = set()
    while batch := [(ago_of[number], *row) for number, *row in itertools.islice(rows, _BATCH)]:
        days_ago, clients, hosts, agents, *figures = zip(*batch, strict=True)
        found.update(days_ago)
        columns = (clients, hosts, agents, days_ago, *figures)
        connection.register("part", pa.table(dict(zip(schema.names, columns, strict=True)), schema=schema))
        connection.execute("INSERT INTO past SELECT * REPLACE (lower(host) AS host) FROM part")
        connection.unregister("part")
    return len(found)
