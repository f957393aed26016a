"""The upstream assets, which other systems write: ranked results, the proxies' logs, and raw requests.

Where PROXY_OA_LOGS is set, the raw requests are made here; days are ranked here unless PROXY_OA_RANKING is
external.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import dagster as dg

from proxy_oa_assets.defs.assets.daily import GROUP, Daily
from proxy_oa_assets.defs.assets.metadata import column_schema, table_metadata
from proxy_oa_assets.defs.assets.upstream_days import (
    LOGS,
    ML_RESULTS,
    RAW,
    UpstreamDay,
    age,
    ingested_day,
    logged_day,
    published_days,
    ranked_day,
    raw_day,
    raw_folders,
    recorded_versions,
)
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import StorageError
from proxy_oa_assets.model.tables import PROXY, RESULT_COLUMNS
from proxy_oa_assets.model.text import counted, printable
from proxy_oa_assets.ranking.published_parts import published_parts
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.resources.impala import Warehouse
from proxy_oa_assets.resources.workspace import Workspace


def upstream_assets(daily: Daily) -> list[dg.AssetsDefinition]:
    """Return the observable assets."""
    proxy = [] if daily.takes_logs else [_proxy(daily)]
    ml_results = [] if daily.ranks else [_ml_results(daily)]
    return [*ml_results, _proxy_logs(daily), *proxy]


# Dagster's own observations have no figures of a day, so each is reported with them, and none is yielded.
def _spec(
    daily: Daily,
    name: str,
    description: str,
    *,
    kinds: set[str],
    deps: Sequence[str] = (),
    metadata: Mapping[str, object] | None = None,
) -> dg.AssetSpec:
    return dg.AssetSpec(
        name,
        deps=deps,
        metadata=metadata,
        description=description,
        kinds=kinds,
        group_name=GROUP,
        partitions_def=daily.partitions,
        skippable=True,
    )


def _ml_results(daily: Daily) -> dg.AssetsDefinition:
    @dg.multi_observable_source_asset(  # type: ignore[untyped-decorator]  # Dagster annotates no types
        specs=[
            _spec(
                daily,
                ML_RESULTS,
                "proxy_results.csv: the day's requests, as another system (spot-ml) ranked them",
                kinds={"hdfs", "csv"},
                metadata={"dagster/column_schema": column_schema(RESULT_COLUMNS)},
            )
        ]
    )
    def ml_results(
        context: dg.AssetExecutionContext, hdfs: FileStore, workspace: Workspace
    ) -> Iterator[dg.ObserveResult]:
        def look(day: Day) -> UpstreamDay | None:
            path = workspace.results(day)
            published = published_parts(hdfs, path)
            if published is None or not published.length:
                return None
            if age(published.modified) < daily.results_min_age:
                context.log.info("Left out, perhaps still being written: %s", hdfs.location(path))
                return None
            return ranked_day(hdfs, workspace, day, published)

        days = published_days(hdfs, workspace, daily.partitions.get_partition_keys())
        yield from _observed(context, ML_RESULTS, days, look)

    asset: dg.AssetsDefinition = ml_results
    return asset


def _proxy(daily: Daily) -> dg.AssetsDefinition:
    @dg.multi_observable_source_asset(  # type: ignore[untyped-decorator]  # Dagster annotates no types
        specs=[
            _spec(
                daily,
                RAW,
                "The day's raw proxy requests, as an ingest job or proxy-oa ingest wrote them, hour by hour",
                kinds={"hive", "parquet"},
                deps=[LOGS],
                metadata=table_metadata(PROXY),
            )
        ]
    )
    def proxy(
        context: dg.AssetExecutionContext, hdfs: FileStore, workspace: Workspace
    ) -> Iterator[dg.ObserveResult]:
        partitions = [Day.parse(key) for key in daily.partitions.get_partition_keys()]
        folders = raw_folders(hdfs, workspace, partitions[0]) if partitions else {}
        days = [day for day in partitions if day in folders]
        yield from _observed(
            context, RAW, days, lambda day: raw_day(hdfs, workspace, day, folders=folders[day])
        )

    asset: dg.AssetsDefinition = proxy
    return asset


def _proxy_logs(daily: Daily) -> dg.AssetsDefinition:
    of = "that PROXY_OA_LOGS names" if daily.takes_logs else "that proxy-oa ingest has read"

    @dg.multi_observable_source_asset(  # type: ignore[untyped-decorator]  # Dagster annotates no types
        specs=[_spec(daily, LOGS, f"The proxies' own logs of the day, of those {of}", kinds={"file"})]
    )
    def proxy_logs(
        context: dg.AssetExecutionContext, hdfs: FileStore, impala: Warehouse, workspace: Workspace
    ) -> Iterator[dg.ObserveResult]:
        keys = daily.partitions.get_partition_keys()
        first, last = (Day.parse(keys[0]), Day.parse(keys[-1])) if keys else (None, None)
        if first is None or last is None:
            return
        # Both load DuckDB and pyarrow.
        from proxy_oa_assets.ingest.log_files import LogFiles
        from proxy_oa_assets.ingest.record import DayRecord

        if not daily.takes_logs:
            ingested = [day for day in raw_folders(hdfs, workspace, first) if day <= last]
            yield from _observed(
                context, LOGS, ingested, lambda day: ingested_day(day, DayRecord.of(impala, day))
            )
            return
        found = LogFiles.of(workspace).all()
        for problem in found.unread.values():
            context.log.warning("Left out: %s", printable(problem))
        yield from _observed(context, LOGS, found.days(first, last), lambda day: logged_day(found.of(day)))

    asset: dg.AssetsDefinition = proxy_logs
    return asset


def _observed(
    context: dg.AssetExecutionContext,
    asset: str,
    days: Iterable[Day],
    look: Callable[[Day], UpstreamDay | None],
) -> Iterator[dg.ObserveResult]:
    """Report each day that isn't as history has it. Raises dg.Failure naming those that can't be read."""
    known, changed, unreadable = recorded_versions(context.instance, asset), 0, []
    for day in days:
        try:
            found = look(day)
        except StorageError as error:
            if error.transient:
                raise
            unreadable.append(str(error))
            continue
        if found and known.get(day) != found.version:
            changed += 1
            for event in found.events():
                context.instance.report_runless_asset_event(event)
    context.log.info("%s of %s found new or changed", counted(changed, "day"), asset)
    if unreadable:
        raise dg.Failure("\n".join(unreadable), allow_retries=False)
    yield from ()
