"""Step 12 of a day: the raw requests of each minute."""

import dagster as dg

from proxy_oa_assets import queries
from proxy_oa_assets.assets.day_by_day import DayMetadata, day_by_day
from proxy_oa_assets.assets.partitions import DAILY
from proxy_oa_assets.assets.presentation import GROUP, OWNERS, table_metadata
from proxy_oa_assets.assets.raw_day import require_raw_rows
from proxy_oa_assets.days import Day
from proxy_oa_assets.resources.impala import ImpalaResource
from proxy_oa_assets.tables import PROXY_INGEST_SUMMARY


@dg.asset(
    partitions_def=DAILY,
    deps=["proxy"],
    group_name=GROUP,
    owners=OWNERS,
    kinds={"duckdb", "parquet"},
    metadata=table_metadata(PROXY_INGEST_SUMMARY),
)
def ingest_summary(context: dg.AssetExecutionContext, impala: ImpalaResource) -> dg.MaterializeResult:
    """The day's raw requests, counted per minute."""

    def materialize(day: Day) -> DayMetadata:
        require_raw_rows(impala, day)
        minutes = impala.replace_day(PROXY_INGEST_SUMMARY, day, queries.ingest_summary(day))
        counted = int(impala.read_day(PROXY_INGEST_SUMMARY, day)["total"].sum())
        return {
            "dagster/partition_row_count": dg.MetadataValue.int(minutes),
            "requests": dg.MetadataValue.int(counted),
        }

    return day_by_day(context, materialize)
