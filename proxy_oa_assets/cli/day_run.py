"""Materializing a day in the command's own process."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import dagster as dg

from proxy_oa_assets.defs.automation.jobs import PROXY_DAY
from proxy_oa_assets.model.day import Day

OnEvent = Callable[[dg.DagsterEvent], None]


@dataclass
class DayRun:
    """The result of a day: rows and seconds by asset, and why assets or checks failed."""

    day: Day
    succeeded: bool
    rows: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    failed_checks: dict[str, str] = field(default_factory=dict)


def assets_of_a_day(defs: dg.Definitions) -> list[str]:
    """Return the names of a day's assets."""
    return [key.to_user_string() for key in defs.resolve_job_def(PROXY_DAY).asset_layer.executable_asset_keys]


def materialize_day(
    defs: dg.Definitions,
    day: Day,
    limit: int,
    instance: dg.DagsterInstance,
    *,
    on_event: OnEvent | None = None,
    verbose: bool = False,
) -> DayRun:
    """Materialize every asset of a day and record it in Dagster's history."""
    run_id = str(uuid.uuid4())
    if on_event:
        instance.add_event_listener(
            run_id, lambda entry: entry.dagster_event and on_event(entry.dagster_event)
        )
    result = defs.resolve_job_def(PROXY_DAY).execute_in_process(
        partition_key=day.key,
        instance=instance,
        run_id=run_id,
        run_config={
            "ops": {"proxy_results": {"config": {"limit": limit}}},
            "loggers": {"console": {"config": {"log_level": "INFO" if verbose else "CRITICAL"}}},
        },
        raise_on_error=False,
    )
    run, assets = DayRun(day, result.success), set(assets_of_a_day(defs))
    for event in result.all_events:
        _record(run, event, assets)
    return run


def _record(run: DayRun, event: dg.DagsterEvent, assets: set[str]) -> None:
    name = event.step_key or ""
    if event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        found = event.asset_check_evaluation_data
        if not found.passed:
            run.failed_checks[found.check_name] = found.description or ""
    elif event.is_step_materialization:
        metadata = event.step_materialization_data.materialization.metadata
        if "dagster/partition_row_count" in metadata:
            run.rows[name] = int(str(metadata["dagster/partition_row_count"].value))
    elif event.is_step_success and name in assets:
        run.seconds[name] = event.step_success_data.duration_ms / 1000
    elif event.is_step_failure:
        data = event.step_failure_data
        user = data.user_failure_data
        run.failures[name] = (user and user.description) or (
            data.error.to_string() if data.error else "failed"
        )
