"""What other systems make: the ranked results, and the raw requests."""

import dagster as dg

from proxy_oa_assets.assets.day_asset import GROUP, OWNERS
from proxy_oa_assets.assets.partitions import DAILY
from proxy_oa_assets.assets.presentation import column_schema, table_metadata
from proxy_oa_assets.tables import PROXY, RESULT_COLUMNS

ml_results = dg.AssetSpec(
    "ml_results",
    description="proxy_results.csv: the day's requests, ranked by the topic model (spot-ml)",
    group_name=GROUP,
    owners=OWNERS,
    kinds={"hdfs", "csv"},
    partitions_def=DAILY,
    metadata={"dagster/column_schema": column_schema(RESULT_COLUMNS)},
)

proxy = dg.AssetSpec(
    "proxy",
    description="The day's raw proxy requests, as the ingest job wrote them, in hourly partitions",
    group_name=GROUP,
    owners=OWNERS,
    kinds={"hive", "parquet"},
    partitions_def=DAILY,
    metadata=table_metadata(PROXY),
)
