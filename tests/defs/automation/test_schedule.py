import datetime as dt

import dagster as dg
from support.definitions import DAILY, defs

from proxy_oa_assets.defs.automation.jobs import proxy_day_daily


def test_five_in_the_morning_runs_the_day_before(instance):
    """At 05:00 the whole of yesterday is requested, as one run of the job proxy_day."""
    schedule = defs.resolve_schedule_def("proxy_day_daily")
    with dg.build_schedule_context(
        instance=instance,
        scheduled_execution_time=dt.datetime(2026, 3, 2, 5, tzinfo=dt.UTC),
        repository_def=defs.get_repository_def(),
    ) as context:
        (request,) = schedule.evaluate_tick(context).run_requests
    assert request.partition_key == "2026-03-01"
    assert schedule.job_name == "proxy_day"
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 5 * * *", DAILY.timezone)


def test_the_schedule_and_the_sensor_are_off_until_a_site_chooses_one():
    """Nothing runs by itself on a new installation."""
    assert proxy_day_daily.name == "proxy_day_daily"
    assert defs.resolve_schedule_def("proxy_day_daily").default_status == dg.DefaultScheduleStatus.STOPPED
    assert defs.resolve_sensor_def("new_results").default_status == dg.DefaultSensorStatus.STOPPED
