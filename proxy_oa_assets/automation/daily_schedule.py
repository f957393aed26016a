"""Schedules: the day at a fixed hour, the alternative to the sensor; and whether yesterday is there."""

import dagster as dg

from proxy_oa_assets.automation.jobs import proxy_day, yesterday
from proxy_oa_assets.settings import load_settings

proxy_day_daily = dg.build_schedule_from_partitioned_job(
    proxy_day,
    name="proxy_day_daily",
    description="Runs yesterday at 05:00 of the partitions' time zone (PROXY_OA_TIMEZONE)",
    hour_of_day=5,
    default_status=dg.DefaultScheduleStatus.STOPPED,
)

yesterday_check = dg.ScheduleDefinition(
    name="yesterday_check",
    job=yesterday,
    cron_schedule="0 8 * * *",
    execution_timezone=load_settings().timezone,
    description="Looks at 08:00 of the partitions' time zone whether yesterday is materialized",
    default_status=dg.DefaultScheduleStatus.STOPPED,
)
