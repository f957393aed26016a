"""Files that stay as they are while a statement reads them.

DuckDB opens a file more than once per statement: a day that is replaced in between would give one version's
footer and another version's rows. A hard link keeps the version that was current when the statement began.
"""

import errno
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import WarehouseError
from proxy_oa_assets.model.tables import PROXY, Table
from proxy_oa_assets.resources.local.partitions import day_files, day_folders, partition_files

Files = Mapping[Table, list[Path]]

_PREFIX = "reading-"
_LEFT_BEHIND_SECONDS = 24 * 3600
_NO_LINKS = (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP)


@contextmanager
def pinned(base: Path, tables: list[Table], days: tuple[Day, Day] | None, scratch: Path) -> Iterator[Files]:
    """Give the files of the tables' days; those of our own tables are pinned until the block ends.

    The raw table isn't: nothing here ever replaces its files.
    """
    with reading_folder(scratch) as folder:
        links = {table: _linked(base, table, days, folder) for table in tables if table is not PROXY}
        with _named_as_they_stand(links.values()):
            yield {
                table: partition_files(base, table, days) if table is PROXY else list(links[table])
                for table in tables
            }


@contextmanager
def reading_folder(scratch: Path) -> Iterator[Path]:
    """Give a folder for what is only to be read, which is removed when the block ends, or a day later."""
    scratch.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=_PREFIX, dir=scratch) as folder:
        yield Path(folder)


def remove_left_behind(scratch: Path) -> None:
    """Remove what processes that were killed a day ago or more had to read from."""
    for folder in scratch.glob(f"{_PREFIX}*"):
        with suppress(FileNotFoundError):  # its process has ended meanwhile
            if time.time() - folder.stat().st_mtime > _LEFT_BEHIND_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _named_as_they_stand(links: Iterable[Mapping[Path, Path]]) -> Iterator[None]:
    """Have an error name the files themselves: nobody finds a link that is gone."""
    try:
        yield
    except WarehouseError as error:
        told = str(error)
        for link, file in (pair for table in links for pair in table.items()):
            told = told.replace(str(link), str(file))
        raise type(error)(told) from error


def _linked(base: Path, table: Table, days: tuple[Day, Day] | None, folder: Path) -> dict[Path, Path]:
    """Return the links, each with its file."""
    links: dict[Path, Path] = {}
    for day in day_folders(base, table, days):
        links |= _linked_day(day, table, folder.joinpath(table.name, *day.parts[-len(table.partitions) :]))
    return links


def _linked_day(day: Path, table: Table, target: Path) -> dict[Path, Path]:
    """Link the files of a day's folder into another one.

    A writer puts its file in place, and then removes another engine's one by one: only a day that is the
    same once all of it is linked was whole when it was listed.
    """
    files = day_files(day, table)
    while files:
        target.mkdir(parents=True, exist_ok=True)
        links = _links(files, target)
        now = day_files(day, table)
        if links and now == files:
            return dict(zip(links, files, strict=True))
        for link in links:
            link.unlink()
        files = now
    return {}


def _links(files: list[Path], target: Path) -> list[Path]:
    """Link all of a day's files, or none where one of them is gone."""
    links = [target / file.name for file in files]
    try:
        for file, link in zip(files, links, strict=True):
            _link(file, link)
    except FileNotFoundError:
        for link in links:
            link.unlink(missing_ok=True)
        return []
    return links


def _link(file: Path, link: Path) -> None:
    try:
        # A link to a symbolic link would lead nowhere from here.
        os.link(os.path.realpath(file), link)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # A copy is as good: an open file stays the version that it was.
        shutil.copyfile(file, link)
