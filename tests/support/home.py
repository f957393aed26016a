"""A home folder for tests, and the days materialized in it."""

from pathlib import Path

import dagster as dg

from proxy_oa_assets.days import Day
from proxy_oa_assets.definitions import defs
from proxy_oa_assets.deployment import Deployment, deployment
from proxy_oa_assets.sample.files import write_sample_day
from proxy_oa_assets.settings import settings_from

SAMPLE_DAY = Day.parse("2016-09-12")


class Home:
    """A home folder of its own, and the days materialized in it."""

    def __init__(self, path: Path, **variables: str) -> None:
        self.path = path
        self.deployment: Deployment = deployment(settings_from({"PROXY_OA_HOME": str(path), **variables}))

    @property
    def huser(self) -> Path:
        """The local folder that stands for HUSER."""
        return self.path / "hdfs" / "user" / "spot"

    def results(self, day: Day) -> Path:
        """The day's ranked results."""
        return self.path / "hdfs" / self.deployment.workspace.results(day).lstrip("/")

    def data(self, day: Day) -> Path:
        """The day's local folder."""
        return self.path / "data" / "proxy" / day.folder

    def part(self, table: str, day: Day) -> Path:
        """The file of a table's day."""
        folder = {"proxy_scores": "suspicious", "proxy_edge": "edge", "proxy_ingest_summary": "summary"}[
            table
        ]
        return self.huser / f"proxy/hive/oa/{folder}/y={day.y}/m={day.m}/d={day.d}/part.parquet"

    def parts(self, day: Day) -> dict[str, bytes]:
        """The bytes of the day in each table that a materialization writes."""
        names = ("proxy_scores", "proxy_edge", "proxy_ingest_summary")
        return {name: self.part(name, day).read_bytes() for name in names}

    def write_sample(self, day: Day = SAMPLE_DAY, views: int = 150) -> Day:
        """Generate a day's raw requests and ranked results."""
        write_sample_day(self.deployment.workspace, self.path / "hdfs", day, views)
        return day

    def materialize(
        self,
        day: Day,
        *,
        last: Day | None = None,
        limit: int = 500,
        assets: list[str] | None = None,
        instance: dg.DagsterInstance | None = None,
    ) -> dg.ExecuteInProcessResult:
        """Materialize a day (or the days to `last` in one run) with its checks, as the job does it.

        Failures are returned, not raised.
        """
        config = {"ops": {"proxy_results": {"config": {"limit": limit}}}} if assets is None else {}
        days = {
            "dagster/asset_partition_range_start": day.key,
            "dagster/asset_partition_range_end": last.key if last else day.key,
        }
        return dg.materialize(
            [*(defs.assets or ()), *(defs.asset_checks or ())],
            selection=assets or dg.AssetSelection.all().materializable(),
            partition_key=None if last else day.key,
            tags=days if last else None,
            instance=instance or dg.DagsterInstance.ephemeral(),
            resources=self.deployment.resources(),
            run_config={
                **config,
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
            },
            raise_on_error=False,
        )


def failures(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    """Return the failure message of each step that failed."""
    return {
        event.step_key or "": event.step_failure_data.user_failure_data.description or ""
        for event in result.all_events
        if event.is_step_failure and event.step_failure_data.user_failure_data
    }


def metadata(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, object]:
    """Return the metadata values of an asset's materialization."""
    (event,) = result.asset_materializations_for_node(asset)
    return {name: value.value for name, value in event.metadata.items()}


def findings(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    """Return what each check found; of a run of several days, the overall finding."""
    return {found.check_name: found for found in result.get_asset_check_evaluations()}
