"""Days of the upstream assets, as they stand and as Dagster's history has them.

They are `ml_results`, the proxies' logs, and `proxy`, unless it is made here of the logs that PROXY_OA_LOGS
names.

What other systems publish is reported by the sensors `new_results` and `new_logs`, by the assets that read a
day, and by "Observe" in the web UI. Each report is an observation, whose data version marks the days made
from another version as unsynced, and a materialization, which shows that the day exists.
"""

import hashlib
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import dagster as dg

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY, RAW_HOUR_FOLDER
from proxy_oa_assets.model.text import counted, printable
from proxy_oa_assets.ranking.published_parts import PublishedParts
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.resources.workspace import Workspace

if TYPE_CHECKING:
    from proxy_oa_assets.ingest.log_files import DayLogs
    from proxy_oa_assets.ingest.record import DayRecord

ML_RESULTS, RAW, LOGS = "ml_results", PROXY.name, "proxy_logs"
_VERSION, _ROWS = "dagster/data_version", "dagster/partition_row_count"
_ANY_DAY = Day.parse("2016-09-12")
# Our versions of a raw day, embedded and on a cluster, are switched by these files.
_CLUSTER_MARKER = "_proxy_oa_version.json"
_MARKERS = (".version.json", _CLUSTER_MARKER)


@dataclass(frozen=True)
class UpstreamDay:
    """A day of an upstream asset. With the same version it has the same data.

    `modified` is in milliseconds since 1970, `length` in bytes; `rows` are known once they are read.
    """

    asset: str
    day: Day
    version: str
    source: str
    modified: int
    length: int
    rows: int | None = None
    figures: Mapping[str, int] = field(default_factory=dict)

    def metadata(self) -> dict[str, dg.MetadataValue | int]:
        """Return what is known of the day."""
        known: dict[str, dg.MetadataValue | int] = {
            "source": dg.MetadataValue.path(self.source),
            "modified": dg.MetadataValue.timestamp(self.modified / 1000),
            "bytes": self.length,
            **self.figures,
        }
        if self.rows is not None:
            known[_ROWS] = self.rows
        return known

    def events(self) -> list[dg.AssetObservation | dg.AssetMaterialization]:
        """Return the events that report the day."""
        metadata, tags = self.metadata(), {_VERSION: self.version}
        return [
            event(self.asset, partition=self.day.key, metadata=metadata, tags=tags)
            # Dagster takes the later one's place in history as that of the input, which must cover both.
            for event in (dg.AssetObservation, dg.AssetMaterialization)
        ]


def ranked_day(
    hdfs: FileStore, workspace: Workspace, day: Day, published: PublishedParts, rows: int | None = None
) -> UpstreamDay:
    """Return the day of `ml_results` that has been published."""
    version = f"{published.modified}:{published.length}"
    source = hdfs.location(workspace.results(day))
    parts = {"parts": len(published.parts)}
    return UpstreamDay(ML_RESULTS, day, version, source, published.modified, published.length, rows, parts)


def raw_day(
    hdfs: FileStore,
    workspace: Workspace,
    day: Day,
    *,
    folders: Sequence[str] | None = None,
    rows: int | None = None,
) -> UpstreamDay | None:
    """Return the day of `proxy`; None if it has no hour.

    Its version changes when a file is added to an hour, removed or replaced. `folders` are the day's own as
    `raw_folders` found them; by default each way to write it is tried. It takes two requests a folder.
    """
    if folders is None:
        spellings = map(PROXY.spelled_folder, PROXY.day_spellings(day))
        folders = [f"{workspace.huser}/{folder}" for folder in spellings]
    entries = [
        entry
        for folder in folders
        for entry in hdfs.list_folder(folder)
        if RAW_HOUR_FOLDER.fullmatch(entry.name) or entry.name in _MARKERS
    ]
    hours = [entry for entry in entries if entry.is_folder]
    if not hours:
        return None
    found = sorted({hour.path.rpartition("/")[0] for hour in hours})
    usage = [hdfs.usage(folder) for folder in found]
    state = [usage, [(entry.path, entry.modified) for entry in entries]]
    if any(entry.name == _CLUSTER_MARKER for entry in entries):
        # There are our hours, and for a while those that they replaced, so they don't count in the version.
        beside = PROXY.day_folder(day, f"{PROXY.location}/_beside")
        usage = [*usage, hdfs.usage(f"{workspace.huser}/{beside}")]
    return UpstreamDay(
        asset=RAW,
        day=day,
        version=hashlib.sha256(repr(state).encode()).hexdigest()[:16],
        source=hdfs.location(found[0]),
        modified=max(entry.modified for entry in entries),
        length=sum(each.length for each in usage),
        rows=rows,
        figures={"files": sum(each.files for each in usage), "hours": len(hours)},
    )


