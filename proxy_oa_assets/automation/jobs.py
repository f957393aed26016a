"""Jobs: what is launched as one."""

import dagster as dg

from proxy_oa_assets.assets.day_asset import GROUP
from proxy_oa_assets.checks.yesterday import yesterday_is_materialized

PROXY_DAY = "proxy_day"

proxy_day = dg.define_asset_job(
    PROXY_DAY,
    # Whether the newest day is there is no claim about the day that is made.
    selection=dg.AssetSelection.groups(GROUP).materializable()
    - dg.AssetSelection.checks(yesterday_is_materialized),
    description="A whole day: ranked results, scored connections, their details, summary, notebooks",
)

yesterday = dg.define_asset_job(
    "yesterday",
    selection=dg.AssetSelection.checks(yesterday_is_materialized),
    description="Look whether the newest day is there",
)
