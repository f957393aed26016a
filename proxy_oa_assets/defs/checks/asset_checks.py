"""The checks of a day as Dagster's asset checks, recorded per day in runs of several days, too."""

from collections.abc import Iterator, Mapping, Sequence

import dagster as dg

# Dagster exports no name for it, but shows a day's check as missing if its evaluation has none.
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData as TargetMaterialization,
)

from proxy_oa_assets.defs.assets.daily import Daily
from proxy_oa_assets.defs.assets.left_out import is_last, leave_out, left_out
from proxy_oa_assets.defs.assets.upstream_days import ML_RESULTS
from proxy_oa_assets.defs.checks import edges, history, raw, scores, summary
from proxy_oa_assets.defs.checks.day_check import CheckResult, CheckSeverity, DayCheck, Evaluate
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import ProxyOaError, disk_errors
from proxy_oa_assets.model.text import literal
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.resources.impala import Warehouse
from proxy_oa_assets.resources.reputation import ReputationResource
from proxy_oa_assets.resources.workspace import Workspace

Checks = tuple[tuple[tuple[DayCheck, ...], Evaluate], ...]
DAY_CHECKS: Checks = (
    (scores.RESULTS_CHECKS, scores.evaluate_results),
    (scores.SCORES_CHECKS, scores.evaluate_scores),
    (edges.EDGE_CHECKS, edges.evaluate_edges),
    (summary.SUMMARY_CHECKS, summary.evaluate_summary),
)

# Of a day of `proxy` that is made here.
RAW_DAY_CHECKS: Checks = ((raw.RAW_CHECKS, raw.evaluate_raw),)
# Of a day that is ranked here.
HISTORY_DAY_CHECKS: Checks = ((history.HISTORY_CHECKS, history.evaluate_history),)


def day_checks(daily: Daily) -> Checks:
    """Return the checks of the assets that are made here."""
    raw_day = RAW_DAY_CHECKS if daily.takes_logs else ()
    return (*raw_day, *(HISTORY_DAY_CHECKS if daily.ranks else ()), *DAY_CHECKS)


def evaluated(
    checks: Sequence[DayCheck], evaluate: Evaluate, day: Day, deployment: Deployment
) -> dict[DayCheck, CheckResult]:
    """Evaluate checks of a day; if the day can't be read, all of them fail."""
    try:
        with disk_errors():
            return evaluate(day, deployment)
    except ProxyOaError as error:
        # The web UI renders a description as Markdown, and an engine's error quotes the data.
        description = f"the day can't be read: {literal(error)}"
        return {check: CheckResult(passed=False, description=description) for check in checks}


def dagster_severity(check: DayCheck) -> dg.AssetCheckSeverity:
    """Return a check's severity in Dagster."""
    if check.severity is CheckSeverity.WARNING:
        return dg.AssetCheckSeverity.WARN
    return dg.AssetCheckSeverity.ERROR


def evaluation(
    instance: dg.DagsterInstance, check: DayCheck, day: Day, result: CheckResult
) -> dg.AssetCheckEvaluation:
    """Return the event that records a check's result for a day.

    It blocks nothing by itself; the step's own dg.AssetCheckResult does.
    """
    materialization = dg.AssetRecordsFilter(dg.AssetKey(check.asset), asset_partitions=[day.key])
    latest = instance.fetch_materializations(materialization, limit=1).records
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(check.asset),
        check_name=check.name,
        passed=result.passed,
        severity=dagster_severity(check),
        description=result.description,
        metadata=result.metadata,
        partition=day.key,
        target_materialization_data=TargetMaterialization(
            run_id=latest[0].run_id, storage_id=latest[0].storage_id, timestamp=latest[0].timestamp
        )
        if latest
        else None,
    )


def materialized(instance: dg.DagsterInstance, asset: str) -> list[str]:
    """Return the days of an asset that history has as materialized, in order."""
    return sorted(instance.get_materialized_partitions(dg.AssetKey(asset)))


def asset_checks(daily: Daily) -> list[dg.AssetChecksDefinition]:
    """Return the checks of every asset's day."""
    return [_checks_of_an_asset(checks, evaluate, daily.partitions) for checks, evaluate in day_checks(daily)]


