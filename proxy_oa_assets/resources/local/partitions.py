"""The files of a table's partitions in a local folder of the cluster's own Hive layout."""

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import WarehouseError
from proxy_oa_assets.model.files import sync_folder
from proxy_oa_assets.model.tables import PROXY, RAW_HOUR_FOLDER, TABLES, Table, declared, differences
from proxy_oa_assets.resources.parquet import stored_columns

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


def day_lock(table_folder: Path, day: Day) -> FileLock:
    """Keep two writers of a day apart; the operating system frees a dead writer's lock."""
    locks = table_folder / ".locks"
    locks.mkdir(parents=True, exist_ok=True)
    return FileLock(locks / f"{day}.lock")


@contextmanager
def replacing_part(folder: Path) -> Iterator[Path]:
    """Give a file to write; once it is on the disk, it is the day. The day's lock must be held."""
    folder.mkdir(parents=True, exist_ok=True)
    # DuckDB's globs read dot files, so the name must not end in .parquet.
    temporary = folder / f".part.{os.getpid()}.tmp"
    for left in folder.glob(".part.*.tmp"):
        left.unlink()  # of a writer that was killed: the lock is ours
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(folder / PART)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(folder)


_NAMED_DAYS = 3


def create_tables(base: Path) -> list[str]:
    """Create what is missing, and return what to say about each table; `base` stands for HUSER."""
    lines = []
    for table in TABLES.values():
        folder = base / table.location
        existed = folder.is_dir()
        folder.mkdir(parents=True, exist_ok=True)
        lines.append(f"{table.name}: {'there already' if existed else 'created'}, {folder}")
        # Nothing here writes the raw table, whose days can have thousands of files.
        if table is not PROXY:
            lines += _other_columns(base, table)
    return lines


def _other_columns(base: Path, table: Table) -> Iterator[str]:
    """Yield what to say of days whose files have other columns than ours."""
    days: dict[str, list[str]] = defaultdict(list)
    for folder in day_folders(base, table, None):
        for different in _differences(folder, table):
            days[different].append("/".join(folder.parts[-len(table.partitions) :]))
    for different, folders in days.items():
        more = f" and {len(folders) - _NAMED_DAYS} more" if len(folders) > _NAMED_DAYS else ""
        yield f"  {different}: {', '.join(folders[:_NAMED_DAYS])}{more}"
    if days:
        yield (
            "  Nothing was changed; a column of another type is read as ours. To migrate a day, materialize "
            "it again: proxy-oa run --date YYYY-MM-DD"
        )


def _differences(folder: Path, table: Table) -> list[str]:
    """Return how the columns of a day's files differ from ours."""
    with suppress(FileNotFoundError):  # a writer has replaced the day meanwhile, in our columns
        files = day_files(folder, table)
        try:
            return differences(declared(table.columns), stored_columns(files)) if files else []
        except WarehouseError as error:
            return [str(error)]
    return []
