"""Jobs: what is launched as one."""

import dagster as dg

from proxy_oa_assets.assets.presentation import GROUP

PROXY_DAY = "proxy_day"

proxy_day = dg.define_asset_job(
    PROXY_DAY,
    selection=dg.AssetSelection.groups(GROUP).materializable(),
    description="A whole day: ranked results, scored connections, their details, summary, notebooks",
)
