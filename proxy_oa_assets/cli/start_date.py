"""Whether PROXY_OA_START_DATE fits the days there are: `init-db` and `doctor` report it."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import date

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY
from proxy_oa_assets.model.text import counted
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.settings import Settings


def first_day(configured: Deployment) -> Day | None:
    """Return the first day that has a folder of raw requests or of ranked results, by some listings."""
    hdfs, huser = configured.hdfs, configured.workspace.huser
    ranked = map(Day.of_folder, _folders(hdfs, f"{huser}/proxy/scored_results"))
    raw = next(_raw_days(hdfs, f"{huser}/proxy/hive"), None)
    return min(filter(None, (raw, *ranked)), default=None)


class Doubtful(str):
    """What a probe found, and a person should look at."""

    __slots__ = ()


def start_date_finding(settings: Settings, first: Day | None) -> str:
    """Return a sentence about the start date, which proposes the first day there is instead."""
    start = Day(settings.start_date)
    if first is None:
        return f"{start}; no day has raw requests or ranked results yet"
    if first == start:
        return f"{start}, the first day there is"
    if first < start:
        return Doubtful(
            f"{start} leaves out earlier days: the first day there is is {first}; "
            f"set PROXY_OA_START_DATE={first} to include them"
        )
    never = counted((first.date - start.date).days, "day")
    return (
        f"{start}, but the first day there is is {first}; set PROXY_OA_START_DATE={first}, "
        f'or the web UI offers {never} before it as "missing"'
    )


def _raw_days(hdfs: FileStore, folder: str) -> Iterator[Day]:
    """Yield the days of a partitioned table's folders in order; hours and files aren't looked at."""
    year, month, day = (column.name for column in PROXY.partitions[:3])
    for y, of_year in _numbered(hdfs, folder, year):
        for m, of_month in _numbered(hdfs, of_year, month):
            for d, _ in _numbered(hdfs, of_month, day):
                with suppress(ValueError):  # no day of the calendar
                    yield Day(date(y, m, d))


def _numbered(hdfs: FileStore, folder: str, column: str) -> list[tuple[int, str]]:
    """Return the numbers of a folder's partitions with their paths, in order."""
    parts = ((name.removeprefix(f"{column}="), name) for name in _folders(hdfs, folder) if "=" in name)
    return sorted(
        (int(text), f"{folder}/{name}") for text, name in parts if text.isdecimal() and text.isascii()
    )


def _folders(hdfs: FileStore, folder: str) -> list[str]:
    return [entry.name for entry in hdfs.list_folder(folder) if entry.is_folder]
