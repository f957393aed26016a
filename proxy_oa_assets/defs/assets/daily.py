"""What the daily assets share: partitions, and runs of several days in which a bad day costs itself alone."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn, Self

import dagster as dg

# Dagster exports no names for them.
from dagster._core.definitions.data_version import (
    DATA_VERSION_TAG,
    DEFAULT_DATA_VERSION,
    NULL_EVENT_POINTER,
    compute_logical_data_version,
    get_input_data_version_tag,
    get_input_event_pointer_tag,
)
from sqlalchemy.exc import DBAPIError

from proxy_oa_assets.defs.assets.left_out import NO_MATERIALIZATION, is_last, leave_out, left_out
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import HistoryError, ProxyOaError, WarehouseError, disk_errors
from proxy_oa_assets.model.tables import PROXY
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.resources.impala import Warehouse
from proxy_oa_assets.resources.workspace import Workspace
from proxy_oa_assets.settings import Settings

GROUP = "proxy_oa"
# How many steps use the SQL engine, or the reputation services, at once: dagster.yaml sets the limits.
WAREHOUSE_POOL = "proxy_oa_warehouse"
REPUTATION_POOL = "proxy_oa_reputation"
# For transient errors alone. As an asset's retry policy, it would also retry a step that is interrupted, by
# Ctrl-C or by "Terminate" in the web UI.
_RETRIES = dg.RetryPolicy(max_retries=2, delay=5, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
# The terminal shows log lines that begin with it.
WAITING = "Waiting for"
# As dagster.yaml limits a run (max_runtime_seconds).
LONGEST_RUN_SECONDS = 6 * 3600
# A waiting step keeps its slot of a pool, which steps of other days need.
_PATIENCE_SECONDS = 1800

DayMetadata = Mapping[str, int | Path | dg.MetadataValue | dg.TableColumnLineage]
_Materialize = Callable[..., dg.MaterializeResult]


@dataclass(frozen=True)
class Daily:
    """What the daily assets, checks and jobs take from the settings.

    `table_kinds` are the icons of assets that are tables: the engine, and the files' format. Results
    that were modified less than `results_min_age` seconds ago may still be being written. `takes_logs` says
    that `proxy` is made here, from the logs that PROXY_OA_LOGS names.
    """

    partitions: dg.TimeWindowPartitionsDefinition
    backfill_policy: dg.BackfillPolicy | None
    table_kinds: frozenset[str]
    results_min_age: int
    takes_logs: bool
    ranking: Literal["auto", "builtin", "external"]

    @property
    def ranks(self) -> bool:
        """Whether days are ranked here, unless another system's results are there."""
        return self.ranking != "external"

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the partitions, from the first day to yesterday, and the backfill policy of the settings."""
        return cls(
            partitions=dg.DailyPartitionsDefinition(
                start_date=settings.start_date.isoformat(), timezone=settings.timezone, fmt="%Y-%m-%d"
            ),
            # Without a policy a run has one day as well, but tagged as a partition and not as a range: so
            # Dagster sees two runs of a day, however they were launched.
            backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=settings.days_per_run)
            if settings.days_per_run > 1
            else None,
            table_kinds=frozenset({settings.cluster.engine if settings.cluster else "duckdb", "parquet"}),
            results_min_age=settings.results_min_age,
            takes_logs=bool(settings.logs),
            ranking=settings.ranking,
        )

    def asset(
        self,
        *,
        deps: Sequence[str],
        kinds: AbstractSet[str],
        code_version: str,
        pool: str | None = None,
        config_schema: Mapping[str, dg.Field] | None = None,
        metadata: Mapping[str, object] | None = None,
    ) -> Callable[[_Materialize], dg.AssetsDefinition]:
        """Return `dg.asset` with what all daily assets share."""
        return dg.asset(
            deps=deps,
            kinds=set(kinds),
            code_version=code_version,
            pool=pool,
            config_schema=config_schema,
            metadata=metadata,
            partitions_def=self.partitions,
            backfill_policy=self.backfill_policy,
            group_name=GROUP,
        )


def day_by_day(
    context: dg.AssetExecutionContext,
    hdfs: FileStore,
    workspace: Workspace,
    materialize: Callable[[Day], DayMetadata],
    *,
    patience: float = _PATIENCE_SECONDS,
    data_version: Callable[[Day], str] | None = None,
) -> dg.MaterializeResult:
    """Materialize each day of the run and report its metadata.

    A lock keeps two runs of a day apart, asset by asset, so that the later run starts from what the earlier
    one wrote. A step fails, to be retried, once another run has kept the lock for `patience` seconds. Raises
    dg.Failure if a day fails. In a run of several days, the run's last assets raise it; until then the other
    days are materialized and recorded, and later assets leave out the failed ones. `data_version` gives the
    version of a day that was materialized; by default Dagster's own counts, that of the inputs.
    """
    asset = context.asset_key.to_user_string()

    def materialize_locked(day: Day) -> DayMetadata:
        with hdfs.lock(
            workspace.lock(day, asset),
            f"materializing {asset} of {day} in run {context.run.run_id[:8]}",
            patience=patience,
            on_wait=lambda holder: context.log.info("%s another run of %s: %s", WAITING, day, holder),
        ):
            return materialize(day)

    days = [Day.parse(key) for key in context.partition_keys]
    if len(days) > 1:
        return _several_days(context, days, materialize_locked, data_version)
    good, bad = _each(context, days, materialize_locked)
    if bad:
        raise_failure(context, bad[days[0]])
    version = dg.DataVersion(data_version(days[0])) if data_version else None
    return dg.MaterializeResult(metadata=good[days[0]], data_version=version)


def _several_days(
    context: dg.AssetExecutionContext,
    days: Sequence[Day],
    materialize: Callable[[Day], DayMetadata],
    data_version: Callable[[Day], str] | None,
) -> dg.MaterializeResult:
    reasons = left_out(context, context.assets_def.dependency_keys)
    good, bad = _each(context, [day for day in days if day not in reasons], materialize)
    name, history = context.asset_key.to_user_string(), context.instance.root_directory
    reasons |= {day: f"{name}: {_reason(error, history)}" for day, error in bad.items()}
    if not reasons and data_version is None:
        for day, metadata in good.items():
            context.add_asset_metadata(metadata, partition_key=day.key)
        return dg.MaterializeResult()
    # Dagster would record all days, with one version, or, of a failed step, none: the good ones are recorded
    # here.
    for day, metadata in good.items():
        context.log_event(
            dg.AssetMaterialization(
                asset_key=context.asset_key,
                partition=day.key,
                metadata=metadata,
                tags=_provenance(context) | ({DATA_VERSION_TAG: data_version(day)} if data_version else {}),
            )
        )
    for day, reason in reasons.items():
        leave_out(context, context.asset_key, day, reason)
    if not reasons or not is_last(context, context.asset_key):
        return dg.MaterializeResult(metadata=NO_MATERIALIZATION)
    lines = "\n".join(f"{day}: {reason}" for day, reason in sorted(reasons.items()))
    raise dg.Failure(
        f"{_summary(len(reasons), len(days))}.\n{lines}",
        metadata={"failed_days": ", ".join(day.key for day in sorted(reasons))},
        # A retry would do the good days again. A backfill of the "failed and missing" ones doesn't.
        allow_retries=False,
    )


def _provenance(context: dg.AssetExecutionContext) -> dict[str, str]:
    """Return the tags by which Dagster knows of what a day was made, as it writes them itself.

    Without those of the inputs, it would show the day as unsynced.
    """
    step = context.get_step_execution_context()
    inputs = {
        key: step.maybe_fetch_and_get_input_asset_version_info(key)
        for key in context.assets_def.dependency_keys
    }
    versions = {key: (info and info.data_version) or DEFAULT_DATA_VERSION for key, info in inputs.items()}
    code_version = context.assets_def.code_versions_by_key[context.asset_key] or context.run.run_id
    tags = {
        "dagster/code_version": code_version,
        DATA_VERSION_TAG: compute_logical_data_version(code_version, versions).value,
    }
    for key, info in inputs.items():
        tags[get_input_data_version_tag(key)] = versions[key].value
        tags[get_input_event_pointer_tag(key)] = str(info.storage_id) if info else NULL_EVENT_POINTER
    return tags


def _summary(failed: int, days: int) -> str:
    if failed == days:
        return f"All {days} days failed"
    others = "the other one is" if days - failed == 1 else f"the other {days - failed} are"
    return f"{failed} of {days} days failed; {others} done"


def _each(
    context: dg.AssetExecutionContext, days: Sequence[Day], materialize: Callable[[Day], DayMetadata]
) -> tuple[dict[Day, DayMetadata], dict[Day, Exception]]:
    good: dict[Day, DayMetadata] = {}
    bad: dict[Day, Exception] = {}
    for day in days:
        try:
            with disk_errors():
                good[day] = materialize(day)
        except ProxyOaError as error:
            bad[day] = error
        except Exception as error:
            # The boundary between days: a defect that one day's data brings to light must not cost a backfill
            # the days after it. The log has the traceback, and the step fails naming day and defect.
            context.log.exception("%s failed unexpectedly", day)
            bad[day] = error
    return good, bad


@contextmanager
def user_errors_as_failure(context: dg.AssetExecutionContext) -> Iterator[None]:
    """Turn user-fixable errors raised before the first day into dg.Failure, as those of a day."""
    try:
        with disk_errors():
            yield
    except ProxyOaError as error:
        raise_failure(context, error)


def raise_failure(context: dg.AssetExecutionContext, error: Exception) -> NoReturn:
    """Raise the failure of a step; only transient errors are retried."""
    failure = dg.Failure(_reason(error, context.instance.root_directory), allow_retries=False)
    failure.__cause__ = error
    if not (isinstance(error, ProxyOaError) and error.transient):
        raise failure
    raise dg.RetryRequested(
        max_retries=_RETRIES.max_retries,
        seconds_to_wait=_RETRIES.calculate_delay(context.op_execution_context.retry_number + 1),
    ) from failure


def _reason(error: Exception, history: str) -> str:
    if isinstance(error, DBAPIError):
        return str(HistoryError.failing(history, error.orig))
    return str(error) if isinstance(error, ProxyOaError) else f"{type(error).__name__}: {error}"


def require_raw_rows(impala: Warehouse, day: Day) -> None:
    """Raise WarehouseError, naming the location, if the day has no raw request."""
    if not impala.has_rows(PROXY, day):
        raise WarehouseError(
            f"{impala.location(PROXY, day)} has no raw request: the table proxy is empty on {day}. "
            f"Run the ingest job for this day, then materialize it again"
        )