def logged_day(logs: "DayLogs") -> UpstreamDay:
    """Return the day of `proxy_logs` that logs can hold."""
    return UpstreamDay(
        LOGS,
        logs.day,
        logs.version,
        _named(list(logs.states)),
        logs.modified,
        logs.length,
        figures={"files": len(logs.states)},
    )


def ingested_day(day: Day, record: "DayRecord") -> UpstreamDay | None:
    """Return the day of `proxy_logs` that the command took from logs; None if it took none."""
    if not record.sources:
        return None
    taken = sorted((source.digest, source.end.offset) for source in record.sources)
    return UpstreamDay(
        LOGS,
        day,
        hashlib.sha256(repr(taken).encode()).hexdigest()[:16],
        _named([source.log for source in record.sources]),
        int(max(source.taken_at for source in record.sources).timestamp() * 1000),
        sum(source.end.offset for source in record.sources),
        rows=record.rows,
        figures={"files": len(record.sources)},
    )


def _named(logs: Sequence[object]) -> str:
    more = f" and {counted(len(logs) - 1, 'log')} more" if len(logs) > 1 else ""
    return f"{printable(logs[0])}{more}"


def published_days(hdfs: FileStore, workspace: Workspace, keys: Iterable[str]) -> dict[Day, int]:
    """Return those of the partitions that have a folder of results, and when each was modified."""
    root, _, _ = workspace.results(_ANY_DAY).rpartition(f"/{_ANY_DAY.folder}/")
    folders = {Day.of_folder(entry.name): entry.modified for entry in hdfs.list_folder(root)}
    return {day: folders[day] for day in map(Day.parse, keys) if day in folders}


def recorded_versions(
    instance: dg.DagsterInstance, asset: str, days: Iterable[Day] | None = None
) -> dict[Day, str]:
    """Return the version of each day as history has it last; of all days, or of those that are given."""
    tags = instance.event_log_storage.get_latest_tags_by_partition(
        dg.AssetKey(asset),
        # Of reports, and of runs that make the day here.
        dg.DagsterEventType.ASSET_MATERIALIZATION,
        [_VERSION],
        asset_partitions=None if days is None else [day.key for day in days],
    )
    return {Day.parse(key): found[_VERSION] for key, found in tags.items() if _VERSION in found}


def report_read(context: dg.AssetExecutionContext, read: UpstreamDay) -> None:
    """Record what a step has read of a day. The day of the step's asset then counts as made from it."""
    instance, asset = context.instance, dg.AssetKey(read.asset)
    day = dg.AssetRecordsFilter(asset, asset_partitions=[read.day.key])
    latest = instance.fetch_materializations(day, limit=1).records
    known = latest[0].asset_materialization if latest else None
    tags, metadata = (known.tags or {}, known.metadata) if known else ({}, {})
    counted = read.rows is None or _ROWS in metadata
    if tags.get(_VERSION) != read.version or not counted:
        for event in read.events():
            instance.report_runless_asset_event(event)
    # Dagster looked at the inputs before the step began, and would take this report for a later change.
    step = context.get_step_execution_context()
    step.wipe_input_asset_version_info(asset)
    step.maybe_fetch_and_get_input_asset_version_info(asset)


def raw_folders(hdfs: FileStore, workspace: Workspace, first: Day) -> dict[Day, list[str]]:
    """Return the folders of each day of `proxy`, from a day on; it takes a request for each month."""
    found: dict[Day, list[str]] = {}
    for year, years in _partitions(hdfs, f"{workspace.huser}/{PROXY.location}", "y"):
        for month, months in _partitions(hdfs, years, "m") if year >= first.y else ():
            for number, folder in (
                _partitions(hdfs, months, "d") if (year, month) >= (first.y, first.m) else ()
            ):
                # A folder of no day of the calendar is no partition.
                day = Day.of_folder(f"{year:04d}{month:02d}{number:02d}")
                if day and day >= first:
                    found.setdefault(day, []).append(folder)
    return found


def _partitions(hdfs: FileStore, folder: str, column: str) -> Iterator[tuple[int, str]]:
    for entry in hdfs.list_folder(folder):
        if found := re.fullmatch(rf"{column}=([0-9]{{1,4}})", entry.name):
            yield int(found[1]), entry.path


def age(modified: int) -> float:
    """Return the seconds since a modification time in milliseconds since 1970."""
    return time.time() - modified / 1000
