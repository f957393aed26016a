"""The sensor `failure_webhook`: it posts each failed run to the address of PROXY_OA_FAILURE_WEBHOOK."""

from collections.abc import Mapping

import dagster as dg

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import ProxyOaError
from proxy_oa_assets.model.text import printable
from proxy_oa_assets.settings import Settings

SETTING = "PROXY_OA_FAILURE_WEBHOOK"
# Seconds: to connect, to respond; and the wait before the second retry.
_TIMEOUT = (3.0, 8.0)
_BACKOFF = 0.5
_REASON_WIDTH = 2000  # characters
_TEXT_WIDTH = 500
# Slack reads <!channel> and <address|label> in code as well, and a backtick ends the code.
_INERT = {
    ord("<"): "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}",
    ord(">"): "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}",
    ord("`"): "'",
}


class WebhookError(ProxyOaError):
    """The webhook rejected the post; the message names the setting, not the address."""


def failure_sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """Return the sensor `failure_webhook`; none if no webhook is configured."""
    webhook, ui_url = settings.failure_webhook, settings.ui_url
    if webhook is None:
        return []

    @dg.run_failure_sensor(
        name="failure_webhook",
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Posts each failed run to the webhook of {SETTING}: days, step, reason",
    )
    def failure_webhook(context: dg.RunFailureSensorContext) -> None:
        post(webhook, failure_report(context, ui_url))

    return [failure_webhook]


def failure_report(context: dg.RunFailureSensorContext, ui_url: str | None) -> dict[str, object]:
    """Return the body: `text` for people, and `run_id`, `job`, `days`, `failures` (step: reason), `url`."""
    run = context.dagster_run
    failures = {event.step_key or "": _reason(event) for event in context.get_step_failure_events()}
    days = _days(run.tags)
    step, reason = next(iter(failures.items()), ("", _printable(context.failure_event.message or "")))
    others = f" (also failed: {', '.join(list(failures)[1:])})" if len(failures) > 1 else ""
    text = f"{run.job_name} failed{_for_days(days)}{f' at {step}' if step else ''}: {_inert(reason)}{others}"
    report: dict[str, object] = {
        "text": text,
        "run_id": run.run_id,
        "job": run.job_name,
        "days": days,
        "failures": failures,
    }
    if ui_url:
        url = f"{ui_url.rstrip('/')}/runs/{run.run_id}"
        report |= {"text": f"{text}\n{url}", "url": url}
    return report


def _reason(event: dg.DagsterEvent) -> str:
    """Return the description of a dg.Failure, the class and message of any other exception."""
    data = event.step_failure_data
    if data.user_failure_data and data.user_failure_data.description:
        return _printable(data.user_failure_data.description)
    error = data.error
    # Dagster wraps the error in one that names only the step.
    while error and error.cause:
        error = error.cause
    return _printable(error.message if error else "failed")


def _printable(reason: str) -> str:
    return printable(" ".join(reason.split()), _REASON_WIDTH)


def _inert(reason: str) -> str:
    """Return a reason as code, in which text of the data makes no mention and no link in a chat."""
    short = reason if len(reason) <= _TEXT_WIDTH else f"{reason[: _TEXT_WIDTH - 1]}…"
    return f"`{short.translate(_INERT)}`"


def _days(tags: Mapping[str, str]) -> list[str]:
    if "dagster/partition" in tags:
        return [tags["dagster/partition"]]
    if "dagster/asset_partition_range_start" not in tags:
        return []
    first = Day.parse(tags["dagster/asset_partition_range_start"])
    last = Day.parse(tags["dagster/asset_partition_range_end"])
    return [day.key for day in first.through(last)]


def _for_days(days: list[str]) -> str:
    if len(days) > 1:
        return f" for {days[0]} to {days[-1]} ({len(days)} days)"
    return f" for {days[0]}" if days else ""


def post(url: str, body: Mapping[str, object]) -> None:
    """Post JSON; if the connection fails or the response is 429 or 5xx, up to three times.

    It may arrive twice. Redirects aren't followed. Raises WebhookError, which leaves out the secret address.
    """
    problem = _problem(url, body)
    # Raised here, where no exception that knows the address is being handled.
    if problem:
        raise WebhookError(
            f"The webhook of {SETTING} did not take the message: {problem}. "
            f"Check the address, and that this machine reaches it"
        )


def _problem(url: str, body: Mapping[str, object]) -> str | None:
    import requests
    from urllib3 import Retry
    from urllib3.exceptions import HTTPError

    retry = Retry(
        total=2,
        backoff_factor=_BACKOFF,
        status_forcelist=(requests.codes.too_many_requests, *range(500, 600)),
        allowed_methods=None,
        raise_on_status=False,
        # Dagster gives a sensor's tick a minute; a server may ask for an hour.
        respect_retry_after_header=False,
    )
    with requests.Session() as session:
        for scheme in ("http://", "https://"):
            session.mount(scheme, requests.adapters.HTTPAdapter(max_retries=retry))
        try:
            # The response's text is of no use, and could be endless.
            with session.post(
                url, json=body, timeout=_TIMEOUT, allow_redirects=False, stream=True
            ) as response:
                status = response.status_code
        except (requests.RequestException, HTTPError, UnicodeError) as error:
            return type(error).__name__
    return None if requests.codes.ok <= status < requests.codes.multiple_choices else f"it answered {status}"
