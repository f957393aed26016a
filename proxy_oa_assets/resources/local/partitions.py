"""The tables' days as folders in the cluster's own Hive layout (the raw table's hours: `raw_day.py`)."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import DayError
from proxy_oa_assets.model.files import (
    is_data_file,
    keep_mode,
    make_folder,
    naming,
    remove_abandoned,
    sync_folder,
    temporary_name,
)
from proxy_oa_assets.model.tables import Table

# Where this file exists it is the day, and files beside it are ignored.
PART = "part.parquet"


def day_folders(base: Path, table: Table, days: tuple[Day, Day] | None) -> list[Path]:
    """Return the folders of the days from first to last, or of every day; `base` stands for HUSER.

    A raw day has one folder here, padded, however other systems write it.
    """
    if days is None:
        found = (base / table.location).glob("y=*/m=*/d=*")
        return sorted(set(map(_padded, found)) if table.hourly else found)
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


def _padded(day: Path) -> Path:
    month, number = (f"{name[:2]}{name[2:].zfill(2)}" for name in (day.parent.name, day.name))
    return day.parents[1] / month / number


def own_day_files(day: Path) -> list[Path]:
    """Return the data files of the day that has a folder."""
    if (day / PART).is_file():
        return [day / PART]
    # In a folder copied from a cluster, the newest version that has rows is the day.
    newest_first = sorted(_versions(day), key=lambda version: version.name, reverse=True)
    for folder in (*newest_first, day):
        if files := [file for file in visible_files(folder) if has_content(file)]:
            return files
    return []


def other_files(day: Path) -> list[Path]:
    """Return the files of a day that another engine or a cluster wrote."""
    beside = [file for file in visible_files(day) if file.name != PART]
    return [*beside, *(file for version in _versions(day) for file in visible_files(version))]


@contextmanager
def replacing_part(day: Path) -> Iterator[Path]:
    """Yield a temporary path; on success fsync and rename it to the day's part file.

    Of two writers the last one's file stays, whole; a lock of the day's analysts or of the asset keeps those
    apart that read before they write. What killed writers left is removed.
    """
    make_folder(day)
    remove_abandoned(day)
    # DuckDB's globs read dot files, so the name must not end in .parquet.
    temporary = day / temporary_name("part")
    with naming(day / PART, instead_of=temporary):
        try:
            yield temporary
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
            keep_mode(day / PART, temporary)
            temporary.replace(day / PART)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(day)


def visible_files(folder: Path) -> list[Path]:
    """Return a folder's files, without those that Hive, Impala and Spark hide and unfinished ones."""
    if not folder.is_dir():
        return []
    return sorted(entry for entry in folder.iterdir() if is_data_file(entry.name) and entry.is_file())


def has_content(file: Path) -> bool:
    """Return whether a file has a byte: engines skip empty files, which aborted jobs leave behind."""
    with suppress(FileNotFoundError):  # a writer has replaced it since it was listed
        return file.stat().st_size > 0
    return False


def _versions(day: Path) -> list[Path]:
    """Return the folders in which the cluster's form keeps versions of a day; see `day_versions.py`."""
    table, parts = day.parents[2], day.parts[-3:]
    return [*day.glob("run=*"), *table.joinpath("_beside", *parts).glob("run=*")]
