"""Which days have ranked results: the listing that the sensor `new_results` looks at."""

from collections.abc import Container, Iterator

from proxy_oa_assets.automation.seen_results import RankedDay
from proxy_oa_assets.days import Day
from proxy_oa_assets.errors import DayError
from proxy_oa_assets.published_results import published_results
from proxy_oa_assets.resources.hdfs import HdfsResource
from proxy_oa_assets.resources.workspace import Workspace

_ANY_DAY = Day.parse("2016-09-12")


def ranked_days(hdfs: HdfsResource, workspace: Workspace, partitions: Container[str]) -> Iterator[RankedDay]:
    """Yield each day of the given partition keys that has results, in order; other folders are left out.

    Raises StorageError if a folder can't be read.
    """
    root, _, _ = workspace.results(_ANY_DAY).rpartition(f"/{_ANY_DAY.folder}/")
    for entry in hdfs.list_folder(root):
        day = _day(entry.name)
        if day is None or day.key not in partitions:
            continue
        path = workspace.results(day)
        published = published_results(hdfs, path)
        if published:
            yield RankedDay(day, path, published.modified, published.length)


def _day(folder: str) -> Day | None:
    try:
        day = Day.parse(f"{folder[:4]}-{folder[4:6]}-{folder[6:]}")
    except DayError:
        return None
    return day
