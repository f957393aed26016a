"""The upstream assets, which other systems write: the ranked results and the raw requests."""

import dagster as dg

from proxy_oa_assets.defs.assets.daily import GROUP, OWNERS, Daily
from proxy_oa_assets.defs.assets.metadata import column_schema, table_metadata
from proxy_oa_assets.model.tables import PROXY, RESULT_COLUMNS


def upstream_specs(daily: Daily) -> list[dg.AssetSpec]:
    """Return the specs of `ml_results` and `proxy`."""
    return [
        dg.AssetSpec(
            "ml_results",
            description="proxy_results.csv: the day's requests, ranked by the topic model (spot-ml)",
            group_name=GROUP,
            owners=OWNERS,
            kinds={"hdfs", "csv"},
            partitions_def=daily.partitions,
            metadata={"dagster/column_schema": column_schema(RESULT_COLUMNS)},
        ),
        dg.AssetSpec(
            "proxy",
            description="The day's raw proxy requests, as the ingest job wrote them, in hourly partitions",
            group_name=GROUP,
            owners=OWNERS,
            kinds={"hive", "parquet"},
            partitions_def=daily.partitions,
            metadata=table_metadata(PROXY),
        ),
    ]
