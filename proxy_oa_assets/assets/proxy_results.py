"""Steps 3 and 4 of a day: get the ranked results, read the first rows."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import dagster as dg
from pydantic import Field

from proxy_oa_assets import ranked_rows
from proxy_oa_assets.assets.day_by_day import DayMetadata, day_by_day
from proxy_oa_assets.assets.partitions import DAILY
from proxy_oa_assets.assets.presentation import GROUP, OWNERS
from proxy_oa_assets.conf import DEFAULT_LIMIT
from proxy_oa_assets.days import Day
from proxy_oa_assets.errors import ResultsError
from proxy_oa_assets.local_files import replacing
from proxy_oa_assets.resources.hdfs import FileStatus, HdfsResource
from proxy_oa_assets.resources.workspace import Workspace
from proxy_oa_assets.results import REJECTED_COLUMNS, ResultsReader
from proxy_oa_assets.tsv import write_tsv

_CHUNK = 1 << 20


class ProxyResultsConfig(dg.Config):
    """Run config of `proxy_results`."""

    limit: int = Field(
        default=DEFAULT_LIMIT,
        ge=1,
        description="How many of the most suspicious rows to take from the results",
    )


@dg.asset(
    partitions_def=DAILY,
    deps=["ml_results"],
    group_name=GROUP,
    owners=OWNERS,
    kinds={"hdfs", "csv"},
)
def proxy_results(
    context: dg.AssetExecutionContext, config: ProxyResultsConfig, hdfs: HdfsResource, workspace: Workspace
) -> dg.MaterializeResult:
    """The most suspicious rows of the day's ranked results, and a byte-for-byte copy of the whole file."""

    def materialize(day: Day) -> DayMetadata:
        copy = workspace.data(day) / "proxy_results.csv"
        size = copy_results(hdfs, workspace.results(day), copy)
        reader = read_results(copy, workspace, day, config.limit)
        ranked_rows.write(workspace.data(day), reader.frame)
        return {
            "dagster/partition_row_count": dg.MetadataValue.int(len(reader.frame)),
            "limit": dg.MetadataValue.int(config.limit),
            "lines_read": dg.MetadataValue.int(reader.lines_read),
            "rejected_lines": dg.MetadataValue.int(reader.rejected),
            "bytes": dg.MetadataValue.int(size),
            "source": dg.MetadataValue.path(hdfs.location(workspace.results(day))),
            "copy": dg.MetadataValue.path(copy),
        }

    return day_by_day(context, materialize)


def copy_results(hdfs: HdfsResource, source: str, copy: Path) -> int:
    """Copy a day's results, a file or a folder of `part-*` files in name order; return the number of bytes.

    Raises ResultsError, naming the path, if there are none or they are empty.
    """
    parts = _parts(hdfs, source)
    if sum(part.length for part in parts) == 0:
        raise ResultsError(
            f"{hdfs.location(source)} is empty: the ranking job wrote no row. "
            f"Run it for this day again, then materialize proxy_results again"
        )
    size = 0
    with replacing(copy) as file:
        for part in parts:
            with hdfs.open(part.path) as stream:
                while chunk := stream.read(_CHUNK):
                    size += file.write(chunk)
    return size


def _parts(hdfs: HdfsResource, source: str) -> list[FileStatus]:
    found = hdfs.status(source)
    if found is not None and not found.is_folder:
        return [found]
    parts = [
        entry for entry in hdfs.list_folder(source) if entry.name.startswith("part-") and not entry.is_folder
    ]
    if parts:
        return parts
    what = "does not exist" if found is None else "has no part-* file"
    raise ResultsError(
        f"{hdfs.location(source)} {what}: the day has no ranked results yet. "
        f"Run the ranking job (spot-ml) for this day, or put its proxy_results.csv there"
    )


def read_results(copy: Path, workspace: Workspace, day: Day, limit: int) -> ResultsReader:
    """Read the first rows; write the malformed ones to `proxy_results.rejected.tsv` beside the copy.

    Raises ResultsError if no row is good.
    """
    reader = ResultsReader(workspace.conf().results, day, limit)
    rejected = copy.with_name("proxy_results.rejected.tsv")
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
