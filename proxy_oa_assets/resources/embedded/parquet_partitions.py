"""The files of a table's partitions in a local folder of the cluster's own Hive layout."""

from pathlib import Path

from proxy_oa_assets.days import Day
from proxy_oa_assets.tables import RAW_HOUR_FOLDER, Table

# The one file of a day that this project wrote. Where it stands it is the day, whatever stands beside it.
PART = "part.parquet"
_UNFINISHED = (".tmp", ".crc", "._COPYING_")


def partition_files(base: Path, table: Table, days: tuple[Day, Day] | None) -> list[Path]:
    """Return the data files of the days from first to last, or of every day; `base` stands for HUSER."""
    return [file for folder in day_folders(base, table, days) for file in day_files(folder, table)]


def day_folders(base: Path, table: Table, days: tuple[Day, Day] | None) -> list[Path]:
    """Return the folders of the days from first to last, or of every day."""
    if days is None:
        return sorted((base / table.location).glob("y=*/m=*/d=*"))
    first, last = days
    return [base / table.day_folder(day) for day in first.through(last)]


def foreign_files(folder: Path) -> list[Path]:
    """Return what another engine, or a cluster, left beside our own file of a day."""
    beside = [file for file in _visible_files(folder) if file.name != PART]
    return [*beside, *(file for version in _versions(folder) for file in _visible_files(version))]


def day_files(folder: Path, table: Table) -> list[Path]:
    """Return the data files of the day that has a folder."""
    if len(table.partitions) > len(("y", "m", "d")):
        hours = (hour for hour in sorted(folder.glob("h=*")) if RAW_HOUR_FOLDER.fullmatch(hour.name))
        return [file for hour in hours for file in _data_files(hour)]
    if (folder / PART).is_file():
        return [folder / PART]
    # In a folder copied from a cluster, the newest version that has rows is the day.
    newest_first = sorted(_versions(folder), key=lambda version: version.name, reverse=True)
    return next(filter(None, map(_data_files, (*newest_first, folder))), [])


def _versions(folder: Path) -> list[Path]:
    """Return the folders in which the cluster's form keeps versions of a day; see `day_versions.py`."""
    table, day = folder.parents[2], folder.parts[-3:]
    return [*folder.glob("run=*"), *table.joinpath("_beside", *day).glob("run=*")]


def _data_files(folder: Path) -> list[Path]:
    """Return what has rows: Impala, Hive and Spark pass over empty files, which aborted jobs leave behind."""
    return [file for file in _visible_files(folder) if _has_content(file)]


def _has_content(file: Path) -> bool:
    try:
        return file.stat().st_size > 0
    except FileNotFoundError:
        return False  # a writer has replaced it meanwhile


def _visible_files(folder: Path) -> list[Path]:
    """Return a folder's data files: Hive, Impala and Spark hide what begins with a dot or an underscore."""
    if not folder.is_dir():
        return []
    return sorted(
        entry
        for entry in folder.iterdir()
        if not entry.name.startswith((".", "_")) and not entry.name.endswith(_UNFINISHED) and entry.is_file()
    )
