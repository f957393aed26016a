"""The days of all tables in a local folder of the cluster's own Hive layout; `base` stands for HUSER."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from filelock import FileLock

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import DayError
from proxy_oa_assets.model.tables import Table
from proxy_oa_assets.resources.local.own_day import own_day_files
from proxy_oa_assets.resources.local.raw_day import raw_day_files


def day_folders(base: Path, table: Table, days: tuple[Day, Day] | None) -> list[Path]:
    """Return the folders of the days from first to last, or of every day."""
    if days is None:
        return sorted((base / table.location).glob("y=*/m=*/d=*"))
    first, last = days
    return [base / table.day_folder(day) for day in first.through(last)]


def stored_days(base: Path, table: Table) -> Iterator[Day]:
    """Yield the days that have a folder, the newest first."""
    keys = (
        "-".join(part.partition("=")[2].zfill(2) for part in folder.parts[-3:])
        for folder in day_folders(base, table, None)
    )
    for key in sorted(keys, reverse=True):
        with suppress(DayError):  # a folder of another system's, such as d=__HIVE_DEFAULT_PARTITION__
            yield Day.parse(key)


def day_files(folder: Path, table: Table) -> list[Path]:
    """Return the data files of the day that has a folder."""
    return raw_day_files(folder) if table.hourly else own_day_files(folder)


def partition_files(base: Path, table: Table, days: tuple[Day, Day] | None) -> list[Path]:
    """Return the data files of the days from first to last, or of every day."""
    return [file for folder in day_folders(base, table, days) for file in day_files(folder, table)]


def day_lock(table_folder: Path, day: Day) -> FileLock:
    """Keep two writers of a day apart; the operating system releases a dead writer's lock."""
    locks = table_folder / ".locks"
    locks.mkdir(parents=True, exist_ok=True)
    return FileLock(locks / f"{day}.lock")
