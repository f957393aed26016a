"""The job that takes back what analysts did on a day."""

import dagster as dg
from pydantic import Field

from proxy_oa_assets.assets.partitions import DAILY
from proxy_oa_assets.days import Day
from proxy_oa_assets.deployment import Deployment
from proxy_oa_assets.investigation import reset
from proxy_oa_assets.resources.hdfs import HdfsResource
from proxy_oa_assets.resources.impala import ImpalaResource
from proxy_oa_assets.resources.reputation import ReputationResource
from proxy_oa_assets.resources.workspace import Workspace


class ResetConfig(dg.Config):
    """Run config of `reset_day`."""

    confirm: str = Field(
        description="The day, YYYY-MM-DD, once more: its scores, comments and feedback are removed for good"
    )


@dg.op
def reset_day(
    context: dg.OpExecutionContext,
    config: ResetConfig,
    *,
    hdfs: HdfsResource,
    impala: ImpalaResource,
    reputation: ReputationResource,
    workspace: Workspace,
) -> None:
    """Remove the day's severities, comments, timelines, feedback and progressions, once confirmed."""
    key = context.partition_key
    if config.confirm != key:
        raise dg.Failure(
            f"confirm is {config.confirm!r}, but the partition is {key}: nothing was removed. To remove "
            f"every score, comment and feedback of {key}, launch this with confirm: {key!r}",
            allow_retries=False,
        )
    deployment = Deployment(hdfs=hdfs, impala=impala, reputation=reputation, workspace=workspace)
    for line in reset.reset_scored_connections(Day.parse(key), deployment=deployment):
        context.log.info(line)


@dg.job(
    partitions_def=DAILY,
    description="Remove everything that analysts scored and wrote on a day; to be confirmed in the config",
)
def reset_scored_connections() -> None:
    """One op, which the function of this name does."""
    reset_day()
