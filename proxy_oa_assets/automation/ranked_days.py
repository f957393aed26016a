"""Which days have ranked results: what the sensor `new_results` looks at."""

from collections.abc import Container, Iterable, Iterator

from proxy_oa_assets.automation.seen_results import RankedDay
from proxy_oa_assets.days import Day
from proxy_oa_assets.errors import StorageError
from proxy_oa_assets.published_results import published_results
from proxy_oa_assets.resources.hdfs import HdfsResource
from proxy_oa_assets.resources.workspace import Workspace

_ANY_DAY = Day.parse("2016-09-12")


def day_folders(hdfs: HdfsResource, workspace: Workspace, partitions: Container[str]) -> dict[Day, int]:
    """Return when the folder of each day of the given partition keys was modified, in milliseconds.

    Other folders are left out. Raises StorageError if the root can't be read.
    """
    root, _, _ = workspace.results(_ANY_DAY).rpartition(f"/{_ANY_DAY.folder}/")
    days = ((Day.of_folder(entry.name), entry.modified) for entry in hdfs.list_folder(root))
    return {day: modified for day, modified in days if day and day.key in partitions}


def ranked_days(
    hdfs: HdfsResource, workspace: Workspace, days: Iterable[Day], unreadable: list[StorageError]
) -> Iterator[RankedDay]:
    """Yield each of the days that has results, in the order given.

    What is refused of a day is put to `unreadable`, so that it costs that day alone. Raises StorageError if
    the storage can't be reached.
    """
    for day in days:
        path = workspace.results(day)
        try:
            published = published_results(hdfs, path)
        except StorageError as error:
            if error.transient:
                raise
            unreadable.append(error)
            continue
        if published:
            yield RankedDay(day, path, published.modified, published.length)
