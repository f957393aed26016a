"""Jobs and schedules, except `recheck_days` (checks/recheck.py)."""

import dagster as dg
from pydantic import Field

from proxy_oa_assets.defs.assets.daily import GROUP
from proxy_oa_assets.defs.automation.run_reports import refused
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.resources.impala import Warehouse
from proxy_oa_assets.resources.reputation import ReputationResource
from proxy_oa_assets.resources.workspace import Workspace

PROXY_DAY = "proxy_day"
# A tag of our jobs and of their runs: materialize, check or reset.
PURPOSE = "proxy_oa/purpose"
YESTERDAY_CHECK = dg.AssetCheckKey(dg.AssetKey("notebooks"), "yesterday_is_materialized")

proxy_day = dg.define_asset_job(
    PROXY_DAY,
    # Whether the newest day is materialized says nothing about the day of the run.
    selection=dg.AssetSelection.groups(GROUP).materializable() - dg.AssetSelection.checks(YESTERDAY_CHECK),
    description="A whole day: ranked results, scored connections, their details, summary, notebooks",
    tags={PURPOSE: "materialize"},
)

# Exists where the logs are taken here; it doesn't wait for ranked results.
ingest_day = dg.define_asset_job(
    "ingest_day",
    # The history is there where days are ranked here.
    selection=dg.AssetSelection.assets("proxy", "ingest_summary") | dg.AssetSelection.tag("stage", "history"),
    description="The raw requests of a day, taken from the logs, their history, and their number per minute",
    tags={PURPOSE: "ingest"},
)

yesterday = dg.define_asset_job(
    "yesterday",
    selection=dg.AssetSelection.checks(YESTERDAY_CHECK),
    description="Check whether the newest day is materialized",
    tags={PURPOSE: "check"},
)

proxy_day_daily = dg.build_schedule_from_partitioned_job(
    proxy_day,
    name="proxy_day_daily",
    description="Runs yesterday at 05:00 of the partitions' time zone (PROXY_OA_TIMEZONE)",
    hour_of_day=5,
    default_status=dg.DefaultScheduleStatus.STOPPED,
)


def yesterday_schedule(timezone: str) -> dg.ScheduleDefinition:
    """Return the schedule `yesterday_check`."""
    return dg.ScheduleDefinition(
        name="yesterday_check",
        job=yesterday,
        cron_schedule="0 8 * * *",
        execution_timezone=timezone,
        description="Checks at 08:00 of the partitions' time zone whether yesterday is materialized",
        default_status=dg.DefaultScheduleStatus.STOPPED,
    )


class ResetConfig(dg.Config):
    """Run config of `reset_day`."""

    confirm: str = Field(
        description="The day again, YYYY-MM-DD: its scores, comments and feedback are removed for good"
    )


@dg.op
def reset_day(
    context: dg.OpExecutionContext,
    config: ResetConfig,
    *,
    hdfs: FileStore,
    impala: Warehouse,
    reputation: ReputationResource,
    workspace: Workspace,
) -> None:
    """Remove the severities, comments, timelines, feedback and progressions of a confirmed day."""
    from proxy_oa_assets.investigation.reset import reset_scored_connections

    key = context.partition_key
    if config.confirm != key:
        raise refused(
            f"confirm is {config.confirm!r}, but the partition is {key}: nothing was removed. To remove "
            f"every score, comment and feedback of {key}, launch this with confirm: {key!r}"
        )
    deployment = Deployment(hdfs=hdfs, impala=impala, reputation=reputation, workspace=workspace)
    for line in reset_scored_connections(Day.parse(key), deployment=deployment):
        context.log.info(line)


def reset_job(partitions: dg.PartitionsDefinition) -> dg.JobDefinition:
    """Return the job `reset_scored_connections`."""

    @dg.job(
        partitions_def=partitions,
        tags={PURPOSE: "reset"},
        description="Remove everything that analysts scored and wrote on a day; the config repeats the day",
    )
    def reset_scored_connections() -> None:
        reset_day()

    return reset_scored_connections
