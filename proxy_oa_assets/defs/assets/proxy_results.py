"""Steps 3 and 4 of a day: get the ranked results, read the first rows."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import dagster as dg
from pydantic import Field

from proxy_oa_assets.defs.assets.daily import Daily, DayMetadata, day_by_day
from proxy_oa_assets.defs.assets.metadata import column_lineage, column_schema, results_lineage
from proxy_oa_assets.model.column_map import DEFAULT_LIMIT
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import ResultsError
from proxy_oa_assets.model.files import replacing
from proxy_oa_assets.model.tables import RESULT_COLUMNS
from proxy_oa_assets.model.tsv import write_tsv
from proxy_oa_assets.ranking.published_parts import PublishedParts, published_parts
from proxy_oa_assets.ranking.results_file import REJECTED_COLUMNS, REJECTED_FILE, ResultsReader
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.resources.workspace import Workspace

_CHUNK = 1 << 20


class ProxyResultsConfig(dg.Config):
    """Run config of `proxy_results`."""

    limit: int = Field(
        default=DEFAULT_LIMIT,
        ge=1,
        description="How many of the most suspicious rows to take from the results",
    )


def proxy_results_asset(daily: Daily) -> dg.AssetsDefinition:
    """Return the asset `proxy_results`."""

    @daily.asset(
        deps=["ml_results"],
        kinds={"hdfs", "csv"},
        tags={"step": "3-4"},
        code_version="1",
        metadata={"dagster/column_schema": column_schema(RESULT_COLUMNS)},
    )
    def proxy_results(
        context: dg.AssetExecutionContext, config: ProxyResultsConfig, hdfs: FileStore, workspace: Workspace
    ) -> dg.MaterializeResult:
        """The most suspicious rows of the day's ranked results, and a byte-for-byte copy of the whole file."""

        def materialize(day: Day) -> DayMetadata:
            from proxy_oa_assets.ranking import kept_rows as ranked_rows

            copy = workspace.data(day) / "proxy_results.csv"
            # Noted before the bytes are read: what is published meanwhile then counts as new.
            published = required_results(hdfs, workspace.results(day))
            size = copy_results(hdfs, published, copy)
            reader = read_results(copy, workspace, day, config.limit)
            ranked_rows.write(workspace.data(day), reader.frame)
            return {
                "dagster/partition_row_count": dg.MetadataValue.int(len(reader.frame)),
                "limit": dg.MetadataValue.int(config.limit),
                "lines_read": dg.MetadataValue.int(reader.lines_read),
                "rejected_lines": dg.MetadataValue.int(reader.rejected),
                "bytes": dg.MetadataValue.int(size),
                "source_modified": dg.MetadataValue.int(published.modified),
                "source": dg.MetadataValue.path(hdfs.location(workspace.results(day))),
                "copy": dg.MetadataValue.path(copy),
                **column_lineage(results_lineage()),
            }

        return day_by_day(context, hdfs, workspace, materialize)

    return proxy_results


def required_results(hdfs: FileStore, path: str) -> PublishedParts:
    """Return what is published of a day. Raises ResultsError, naming the path, if it is nothing or empty."""
    published = published_parts(hdfs, path)
    if published is None:
        what = "does not exist" if hdfs.status(path) is None else "has no part-* file"
        raise ResultsError(
            f"{hdfs.location(path)} {what}: the day has no ranked results yet. "
            f"Run the ranking job (spot-ml) for this day, or put its proxy_results.csv there"
        )
    if published.length == 0:
        raise ResultsError(
            f"{hdfs.location(path)} is empty: the ranking job wrote no row. "
            f"Run it for this day again, then materialize proxy_results again"
        )
    return published


def copy_results(hdfs: FileStore, published: PublishedParts, copy: Path) -> int:
    """Copy a day's results, part after part, into one file; return the number of bytes."""
    size = 0
    with replacing(copy) as file:
        for part in published.parts:
            with hdfs.open(part.path) as stream:
                while chunk := stream.read(_CHUNK):
                    size += file.write(chunk)
    return size


def read_results(copy: Path, workspace: Workspace, day: Day, limit: int) -> ResultsReader:
    """Read the first rows; write the malformed ones to `proxy_results.rejected.tsv` beside the copy.

    Raises ResultsError if no row is good.
    """
    reader = ResultsReader(workspace.column_map().results, day, limit)
    rejected = copy.with_name(REJECTED_FILE)
    first_reason = ""

    def malformed(lines: Iterable[bytes]) -> Iterator[tuple[int, str, str]]:
        nonlocal first_reason
        for line in reader.rejected_lines(lines):
            first_reason = first_reason or line.reason
            yield line.number, line.reason, line.content

    with copy.open("rb") as lines:
        write_tsv(rejected, REJECTED_COLUMNS, malformed(lines))
    if not reader.rejected:
        rejected.unlink()
    elif reader.frame.empty:
        raise ResultsError(
            f"{copy}: none of the {reader.lines_read} lines is a row of {day} (the first: {first_reason}). "
            f"{rejected} has each line and what is wrong; check that the ranking job wrote this day, and "
            f"that PROXY_OA_CONF has the columns in the file's order"
        )
    return reader
