"""What every asset of a day has in common."""

from functools import partial

import dagster as dg

from proxy_oa_assets import dagster_previews
from proxy_oa_assets.assets.partitions import DAILY
from proxy_oa_assets.settings import load_settings

GROUP = "proxy_oa"
OWNERS = ["team:proxy-oa"]
# Limits for these stand in dagster.yaml: how many steps may ask the SQL engine, or the services, at once.
WAREHOUSE_POOL = "proxy_oa_warehouse"
REPUTATION_POOL = "proxy_oa_reputation"

_SETTINGS = load_settings()
dagster_previews.accept()

# What keeps the tables and how they are stored, as icons in the graph.
TABLE_KINDS = {_SETTINGS.cluster.sql.engine if _SETTINGS.cluster else "duckdb", "parquet"}

# An asset with daily partitions; a backfill puts as many days into a run as the site says, one by default, so
# that a bad day costs itself alone.
day_asset = partial(
    dg.asset,
    partitions_def=DAILY,
    backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=_SETTINGS.days_per_run),
    group_name=GROUP,
    owners=OWNERS,
    # For what may pass, such as a server that restarts; what doesn't pass isn't tried again.
    retry_policy=dg.RetryPolicy(
        max_retries=2, delay=5, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
    ),
)
