"""The asset `edge_details`: the raw requests behind each scored connection, in `proxy_edge`."""

from itertools import groupby
from pathlib import Path

import dagster as dg

from proxy_oa_assets.defs.assets.daily import WAREHOUSE_POOL, Daily, DayMetadata, day_by_day, require_raw_rows
from proxy_oa_assets.defs.assets.metadata import edge_lineage, table_metadata
from proxy_oa_assets.enrichment.score_columns import connection_hash, edge_file_name
from proxy_oa_assets.model import tsv
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.files import replace_if_other
from proxy_oa_assets.model.tables import PROXY_EDGE, PROXY_SCORES, records
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.resources.impala import Warehouse
from proxy_oa_assets.resources.workspace import Workspace
from proxy_oa_assets.sql import day_tables


def edge_details_asset(daily: Daily) -> dg.AssetsDefinition:
    """Return the asset `edge_details`."""

    @daily.asset(
        deps=["scored_connections", "proxy"],
        kinds=daily.table_kinds,
        step="11",
        code_version="1",
        pool=WAREHOUSE_POOL,
        metadata=table_metadata(PROXY_EDGE),
    )
    def edge_details(
        context: dg.AssetExecutionContext, hdfs: FileStore, impala: Warehouse, workspace: Workspace
    ) -> dg.MaterializeResult:
        """The raw requests of each scored connection in every hour, at most 250 per connection and hour."""

        def materialize(day: Day) -> DayMetadata:
            require_raw_rows(impala, day)
            count = impala.replace_day(PROXY_EDGE, day, day_tables.edge_details(day))
            files = export_edges(impala, day, workspace.data(day))
            return {
                "dagster/partition_row_count": count,
                "capped_connection_hours": _capped(impala, day),
                "exported_files": files,
                "export": workspace.data(day),
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

    Files of an earlier run that belong to no scored row are removed.
    """
    scored = impala.read_day(PROXY_SCORES, day)[["clientip", "fulluri", "time"]]
    without_rows = {_file_name(*row) for row in records(scored)}
    wanted = set(without_rows)
    client, uri, hour = (PROXY_EDGE.column_names.index(name) for name in ("clientip", "fulluri", "hh"))
    edges = impala.rows(day_tables.edges_of_scored_hours(day))
    for name, rows in groupby(edges, key=lambda row: _file_name(row[client], row[uri], f"{row[hour]:02d}:")):
        replace_if_other(folder / name, tsv.table(PROXY_EDGE.column_names, rows))
        without_rows.discard(name)
    for name in without_rows:
        replace_if_other(folder / name, tsv.table(PROXY_EDGE.column_names, ()))
    for left in folder.glob("edge-*.tsv"):
        if left.name not in wanted:
            left.unlink()
    return len(wanted)


def _file_name(clientip: object, fulluri: object, time: object) -> str:
    client, uri, clock = (value if isinstance(value, str) else None for value in (clientip, fulluri, time))
    return edge_file_name(client, connection_hash(client, uri, clock))
