"""The daily partition in Dagster, from the first day on to yesterday."""

import dagster as dg

from proxy_oa_assets.settings import load_settings

_SETTINGS = load_settings()

DAILY = dg.DailyPartitionsDefinition(
    start_date=_SETTINGS.start_date.isoformat(), timezone=_SETTINGS.timezone, fmt="%Y-%m-%d"
)
