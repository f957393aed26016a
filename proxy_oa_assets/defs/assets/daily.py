"""A run may span days: each is materialized on its own, and a bad one doesn't spoil the others."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import dagster as dg

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import ProxyOaError, WarehouseError
from proxy_oa_assets.model.tables import PROXY
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.resources.impala import Warehouse
from proxy_oa_assets.resources.workspace import Workspace
from proxy_oa_assets.settings import Settings

GROUP = "proxy_oa"
OWNERS = ["team:proxy-oa"]
# How many steps use the SQL engine, or the reputation services, at once: dagster.yaml sets the limits.
WAREHOUSE_POOL = "proxy_oa_warehouse"
REPUTATION_POOL = "proxy_oa_reputation"


@dataclass(frozen=True)
class Daily:
    """What the daily assets, checks and jobs take from the settings.

    `table_kinds` are the icons of assets that are tables: the engine, and the files' format.
    """

    partitions: dg.TimeWindowPartitionsDefinition
    backfill_policy: dg.BackfillPolicy
    table_kinds: frozenset[str]

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the partitions, from the first day to yesterday, and the policy that settings ask for."""
        return cls(
            partitions=dg.DailyPartitionsDefinition(
                start_date=settings.start_date.isoformat(), timezone=settings.timezone, fmt="%Y-%m-%d"
            ),
            backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=settings.days_per_run),
            table_kinds=frozenset({settings.cluster.engine if settings.cluster else "duckdb", "parquet"}),
        )

    def asset(self, **options: Any) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
        """Return `dg.asset` with what all daily assets share; transient errors are retried."""
        decorator: Callable[[Callable[..., Any]], dg.AssetsDefinition] = dg.asset(
            partitions_def=self.partitions,
            backfill_policy=self.backfill_policy,
            group_name=GROUP,
            owners=OWNERS,
            retry_policy=dg.RetryPolicy(
                max_retries=2, delay=5, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
            ),
            **options,
        )
        return decorator


DayMetadata = Mapping[str, dg.MetadataValue]

# As dagster.yaml limits a run (max_runtime_seconds).
_LONGEST_RUN_SECONDS = 6 * 3600


@contextmanager
def before_the_days() -> Iterator[None]:
    """Be around what a step reads before its first day: if a user can mend it, raise dg.Failure saying so.

    Dagster tries again whatever else is raised, with its pauses, and shows a traceback of its own.
    """
    try:
        yield
    except ProxyOaError as error:
        raise _failure(error) from error


def day_by_day(
    context: dg.AssetExecutionContext,
    hdfs: FileStore,
    workspace: Workspace,
    materialize: Callable[[Day], DayMetadata],
) -> dg.MaterializeResult:
    """Materialize each day of the run and report its metadata.

    Two runs of a day wait for each other, asset by asset, so that the later one starts from what the earlier
    one left. Raises dg.Failure, with what to do about it, if a day fails. In a run of several days the others
    are materialized all the same, and recorded as such.
    """
    asset = context.asset_key.to_user_string()

    def materialize_alone(day: Day) -> DayMetadata:
        with hdfs.lock(
            workspace.lock(day, asset),
            patience=_LONGEST_RUN_SECONDS,
            on_wait=lambda holder: context.log.info("Waiting for another run of %s: %s", day, holder),
        ):
            return materialize(day)

    days = [Day.parse(key) for key in context.partition_keys]
    good, bad = _each(context, days, materialize_alone)
    if len(days) == 1:
        if bad:
            error = bad[days[0]]
            raise _failure(error) from error
        return dg.MaterializeResult(metadata=good[days[0]])
    if not bad:
        for day, metadata in good.items():
            context.add_asset_metadata(metadata, partition_key=day.key)
        return dg.MaterializeResult()
    # Dagster records nothing of a failed step, so what is done has to be recorded here.
    code_version = context.assets_def.code_versions_by_key[context.asset_key]
    for day, metadata in good.items():
        context.log_event(
            dg.AssetMaterialization(
                asset_key=context.asset_key,
                partition=day.key,
                metadata=metadata,
                tags={"dagster/code_version": code_version} if code_version else None,
            )
        )
    reasons = "\n".join(f"{day}: {_reason(error)}" for day, error in bad.items())
    raise dg.Failure(
        f"{len(bad)} of {len(days)} days failed; the other {len(good)} are done.\n{reasons}",
        metadata={"failed_days": ", ".join(day.key for day in bad)},
        allow_retries=False,
    )


def _each(
    context: dg.AssetExecutionContext, days: list[Day], materialize: Callable[[Day], DayMetadata]
) -> tuple[dict[Day, DayMetadata], dict[Day, Exception]]:
    good: dict[Day, DayMetadata] = {}
    bad: dict[Day, Exception] = {}
    for day in days:
        try:
            good[day] = materialize(day)
        except ProxyOaError as error:
            bad[day] = error
        except Exception as error:
            # The boundary between days: a defect that only one day's data brings to light must not cost a
            # backfill the days after it. Nothing is swallowed: the run's log has the traceback, and the step
            # fails naming day and defect.
            context.log.exception("%s failed unexpectedly", day)
            bad[day] = error
    return good, bad


def _failure(error: Exception) -> dg.Failure:
    """Return the failure of a step, or of a run's only day; it is tried again if what was wrong may pass.

    A run of several days isn't: it would do its good days again. Its bad ones are `failed and missing`.
    """
    return dg.Failure(_reason(error), allow_retries=isinstance(error, ProxyOaError) and error.transient)


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, ProxyOaError) else f"{type(error).__name__}: {error}"


def require_raw_rows(impala: Warehouse, day: Day) -> None:
    """Raise WarehouseError, naming the place, if the day has no raw request."""
    if not impala.has_rows(PROXY, day):
        raise WarehouseError(
            f"{impala.location(PROXY, day)} has no raw request: the table proxy is empty on {day}. "
            f"Run the ingest job for this day, then materialize it again"
        )
