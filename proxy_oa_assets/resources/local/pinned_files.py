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
from proxy_oa_assets.model.tables import Table
from proxy_oa_assets.resources.local.partitions import day_files, day_folders

Files = Mapping[Table, list[Path]]

_PREFIX = "reading-"
_LEFT_BEHIND_SECONDS = 24 * 3600
_NO_LINKS = (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP)


@contextmanager
def pinned(base: Path, tables: list[Table], days: tuple[Day, Day] | None, scratch: Path) -> Iterator[Files]:
    """Yield the files of the tables' days, which stay as they are until the block ends."""
    with reading_folder(scratch) as folder:
        links = {table: _linked(base, table, days, folder) for table in tables}
        with _original_paths(links.values()):
            yield {table: list(links[table]) for table in tables}


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
def _original_paths(links: Iterable[Mapping[Path, Path]]) -> Iterator[None]:
    """Name the linked files in errors: the links are gone by the time that an error is read."""
    try:
        yield
    except WarehouseError as error:
        message = str(error)
        for link, file in (pair for table in links for pair in table.items()):
            message = message.replace(str(link), str(file))
        raise type(error)(message) from error


def _linked(base: Path, table: Table, days: tuple[Day, Day] | None, folder: Path) -> dict[Path, Path]:
    """Return the links to a table's files, each with its file."""
    links: dict[Path, Path] = {}
    for day in day_folders(base, table, days):
        links |= _linked_day(day, table, folder.joinpath(table.name, *day.parts[-3:]))
    return links


def _linked_day(day: Path, table: Table, target: Path) -> dict[Path, Path]:
    """Link the files of a day's folder below another one.

    A writer switches the day and then removes superseded files one by one, so the files that were listed are
    one version of the day only if the day is the same after all of them are linked.
    """
    while True:
        files = day_files(day, table)
        # The view takes the partition's values from the folders: a raw day's hour, no version's `run=...`.
        links = {(target / file.parent.name if table.hourly else target) / file.name: file for file in files}
        if _link_all(links) and day_files(day, table) == files:
            return links
        for link in links:
            link.unlink(missing_ok=True)


def _link_all(links: Mapping[Path, Path]) -> bool:
    """Make links; return False if one of the files is gone."""
    try:
        for link, file in links.items():
            link.parent.mkdir(parents=True, exist_ok=True)
            _link(file, link)
    except FileNotFoundError:
        return False
    return True


def _link(file: Path, link: Path) -> None:
    try:
        # A link to a symbolic link would lead nowhere from here.
        os.link(os.path.realpath(file), link)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # A copy is as good: an open file stays the version that it was.
        shutil.copyfile(file, link)