def _checks_of_an_asset(
    checks: tuple[DayCheck, ...], evaluate: Evaluate, partitions: dg.TimeWindowPartitionsDefinition
) -> dg.AssetChecksDefinition:
    specs = [
        dg.AssetCheckSpec(
            check.name,
            asset=check.asset,
            description=f"{check.description}. If not: {check.severity.value}.",
            blocking=check.severity is CheckSeverity.BLOCKING,
            partitions_def=partitions,
        )
        for check in checks
    ]

    @dg.multi_asset_check(name=f"check_{checks[0].asset}", specs=specs, can_subset=True)
    def check_days(
        context: dg.AssetCheckExecutionContext,
        hdfs: FileStore,
        impala: Warehouse,
        reputation: ReputationResource,
        workspace: Workspace,
    ) -> Iterator[dg.AssetCheckEvaluation | dg.AssetCheckResult]:
        op = context.op_execution_context
        # A check that is launched by itself has no partition: it takes the newest materialized day.
        partitioned = op.has_partition_key or op.has_partition_key_range
        keys = op.partition_keys if partitioned else materialized(context.instance, checks[0].asset)[-1:]
        deployment = Deployment(hdfs=hdfs, impala=impala, reputation=reputation, workspace=workspace)
        selected = {key.name for key in context.selected_asset_check_keys}
        wanted = tuple(check for check in checks if check.name in selected)
        asset = dg.AssetKey(checks[0].asset)
        skipped = left_out(context, [asset]) if len(keys) > 1 else {}
        days = [day for day in map(Day.parse, keys) if day not in skipped]
        by_day = {day: evaluated(checks, evaluate, day, deployment) for day in days}
        if not op.has_partition_key:
            # Dagster evaluates a check once per run, so the results of each day are recorded here.
            for day, results in by_day.items():
                for check in wanted:
                    yield evaluation(context.instance, check, day, results[check])
        if not partitioned:
            # Of a run without a partition, Dagster can't look up the materialization that a result is of.
            return
        day_by_day = len(keys) > 1 and not is_last(context, asset)
        for check in wanted:
            of_check = {day: results[check] for day, results in by_day.items()}
            if day_by_day and check.severity is CheckSeverity.BLOCKING:
                yield _block_day_by_day(context, check, of_check)
            else:
                yield _result_of_days(check, of_check)

    return check_days


def _block_day_by_day(
    context: dg.AssetCheckExecutionContext, check: DayCheck, results: Mapping[Day, CheckResult]
) -> dg.AssetCheckResult:
    """Block the failed days alone: as an error, the result would stop the other days, too."""
    for day, result in results.items():
        if not result.passed:
            reason = f"{check.asset}, {check.name}: {result.description}"
            leave_out(context, dg.AssetKey(check.asset), day, reason)
    return _result_of_days(check, results)._replace(severity=dg.AssetCheckSeverity.WARN)


def _result_of_days(check: DayCheck, results: Mapping[Day, CheckResult]) -> dg.AssetCheckResult:
    if not results:
        return dg.AssetCheckResult(
            asset_key=check.asset,
            check_name=check.name,
            passed=False,
            severity=dg.AssetCheckSeverity.WARN,
            description="no day of the run was made",
        )
    failed = {day: result for day, result in results.items() if not result.passed}
    description = f"{len(results) - len(failed)} of {len(results)} days passed"
    description += "".join(f"\n{day}: {result.description}" for day, result in failed.items())
    metadata: Mapping[str, int | float] = {"days": len(results), "failed_days": len(failed)}
    if len(results) == 1:
        (only,) = results.values()
        description, metadata = only.description, only.metadata
    return dg.AssetCheckResult(
        asset_key=check.asset,
        check_name=check.name,
        passed=not failed,
        severity=dagster_severity(check),
        description=description,
        metadata=metadata,
    )


def yesterday_check(daily: Daily, assets: Sequence[dg.AssetsDefinition]) -> dg.AssetChecksDefinition:
    """Return the check that every asset has the newest partition.

    A freshness policy, by cron or by time window, passes when any old day is backfilled. What is missing has
    two reasons: the ranking job hasn't published the day, or the day wasn't run.
    """
    not_seen = (
        "the day isn't ranked yet: materialize it, or look at its failed run"
        if daily.ranks
        else "its ranked results weren't seen yet: look at the ranking job, and observe ml_results"
    )

    @dg.asset_check(
        asset="notebooks",
        description="Every asset of the newest day, which ended last night, is materialized",
    )
    def yesterday_is_materialized(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        newest = daily.partitions.get_last_partition_key()
        if newest is None:
            return dg.AssetCheckResult(passed=True, description="no daily partition has ended yet")

        def is_there(asset: dg.AssetKey) -> bool:
            day = dg.AssetRecordsFilter(asset, asset_partitions=[newest])
            return bool(context.instance.fetch_materializations(day, limit=1).records)

        missing = [asset.key.to_user_string() for asset in assets if not is_there(asset.key)]
        if not missing:
            return dg.AssetCheckResult(passed=True, description=f"{newest} is materialized")
        return dg.AssetCheckResult(
            passed=False,
            description=f"{newest} has no {', '.join(missing)}; "
            + (
                "its ranked results are there: materialize it, or look at its failed run"
                if is_there(dg.AssetKey(ML_RESULTS))
                else not_seen
            ),
            metadata={"missing_assets": len(missing)},
        )

    return yesterday_is_materialized
