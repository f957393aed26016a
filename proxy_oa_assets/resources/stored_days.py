"""Which days a table has, by its folders."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import date

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import Table
from proxy_oa_assets.resources.hdfs import FileStore

FIRST, LAST = Day(date.min), Day(date.max)


def stored_days(
    hdfs: FileStore, huser: str, table: Table, first: Day = FIRST, last: Day = LAST
) -> Iterator[Day]:
    """Yield the days from first to last that have a folder, in order; hours and files aren't looked at."""
    year, month, day = (column.name for column in table.partitions[:3])
    before = None
    for y, of_year in _numbered(hdfs, f"{huser}/{table.location}", year):
        if not first.y <= y <= last.y:
            continue
        for m, of_month in _numbered(hdfs, of_year, month):
            if not (first.y, first.m) <= (y, m) <= (last.y, last.m):
                continue
            for d, _ in _numbered(hdfs, of_month, day):
                with suppress(ValueError):  # no day of the calendar
                    found = Day(date(y, m, d))
                    if found != before and first <= found <= last:  # else it is there in two spellings
                        yield found
                    before = found


def _numbered(hdfs: FileStore, folder: str, column: str) -> list[tuple[int, str]]:
    """Return the numbers of a folder's partitions with their paths, in order."""
    names = [entry.name for entry in hdfs.list_folder(folder) if entry.is_folder]
    parts = ((name.removeprefix(f"{column}="), name) for name in names if "=" in name)
    return sorted(
        (int(text), f"{folder}/{name}") for text, name in parts if text.isdecimal() and text.isascii()
    )
