"""The upstream assets, which other systems write: the ranked results and the raw requests."""

from functools import partial

import dagster as dg

from proxy_oa_assets.defs.assets.daily import GROUP, OWNERS, Daily
from proxy_oa_assets.defs.assets.metadata import column_schema, table_metadata
from proxy_oa_assets.model.tables import PROXY, RESULT_COLUMNS


def upstream_specs(daily: Daily) -> list[dg.AssetSpec]:
    """Return the specs of `ml_results` and `proxy`."""
    spec = partial(dg.AssetSpec, group_name=GROUP, owners=OWNERS, partitions_def=daily.partitions)
    return [
        spec(
            "ml_results",
            description="proxy_results.csv: the day's requests, ranked by the topic model (spot-ml)",
            kinds={"hdfs", "csv"},
            metadata={"dagster/column_schema": column_schema(RESULT_COLUMNS)},
        ),
        spec(
            "proxy",
            description="The day's raw proxy requests, as the ingest job wrote them, in hourly partitions",
            kinds={"hive", "parquet"},
            metadata=table_metadata(PROXY),
        ),
    ]
