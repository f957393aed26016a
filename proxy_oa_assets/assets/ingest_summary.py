"""Step 12 of a day: the raw requests of each minute."""

import dagster as dg

from proxy_oa_assets import queries
from proxy_oa_assets.assets.day_asset import TABLE_KINDS, WAREHOUSE_POOL, day_asset
from proxy_oa_assets.assets.day_by_day import DayMetadata, day_by_day
from proxy_oa_assets.assets.lineage import column_lineage, summary_lineage
from proxy_oa_assets.assets.presentation import table_metadata
from proxy_oa_assets.assets.raw_day import require_raw_rows
from proxy_oa_assets.days import Day
from proxy_oa_assets.resources.impala import ImpalaResource
from proxy_oa_assets.resources.workspace import Workspace
from proxy_oa_assets.tables import PROXY_INGEST_SUMMARY


@day_asset(
    deps=["proxy"],
    kinds=TABLE_KINDS,
    tags={"step": "12"},
    code_version="1",
    pool=WAREHOUSE_POOL,
    metadata=table_metadata(PROXY_INGEST_SUMMARY),
)
def ingest_summary(
    context: dg.AssetExecutionContext, impala: ImpalaResource, workspace: Workspace
) -> dg.MaterializeResult:
    """The day's raw requests, counted per minute."""

    def materialize(day: Day) -> DayMetadata:
        require_raw_rows(impala, day)
        minutes = impala.replace_day(PROXY_INGEST_SUMMARY, day, queries.ingest_summary(day))
        totals = impala.read_day(PROXY_INGEST_SUMMARY, day)["total"]
        return {
            "dagster/partition_row_count": dg.MetadataValue.int(minutes),
            "requests": dg.MetadataValue.int(int(totals.sum())),
            "requests_in_busiest_minute": dg.MetadataValue.int(int(totals.max()) if minutes else 0),
            **column_lineage(summary_lineage()),
        }

    return day_by_day(context, workspace, materialize)
