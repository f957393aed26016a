"""The asset `ingest_summary`: the raw requests of each minute, in `proxy_ingest_summary`."""

import dagster as dg

from proxy_oa_assets.defs.assets.daily import WAREHOUSE_POOL, Daily, DayMetadata, day_by_day, require_raw_rows
from proxy_oa_assets.defs.assets.metadata import summary_lineage, table_metadata
from proxy_oa_assets.defs.assets.raw_columns import RawColumnsConfig, raw_columns
from proxy_oa_assets.defs.assets.upstream_days import raw_day, report_read
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY, PROXY_INGEST_SUMMARY
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.resources.impala import Warehouse
from proxy_oa_assets.resources.workspace import Workspace
from proxy_oa_assets.sql import day_tables
from proxy_oa_assets.sql.query import COUNTABLE_COLUMNS


def ingest_summary_asset(daily: Daily) -> dg.AssetsDefinition:
    """Return the asset `ingest_summary`."""

    @daily.asset(
        deps=["proxy"],
        kinds=daily.table_kinds,
        code_version="1",
        pool=WAREHOUSE_POOL,
        metadata=table_metadata(PROXY_INGEST_SUMMARY),
    )
    def ingest_summary(
        context: dg.AssetExecutionContext,
        config: RawColumnsConfig,
        *,
        hdfs: FileStore,
        impala: Warehouse,
        workspace: Workspace,
    ) -> dg.MaterializeResult:
        """The day's raw requests, counted per minute."""

        def materialize(day: Day) -> DayMetadata:
            require_raw_rows(impala, day)
            columns = raw_columns(context, impala, day, COUNTABLE_COLUMNS, config)
            # Noted before the rows are read: an hour that arrives during the statement then counts as new.
            raw = raw_day(hdfs, workspace, day, rows=impala.row_count(PROXY, day))
            minutes = impala.replace_day(PROXY_INGEST_SUMMARY, day, day_tables.ingest_summary(day))
            if raw:
                report_read(context, raw)
            totals = impala.read_day(PROXY_INGEST_SUMMARY, day)["total"]
            return {
                "dagster/partition_row_count": minutes,
                "requests": int(totals.sum()),
                "requests_in_busiest_minute": int(totals.max()) if minutes else 0,
                **columns,
                **summary_lineage(),
            }

        return day_by_day(context, hdfs, workspace, materialize)

    return ingest_summary
