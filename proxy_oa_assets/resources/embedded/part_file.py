"""The one file of a table's day, replaced as a whole."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from proxy_oa_assets.days import Day
from proxy_oa_assets.local_files import sync_folder
from proxy_oa_assets.resources.embedded.parquet_partitions import PART


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
