"""What is reported of a run: that it failed and why, or that it recovered days that had failed."""

from collections.abc import Iterable, Mapping

import dagster as dg

from proxy_oa_assets.model.day import Day, spans
from proxy_oa_assets.model.text import printable

_REASON_WIDTH = 2000  # characters
_TEXT_WIDTH = 500
_NAMED_ASSETS = 3
# Among so many runs before a run, the failures that it recovers are looked for.
_EARLIER_RUNS = 500
# Slack reads <!channel> and <address|label> in code as well, and a backtick ends the code.
_INERT = {
    ord("<"): "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}",
    ord(">"): "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}",
    ord("`"): "'",
}
# How run monitoring words that a run's process isn't there any more.
_DEAD_WORKER = "Detected run worker status"
_REFUSED = "refused"
_FAILED_DAYS = "failed_days"

Report = dict[str, object]


def refused(reason: str) -> dg.Failure:
    """Return the failure of a run that did nothing because of its run config: who launched it sees it."""
    return dg.Failure(reason, allow_retries=False, metadata={_REFUSED: dg.MetadataValue.bool(True)})


def failure_report(context: dg.RunFailureSensorContext, ui_url: str | None) -> Report | None:
    """Return the body for a failed run; None if it was refused for its run config.

    It has `text` for people, and `run_id`, `job` (none if assets were materialized without one), `assets`,
    `days`, `failed_days`, `failures` (step: reason, first causes first) and `url`.
    """
    events = sorted(
        context.get_step_failure_events(), key=lambda event: _place(event.step_key or "", context)
    )
    if events and all(_REFUSED in _metadata(event) for event in events):
        return None
    failures = {event.step_key or "": _reason(event) for event in events}
    days = days_of(context.dagster_run)
    step, reason = next(iter(failures.items()), ("", _reason_of_run(context)))
    others = f" (also failed: {', '.join(list(failures)[1:])})" if len(failures) > 1 else ""
    failed = _failed_days(events) or days
    where = f" at {step}" if step else ""
    text = f"{_subject(context)} failed{_for_days(failed, days)}{where}: {_inert(reason)}{others}"
    return _body(context, text, ui_url) | {
        "failed_days": [day.key for day in failed],
        "failures": failures,
    }


def recovery_report(context: dg.RunStatusSensorContext, ui_url: str | None) -> Report | None:
    """Return the body for a successful run that did days of assets which had failed; None for any other.

    It has `text`, `run_id`, `job`, `assets`, `days` and `url`; assets and days are those that had failed.
    """
    run, instance = context.dagster_run, context.instance
    record = instance.get_run_record_by_id(run.run_id)
    days = days_of(run)
    if record is None or not days:
        return None
    finished = dg.RunsFilter(
        statuses=[dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE],
        created_before=record.create_timestamp,
    )
    earlier = instance.get_runs(filters=finished, limit=_EARLIER_RUNS)
    recovered = {
        (day, asset)
        for day in days
        for asset in _assets(run, context)
        if _had_failed(day, asset, earlier, context)
    }
    if not recovered:
        return None
    done = sorted({day for day, _ in recovered})
    assets = [asset for asset in _assets(run, context) if any(asset == of for _, of in recovered)]
    text = f"{spans(done)} {'are' if len(done) > 1 else 'is'} done after a failure: {_named(assets)}"
    return _body(context, text, ui_url) | {"assets": assets, "days": [day.key for day in done]}


def days_of(run: dg.DagsterRun) -> list[Day]:
    """Return the days of a run; none if it has no partition."""
    if "dagster/partition" in run.tags:
        return [Day.parse(run.tags["dagster/partition"])]
    if "dagster/asset_partition_range_start" not in run.tags:
        return []
    first = Day.parse(run.tags["dagster/asset_partition_range_start"])
    return list(first.through(Day.parse(run.tags["dagster/asset_partition_range_end"])))


def _body(context: dg.RunStatusSensorContext, text: str, ui_url: str | None) -> Report:
    run = context.dagster_run
    body: Report = {
        "text": text,
        "run_id": run.run_id,
        "job": None if _is_unnamed(run) else run.job_name,
        "assets": _assets(run, context),
        "days": [day.key for day in days_of(run)],
    }
    if ui_url:
        url = f"{ui_url.rstrip('/')}/runs/{run.run_id}"
        body |= {"text": f"{text}\n{url}", "url": url}
    return body


