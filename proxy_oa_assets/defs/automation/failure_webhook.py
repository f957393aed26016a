"""The sensors that post to the address of PROXY_OA_FAILURE_WEBHOOK: each failed run, and each recovery."""

import dagster as dg

from proxy_oa_assets.defs.automation.run_reports import failure_report, recovery_report
from proxy_oa_assets.defs.automation.webhook import SETTING, post
from proxy_oa_assets.settings import Settings


def failure_sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """Return the sensors `failure_webhook` and `recovery_webhook`; none if no webhook is configured."""
    webhook, ui_url = settings.failure_webhook, settings.ui_url
    if webhook is None:
        return []

    @dg.run_failure_sensor(
        name="failure_webhook",
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Posts each failed run to the webhook of {SETTING}: days, step, reason",
    )
    def failure_webhook(context: dg.RunFailureSensorContext) -> None:
        if report := failure_report(context, ui_url):
            post(webhook, report)

    @dg.run_status_sensor(
        dg.DagsterRunStatus.SUCCESS,
        name="recovery_webhook",
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Posts to the webhook of {SETTING} when a day that had failed is done, once",
    )
    def recovery_webhook(context: dg.RunStatusSensorContext) -> None:
        if report := recovery_report(context, ui_url):
            post(webhook, report)

    return [failure_webhook, recovery_webhook]
