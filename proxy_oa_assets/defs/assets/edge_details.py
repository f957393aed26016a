"""The asset `edge_details`: the raw requests behind each scored connection, in `proxy_edge`."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from pathlib import Path

import dagster as dg

from proxy_oa_assets.defs.assets.daily import WAREHOUSE_POOL, Daily, DayMetadata, day_by_day, require_raw_rows
from proxy_oa_assets.defs.assets.metadata import edge_lineage, table_metadata
from proxy_oa_assets.defs.assets.raw_columns import RawColumnsConfig, raw_columns
from proxy_oa_assets.defs.assets.upstream_days import raw_day, report_read
from proxy_oa_assets.enrichment.score_columns import client_hash, connection_hash, edge_file_name
from proxy_oa_assets.model import tsv
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.files import replace_if_other
from proxy_oa_assets.model.tables import PROXY_EDGE, PROXY_SCORES, records
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.resources.impala import Warehouse
from proxy_oa_assets.resources.workspace import Workspace
from proxy_oa_assets.sql import day_tables

# More files in one folder are slow to list, copy and remove.
_MOST_FILES = 5_000


def edge_details_asset(daily: Daily) -> dg.AssetsDefinition:
    """Return the asset `edge_details`."""

    @daily.asset(
        deps=["scored_connections", "proxy"],
        kinds=daily.table_kinds,
        code_version="1",
        pool=WAREHOUSE_POOL,
        metadata=table_metadata(PROXY_EDGE),
    )
    def edge_details(
        context: dg.AssetExecutionContext,
        config: RawColumnsConfig,
        *,
        hdfs: FileStore,
        impala: Warehouse,
        workspace: Workspace,
    ) -> dg.MaterializeResult:
        """The raw requests of each scored connection in every hour, at most 250 per connection and hour."""

        def materialize(day: Day) -> DayMetadata:
            require_raw_rows(impala, day)
            columns = raw_columns(context, impala, day, day_tables.EDGE_READS, config)
            # Noted before the rows are read: an hour that arrives during the statement then counts as new.
            raw = raw_day(hdfs, workspace, day)
            count = impala.replace_day(PROXY_EDGE, day, day_tables.edge_details(day))
            if raw:
                report_read(context, raw)
            files = export_edges(impala, day, workspace.data(day))
            return {
                "dagster/partition_row_count": count,
                "capped_connection_hours": _capped(impala, day),
                "exported_files": files,
                "export": workspace.data(day),
                **columns,
                **edge_lineage(),
            }

        return day_by_day(context, hdfs, workspace, materialize)

    return edge_details


def _capped(impala: Warehouse, day: Day) -> int:
    """Return how many connection-hours are at the limit; the check says how many rows were cut."""
    ((capped,),) = records(impala.query(day_tables.full_connection_hours(day)))
    return int(str(capped))


def export_edges(impala: Warehouse, day: Day, folder: Path) -> int:
    """Write `edge-<clientip>-<hash>.tsv` for each scored row's own hour; return the number of files.

    A day of more than 5,000 such files gets one of each client instead, in which its connections follow each
    other; its hash is md5 hex of `clientip` alone. Files of an earlier run that belong to no scored row are
    removed.
    """
    scored = list(records(impala.read_day(PROXY_SCORES, day)[["clientip", "fulluri", "time"]]))
    name_of: Callable[[object, object, object], str] = _connection_file
    write: Callable[[Path, Sequence[str], Iterable[Sequence[object]]], None] = _replace_if_other
    wanted = {name_of(*row) for row in scored}
    if len(wanted) > _MOST_FILES:
        # A client's file can be large: it is streamed, not compared with the one there.
        name_of, write = _client_file, tsv.write_tsv
        wanted = {name_of(*row) for row in scored}
    without_rows = set(wanted)
    client, uri, hour = (PROXY_EDGE.column_names.index(name) for name in ("clientip", "fulluri", "hh"))
    edges = impala.rows(day_tables.edges_of_scored_hours(day))
    for name, rows in groupby(edges, key=lambda row: name_of(row[client], row[uri], f"{row[hour]:02d}:")):
        write(folder / name, PROXY_EDGE.column_names, rows)
        without_rows.discard(name)
    for name in without_rows:
        write(folder / name, PROXY_EDGE.column_names, ())
    for left in folder.glob("edge-*.tsv"):
        if left.name not in wanted:
            left.unlink()
    return len(wanted)


def _replace_if_other(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    replace_if_other(path, tsv.table(columns, rows))


def _connection_file(clientip: object, fulluri: object, time: object) -> str:
    client, uri, clock = (value if isinstance(value, str) else None for value in (clientip, fulluri, time))
    return edge_file_name(client, connection_hash(client, uri, clock))


def _client_file(clientip: object, _fulluri: object, _time: object) -> str:
    client = clientip if isinstance(clientip, str) else None
    return edge_file_name(client, client_hash(client))
