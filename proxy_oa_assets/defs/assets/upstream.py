"""The upstream assets, which other systems write: the ranked results and the raw requests."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import dagster as dg

from proxy_oa_assets.defs.assets.daily import GROUP, Daily
from proxy_oa_assets.defs.assets.metadata import column_schema, table_metadata
from proxy_oa_assets.defs.assets.upstream_days import (
    ML_RESULTS,
    RAW,
    UpstreamDay,
    age,
    published_days,
    ranked_day,
    raw_day,
    raw_folders,
    recorded_versions,
)
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import StorageError
from proxy_oa_assets.model.tables import PROXY, RESULT_COLUMNS
from proxy_oa_assets.model.text import counted
from proxy_oa_assets.ranking.published_parts import published_parts
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.resources.workspace import Workspace


def upstream_assets(daily: Daily) -> list[dg.AssetsDefinition]:
    """Return the observable assets `ml_results` and `proxy`."""
    # Dagster's own observations have no figures of a day, so each is reported with them, and none is yielded.
    spec = partial(dg.AssetSpec, group_name=GROUP, partitions_def=daily.partitions, skippable=True)

    @dg.multi_observable_source_asset(  # type: ignore[untyped-decorator]  # Dagster annotates no types
        specs=[
            spec(
                ML_RESULTS,
                description="proxy_results.csv: the day's requests, ranked by the topic model (spot-ml)",
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

    @dg.multi_observable_source_asset(  # type: ignore[untyped-decorator]  # Dagster annotates no types
        specs=[
            spec(
                RAW,
                description="The day's raw proxy requests, as the ingest job wrote them, hour by hour",
                kinds={"hive", "parquet"},
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

    return [ml_results, proxy]


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