def _is_unnamed(run: dg.DagsterRun) -> bool:
    """Return whether assets were materialized without a job of ours: Dagster calls theirs `__ASSET_JOB`."""
    return run.job_name.startswith("__")


def _subject(context: dg.RunStatusSensorContext) -> str:
    run = context.dagster_run
    if not _is_unnamed(run):
        return run.job_name
    checks = sorted(key.name for key in run.asset_check_selection or ())
    return _named(_assets(run, context) or checks) or "A run"


def _named(names: list[str]) -> str:
    more = len(names) - _NAMED_ASSETS
    return ", ".join(names[:_NAMED_ASSETS]) + (f" and {more} more" if more > 0 else "")


def _assets(run: dg.DagsterRun, context: dg.RunStatusSensorContext) -> list[str]:
    """Return the assets of a run, those that most others are made of first."""
    order = _order(context)
    keys: Iterable[dg.AssetKey] = run.asset_selection or ()
    repository = context.repository_def
    if (
        not (run.asset_selection or run.asset_check_selection)
        and repository
        and repository.has_job(run.job_name)
    ):
        made = set(repository.get_job(run.job_name).asset_layer.executable_asset_keys)
        keys = made & repository.asset_graph.materializable_asset_keys
    return sorted((key.to_user_string() for key in keys), key=lambda name: order.get(name, len(order)))


def _order(context: dg.RunStatusSensorContext) -> dict[str, int]:
    """Return the place of each asset: the more assets are made of it, the earlier."""
    if context.repository_def is None:
        return {}
    graph = context.repository_def.asset_graph

    def followers(key: dg.AssetKey) -> int:
        return len(dg.AssetSelection.assets(key).downstream().resolve(graph))

    keys = sorted(graph.toposorted_asset_keys, key=followers, reverse=True)
    return {key.to_user_string(): place for place, key in enumerate(keys)}


def _place(step: str, context: dg.RunStatusSensorContext) -> tuple[int, bool]:
    """Return the place of a step among causes: that of its asset, whose checks come after it."""
    order = _order(context)
    asset = step.removeprefix("check_")
    return order.get(asset, len(order)), asset != step


def _had_failed(
    day: Day, asset: str, earlier: Iterable[dg.DagsterRun], context: dg.RunStatusSensorContext
) -> bool:
    """Return whether the last of the earlier runs of an asset's day failed without materializing it."""
    for run in earlier:
        if day in days_of(run) and asset in _assets(run, context):
            return run.is_failure and not _materialized_in(run, day, asset, context.instance)
    return False


def _materialized_in(run: dg.DagsterRun, day: Day, asset: str, instance: dg.DagsterInstance) -> bool:
    of_day = dg.AssetRecordsFilter(dg.AssetKey(asset), asset_partitions=[day.key])
    records = instance.fetch_materializations(of_day, limit=10).records
    return any(record.run_id == run.run_id for record in records)


def _metadata(event: dg.DagsterEvent) -> Mapping[str, dg.MetadataValue]:
    data = event.step_failure_data.user_failure_data
    return data.metadata if data else {}


def _failed_days(events: Iterable[dg.DagsterEvent]) -> list[Day]:
    """Return the days that the steps of a run of several days name as failed."""
    found = [
        str(_metadata(event)[_FAILED_DAYS].value) for event in events if _FAILED_DAYS in _metadata(event)
    ]
    return sorted({Day.parse(key) for keys in found for key in keys.split(", ")})


def _reason_of_run(context: dg.RunFailureSensorContext) -> str:
    """Return why a run failed none of whose steps did."""
    message = context.failure_event.message or ""
    if not message.startswith(_DEAD_WORKER):
        return _printable(message)
    stats = context.instance.get_run_step_stats(context.dagster_run.run_id)
    at = [found.step_key for found in stats if found.start_time and not found.end_time]
    where = f" at {', '.join(at)}" if at else ""
    return f"the run's process died{where}: the machine restarted, its memory ran out, or it was killed"


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


def _for_days(failed: list[Day], days: list[Day]) -> str:
    """Return the days that failed, and of how many."""
    if not days:
        return ""
    of = f" of {len(days)}" if failed != days else ""
    return f" for {spans(failed)}" + (f" ({len(failed)}{of} days)" if len(days) > 1 else "")
