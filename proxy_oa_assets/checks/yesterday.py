"""The claim that last night's day is there.

A freshness policy is satisfied by a backfill of any old day; this looks at the newest partition itself.
"""

import dagster as dg

from proxy_oa_assets.assets.partitions import DAILY

_ASSETS = ("proxy_results", "scored_connections", "edge_details", "ingest_summary", "notebooks")


@dg.asset_check(
    asset="notebooks",
    description="Every asset of the newest day, which ended last night, is materialized",
)
def yesterday_is_materialized(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Look up the newest partition of every asset."""
    newest = DAILY.get_last_partition_key()
    if newest is None:
        return dg.AssetCheckResult(passed=True, description="no daily partition has ended yet")
    missing = [
        asset
        for asset in _ASSETS
        if not context.instance.fetch_materializations(
            dg.AssetRecordsFilter(dg.AssetKey(asset), asset_partitions=[newest]), limit=1
        ).records
    ]
    if not missing:
        return dg.AssetCheckResult(passed=True, description=f"{newest} is materialized")
    return dg.AssetCheckResult(
        passed=False,
        description=f"{newest} has no {', '.join(missing)}: materialize the day, or look at its failed run",
        metadata={"missing_assets": len(missing)},
    )
