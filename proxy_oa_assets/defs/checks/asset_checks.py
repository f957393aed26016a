"""The claims as Dagster's asset checks, per day; in a run of several days, too."""

from collections.abc import Iterator, Mapping, Sequence

import dagster as dg

# Dagster exports no name for it, and without it shows the check of a day as missing.
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData as Target,
)

from proxy_oa_assets.defs.checks import edges, scores, summary
from proxy_oa_assets.defs.checks.day_check import Claim, Finding, Gravity, Trial
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import ProxyOaError
from proxy_oa_assets.model.text import literal
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.resources.impala import Warehouse
from proxy_oa_assets.resources.reputation import ReputationResource
from proxy_oa_assets.resources.workspace import Workspace

TRIALS: tuple[tuple[tuple[Claim, ...], Trial], ...] = (
    (scores.RESULTS_CLAIMS, scores.try_results),
    (scores.CLAIMS, scores.try_scores),
    (edges.CLAIMS, edges.try_edges),
    (summary.CLAIMS, summary.try_summary),
)


def tried(claims: Sequence[Claim], trial: Trial, day: Day, deployment: Deployment) -> dict[Claim, Finding]:
    """Try claims of a day. If the day can't even be read, none of them holds."""
    try:
        return trial(day, deployment)
    except ProxyOaError as error:
        # The web UI takes a description for Markdown, and an engine's error quotes the data.
        why = f"the day can't be read: {literal(error)}"
        return {claim: Finding(holds=False, why=why) for claim in claims}


def severity(claim: Claim) -> dg.AssetCheckSeverity:
    """Return how Dagster shows it that a claim doesn't hold."""
    if claim.gravity is Gravity.WARNING:
        return dg.AssetCheckSeverity.WARN
    return dg.AssetCheckSeverity.ERROR


def evaluation(
    instance: dg.DagsterInstance, claim: Claim, day: Day, finding: Finding
) -> dg.AssetCheckEvaluation:
    """Return what a step yields to record what was found of a claim and a day.

    It blocks nothing by itself: a check's own result does, and counts its days once.
    """
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(claim.asset),
        check_name=claim.name,
        passed=finding.holds,
        severity=severity(claim),
        description=finding.why,
        metadata=finding.figures,
        partition=day.key,
        target_materialization_data=_latest_materialization(instance, claim.asset, day),
    )


def _latest_materialization(instance: dg.DagsterInstance, asset: str, day: Day) -> Target | None:
    of_day = dg.AssetRecordsFilter(dg.AssetKey(asset), asset_partitions=[day.key])
    for found in instance.fetch_materializations(of_day, limit=1).records:
        return Target(run_id=found.run_id, storage_id=found.storage_id, timestamp=found.timestamp)
    return None


def _day_check(
    claims: tuple[Claim, ...], trial: Trial, partitions: dg.TimeWindowPartitionsDefinition
) -> dg.AssetChecksDefinition:
    specs = [
        dg.AssetCheckSpec(
            claim.name,
            asset=claim.asset,
            description=f"{claim.says}. If not: {claim.gravity.value}.",
            blocking=claim.gravity is Gravity.BLOCKS,
            partitions_def=partitions,
        )
        for claim in claims
    ]

    @dg.multi_asset_check(name=f"check_{claims[0].asset}", specs=specs, can_subset=True)
    def check(
        context: dg.AssetCheckExecutionContext,
        hdfs: FileStore,
        impala: Warehouse,
        reputation: ReputationResource,
        workspace: Workspace,
    ) -> Iterator[dg.AssetCheckEvaluation | dg.AssetCheckResult]:
        op = context.op_execution_context
        # Without a partition (a check that was launched by itself), the newest day.
        partitioned = op.has_partition_key or op.has_partition_key_range
        keys = op.partition_keys if partitioned else [partitions.get_last_partition_key() or ""]
        deployment = Deployment(hdfs=hdfs, impala=impala, reputation=reputation, workspace=workspace)
        selected = {key.name for key in context.selected_asset_check_keys}
        wanted = tuple(claim for claim in claims if claim.name in selected)
        by_day = {day: tried(claims, trial, day, deployment) for day in map(Day.parse, keys)}
        if not op.has_partition_key:
            # Dagster evaluates a check once per run: what is of one day is recorded here.
            for day, findings in by_day.items():
                for claim in wanted:
                    yield evaluation(context.instance, claim, day, findings[claim])
        for claim in wanted:
            yield _result(claim, {day: findings[claim] for day, findings in by_day.items()})

    return check


def _result(claim: Claim, findings: Mapping[Day, Finding]) -> dg.AssetCheckResult:
    bad = {day: finding for day, finding in findings.items() if not finding.holds}
    if len(findings) == 1:
        (finding,) = findings.values()
        description, figures = finding.why, finding.figures
    else:
        reasons = "".join(f"\n{day}: {finding.why}" for day, finding in bad.items())
        description = f"{len(findings) - len(bad)} of {len(findings)} days hold{reasons}"
        figures = {"days": len(findings), "days_that_do_not_hold": len(bad)}
    return dg.AssetCheckResult(
        asset_key=claim.asset,
        check_name=claim.name,
        passed=not bad,
        severity=severity(claim),
        description=description,
        metadata=figures,
    )


def day_checks(partitions: dg.TimeWindowPartitionsDefinition) -> list[dg.AssetChecksDefinition]:
    """Return the checks of every asset's day."""
    return [_day_check(claims, trial, partitions) for claims, trial in TRIALS]


def yesterday_check(
    partitions: dg.TimeWindowPartitionsDefinition, assets: Sequence[dg.AssetsDefinition]
) -> dg.AssetChecksDefinition:
    """Return the check that every asset has the newest partition.

    A freshness policy would be satisfied by a backfill of any old day.
    """

    @dg.asset_check(
        asset="notebooks",
        description="Every asset of the newest day, which ended last night, is materialized",
    )
    def yesterday_is_materialized(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        newest = partitions.get_last_partition_key()
        if newest is None:
            return dg.AssetCheckResult(passed=True, description="no daily partition has ended yet")
        missing = [
            asset.key.to_user_string()
            for asset in assets
            if not context.instance.fetch_materializations(
                dg.AssetRecordsFilter(asset.key, asset_partitions=[newest]), limit=1
            ).records
        ]
        if not missing:
            return dg.AssetCheckResult(passed=True, description=f"{newest} is materialized")
        return dg.AssetCheckResult(
            passed=False,
            description=f"{newest} has no {', '.join(missing)}: materialize the day, or look at its failed run",
            metadata={"missing_assets": len(missing)},
        )

    return yesterday_is_materialized
