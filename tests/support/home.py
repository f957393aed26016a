"""A home folder for tests, and the days materialized in it."""

import io
import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
from support.other_ranking import publish_sample_results

from proxy_oa_assets.defs.build import build_definitions
from proxy_oa_assets.ingest.sample.site import write_sample_day
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY, TABLES
from proxy_oa_assets.resources.deployment import Deployment, deployment
from proxy_oa_assets.settings import load_settings

SAMPLE_DAY = Day.parse("2016-09-12")

Rows = list[dict[str, object]]
Change = Callable[[pa.Table], pa.Table]


class Home:
    """A home folder, and the days materialized in it."""

    def __init__(self, path: Path, **variables: str) -> None:
        self.path = path
        self.variables: dict[str, str] = variables
        self.settings = load_settings(path, **variables)
        self.deployment: Deployment = deployment(self.settings)

    @cached_property
    def definitions(self) -> dg.Definitions:
        """What Dagster loads for this home."""
        return build_definitions(self.settings)

    def environment(self) -> dict[str, str]:
        """Return the environment for a process that works in this home."""
        return {**os.environ, **self.variables, "PROXY_OA_HOME": str(self.path)}

    @property
    def root(self):
        """The root of the HDFS stand-in, where other systems write."""
        return self.path / "hdfs"

    @property
    def huser(self):
        """HUSER in it."""
        return self.root / self.deployment.workspace.huser.lstrip("/")

    def results(self, day: Day):
        """The day's ranked results."""
        return self.root / self.deployment.workspace.results(day).lstrip("/")

    def raw_files(self, day: Day):
        """The day's raw files in the order of hours."""
        return sorted((self.huser / PROXY.day_folder(day)).rglob("*.parquet"))

    def data(self, day: Day) -> Path:
        """The day's local folder."""
        return self.path / "data" / "proxy" / day.folder

    def part(self, table: str, day: Day) -> Path:
        """The file of a table's day."""
        return self.huser / TABLES[table].day_folder(day) / "part.parquet"

    def made(self, table: str, day: Day) -> bool:
        """Return whether a table has the day."""
        return self.deployment.impala.has_rows(TABLES[table], day)

    def rows(self, table: str, day: Day) -> Rows:
        """Read a table's day from its file."""
        return parquet_rows(self.part(table, day))

    def rewrite(self, table: str, day: Day, change: Change) -> None:
        """Change a table's day behind the warehouse's back."""
        rewrite(self.part(table, day), change)

    def parts(self, day: Day) -> dict[str, object]:
        """The bytes of the day in each table that a materialization writes."""
        names = ("proxy_scores", "proxy_edge", "proxy_ingest_summary")
        return {name: self.part(name, day).read_bytes() for name in names}

    def write_sample(self, day: Day = SAMPLE_DAY, views: int = 150, *, ranked: bool = True) -> Day:
        """Generate a day's raw requests and, if `ranked`, another system's results of them."""
        write_sample_day(self.deployment.workspace, self.path / "hdfs", day, views)
        if ranked:
            publish_sample_results(self.results(day), day, views)
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
        """Materialize a day (or the days to `last` in one run) with its checks, as the job does.

        Failures are in the result and not raised.
        """
        config = {"ops": {"proxy_results": {"config": {"limit": limit}}}} if assets is None else {}
        days = {
            "dagster/asset_partition_range_start": day.key,
            "dagster/asset_partition_range_end": last.key if last else day.key,
        }
        return dg.materialize(
            [*(self.definitions.assets or ()), *(self.definitions.asset_checks or ())],
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


def parquet_rows(path) -> Rows:
    """Read the rows of a Parquet file, local or in HDFS."""
    return pq.ParquetFile(io.BytesIO(path.read_bytes())).read().to_pylist()


def rewrite(path, change: Change) -> None:
    """Replace a Parquet file, local or in HDFS, by a changed one."""
    changed, content = change(pq.ParquetFile(io.BytesIO(path.read_bytes())).read()), io.BytesIO()
    pq.write_table(changed, content)
    path.write_bytes(content.getvalue())


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


def check_evaluations(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    """Return the evaluation of each check; of a run of several days, the overall one."""
    return {found.check_name: found for found in result.get_asset_check_evaluations()}
