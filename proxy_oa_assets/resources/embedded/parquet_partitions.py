"""The files of a table's partitions in a local folder of the cluster's own Hive layout."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from proxy_oa_assets.days import Day
from proxy_oa_assets.tables import RAW_HOUR_FOLDER, Table

# The one file of a day that this project wrote. Where it stands it is the day, whatever stands beside it.
PART = "part.parquet"
_UNFINISHED = (".tmp", ".crc", "._COPYING_")


def partition_files(base: Path, table: Table, days: tuple[Day, Day] | None) -> list[Path]:
    """Return the data files of the days from first to last, or of every day; `base` stands for HUSER."""
    if days is None:
        folders: Iterable[Path] = sorted((base / table.location).glob("y=*/m=*/d=*"))
    else:
        first, last = days
        folders = (base / table.day_folder(day) for day in first.through(last))
    return [file for folder in folders for file in _day_files(folder, table)]


def foreign_files(folder: Path) -> list[Path]:
    """Return what another engine, or a cluster, left beside our own file of a day."""
    beside = [file for file in _visible_files(folder) if file.name != PART]
    return [*beside, *(file for version in _versions(folder) for file in _visible_files(version))]


def day_folder(file: Path) -> Path:
    """Return the folder whose name ends in the partition of a file; a version of a day is below it."""
    return file.parent.parent if file.parent.name.startswith("run=") else file.parent


def _day_files(folder: Path, table: Table) -> Iterator[Path]:
    if len(table.partitions) > len(("y", "m", "d")):
        for hour in sorted(folder.glob("h=*")):
            if RAW_HOUR_FOLDER.fullmatch(hour.name):
                yield from _data_files(hour)
    elif (folder / PART).is_file():
        yield folder / PART
    else:
        # In a folder copied from a cluster, the newest version that has rows is the day.
        newest_first = sorted(_versions(folder), key=lambda version: version.name, reverse=True)
        yield from next(filter(None, (list(_data_files(place)) for place in (*newest_first, folder))), [])


def _versions(folder: Path) -> list[Path]:
    """Return the folders in which the cluster's form keeps versions of a day; see `day_versions.py`."""
    table, day = folder.parents[2], folder.parts[-3:]
    return [*folder.glob("run=*"), *table.joinpath("_beside", *day).glob("run=*")]


def _data_files(folder: Path) -> Iterator[Path]:
    """Yield what has rows: Impala, Hive and Spark pass over empty files, which aborted jobs leave behind."""
    return (file for file in _visible_files(folder) if file.stat().st_size > 0)


def _visible_files(folder: Path) -> list[Path]:
    """Return a folder's data files: Hive, Impala and Spark hide what begins with a dot or an underscore."""
    if not folder.is_dir():
        return []
    return sorted(
        entry
        for entry in folder.iterdir()
        if not entry.name.startswith((".", "_")) and not entry.name.endswith(_UNFINISHED) and entry.is_file()
    )
