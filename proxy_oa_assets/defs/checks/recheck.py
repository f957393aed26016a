"""The job `recheck_days`: it evaluates the checks of days again, without materializing anything."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

import dagster as dg
from pydantic import Field

from proxy_oa_assets.defs.assets.daily import Daily
from proxy_oa_assets.defs.automation.jobs import PURPOSE
from proxy_oa_assets.defs.automation.run_reports import refused
from proxy_oa_assets.defs.checks.asset_checks import (
    Checks,
    dagster_severity,
    day_checks,
    evaluated,
    evaluation,
    materialized,
)
from proxy_oa_assets.defs.checks.day_check import CheckResult, DayCheck
from proxy_oa_assets.model.day import Day, spans
from proxy_oa_assets.model.errors import DayError
from proxy_oa_assets.model.text import counted
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.resources.impala import Warehouse
from proxy_oa_assets.resources.reputation import ReputationResource
from proxy_oa_assets.resources.workspace import Workspace


class RecheckConfig(dg.Config):
    """Run config of `recheck`."""

    first_day: str | None = Field(
        default=None, description="First day to check, YYYY-MM-DD; none: the last day alone"
    )
    last_day: str | None = Field(default=None, description="Last day to check, YYYY-MM-DD; none: yesterday")

    def days(self, partitions: list[str]) -> list[Day]:
        """Return the days. Raises DayError for days that are no partitions, or in the wrong order."""
        if not partitions:
            raise DayError("no daily partition has ended yet; PROXY_OA_START_DATE is the first")
        last = Day.parse(self.last_day or partitions[-1])
        first = Day.parse(self.first_day) if self.first_day else last
        known = [Day.parse(key) for key in partitions if first.key <= key <= last.key]
        if not known or (known[0], known[-1]) != (first, last):
            raise DayError(
                f"first_day {first} to last_day {last} are no daily partitions; "
                f"there are {partitions[0]} to {partitions[-1]}"
            )
        return known


def recheck_job(daily: Daily) -> dg.JobDefinition:
    """Return the job `recheck_days`."""
    checks_of_assets = day_checks(daily)

    @dg.op(out={})
    def recheck(
        context: dg.OpExecutionContext,
        config: RecheckConfig,
        *,
        hdfs: FileStore,
        impala: Warehouse,
        reputation: ReputationResource,
        workspace: Workspace,
    ) -> Iterator[dg.AssetCheckEvaluation]:
        """Evaluate every check of each materialized day and record the results. Fails if a day is wrong."""
        deployment = Deployment(hdfs=hdfs, impala=impala, reputation=reputation, workspace=workspace)
        wrong: list[str] = []
        try:
            days = config.days(list(daily.partitions.get_partition_keys()))
        except DayError as error:
            raise refused(str(error)) from error
        assets = [checks[0].asset for checks, _ in checks_of_assets]
        made = {asset: set(materialized(context.instance, asset)) for asset in assets}
        skipped = _not_materialized(days, made)
        if skipped:
            context.log.info("Skipped what isn't materialized: %s", skipped)
        for day in days:
            for check, result in _results(day, checks_of_assets, made, deployment).items():
                yield evaluation(context.instance, check, day, result)
                if not result.passed and dagster_severity(check) is dg.AssetCheckSeverity.ERROR:
                    wrong.append(f"{day}: {check.asset}, {check.name}: {result.description}")
        if wrong:
            reasons = "\n".join(wrong)
            found = f"{counted(len(wrong), 'failed check')} in {counted(len(days), 'day')}"
            raise dg.Failure(f"{found}.\n{reasons}", allow_retries=False)

    @dg.job(
        tags={PURPOSE: "check"},
        description="Evaluate the checks of materialized days again, without materializing anything",
    )
    def recheck_days() -> None:
        recheck()

    return recheck_days


def _results(
    day: Day, checks_of_assets: Checks, made: Mapping[str, AbstractSet[str]], deployment: Deployment
) -> dict[DayCheck, CheckResult]:
    """Evaluate the checks of the assets that are materialized on a day."""
    return {
        check: result
        for checks, evaluate in checks_of_assets
        if day.key in made[checks[0].asset]
        for check, result in evaluated(checks, evaluate, day, deployment).items()
    }


def _not_materialized(days: Sequence[Day], made: Mapping[str, AbstractSet[str]]) -> str:
    """Return the days of which assets aren't materialized, those without all of them as mere spans."""
    without: dict[tuple[str, ...], list[Day]] = {}
    for day in days:
        if missing := tuple(asset for asset, keys in made.items() if day.key not in keys):
            without.setdefault(missing, []).append(day)
    return "; ".join(
        spans(found) if len(missing) == len(made) else f"{spans(found)} ({', '.join(missing)})"
        for missing, found in without.items()
    )
