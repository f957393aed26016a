"""A snapshot of tables' files, which stays as it is while a statement reads it.

DuckDB opens a file more than once per statement: a day that is replaced in between would give one version's
footer and another version's rows. Hard links keep the version that was current when the statement began.
Where the system refuses them (another user's file, another file system), a raw file is kept open instead, and
the small file of one of our tables is copied: reading a home needs no right to write there.
"""

import errno
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from itertools import chain
from pathlib import Path
from tempfile import gettempdir

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import StorageError, WarehouseError
from proxy_oa_assets.model.files import temporary_folder
from proxy_oa_assets.model.tables import Table
from proxy_oa_assets.resources.local.partitions import day_folders, own_day_files
from proxy_oa_assets.resources.local.raw_day import raw_day_files

TableFiles = Mapping[Table, list[Path]]

_NO_LINKS = (
    errno.EXDEV,
    errno.EPERM,
    errno.EACCES,
    errno.EMLINK,
    errno.ENOTSUP,
    errno.ENOSYS,
)
_OPEN_FILES = Path("/proc/self/fd")  # Linux


@contextmanager
def snapshot(
    base: Path, tables: list[Table], days: tuple[Day, Day] | None, scratch: Path
) -> Iterator[TableFiles]:
    """Yield links to the files of the tables' days; `base` stands for HUSER.

    A WarehouseError that names a link is raised again with the file's own path.
    """
    with temporary_folder(scratch) as folder, ExitStack() as opened:
        links: dict[Table, dict[Path, Path]] = {table: {} for table in tables}
        for table in tables:
            for day in day_folders(base, table, days):
                links[table] |= _linked_day(day, table, folder, opened)
        with naming_originals(dict(chain.from_iterable(linked.items() for linked in links.values()))):
            yield {table: list(linked) for table, linked in links.items()}


@contextmanager
def naming_originals(originals: Mapping[Path, Path]) -> Iterator[None]:
    """Raise a WarehouseError that names a link or a copy again with the path of its original."""
    try:
        yield
    except WarehouseError as error:
        message = str(error)
        for path, original in originals.items():
            message = message.replace(str(path), str(original))
        raise type(error)(message) from error


def day_files(folder: Path, table: Table) -> list[Path]:
    """Return the data files of the day that has a folder."""
    return raw_day_files(folder) if table.hourly else own_day_files(folder)


def writable_folder(preferred: Path) -> Path:
    """Return a folder for temporary files: the preferred one, or this user's in the system's (`TMPDIR`).

    Raises StorageError if another user owns that one.
    """
    existing = next(folder for folder in (preferred, *preferred.parents) if folder.exists())
    # A file in the folder's place is an error, which names it where it is used.
    if not existing.is_dir() or os.access(existing, os.W_OK | os.X_OK):
        return preferred
    own = Path(gettempdir(), f"proxy-oa-{os.getuid()}")
    own.mkdir(mode=0o700, exist_ok=True)
    if own.is_symlink() or own.stat().st_uid != os.getuid():
        raise StorageError(f"{own} belongs to another user; set TMPDIR to a folder of your own")
    return own


def partition_pattern(table: Table) -> str:
    """Return a regular expression whose groups are the partition's values in the path of a link."""
    return f"/{table.name},{','.join(f'{column.name}=([^,]*)' for column in table.partitions)},[^/]*$"


def _linked_day(day: Path, table: Table, target: Path, opened: ExitStack) -> dict[Path, Path]:
    """Link the files of a day's folder into another one; return the links with their files.

    `opened` closes the files that are kept open instead.

    A writer switches the day and then removes superseded files one by one, so the listed files are one
    version of the day only if the list is the same after all of them are linked.
    """
    while True:
        files = day_files(day, table)
        links: dict[Path, Path] = {}
        for number, file in enumerate(files):
            # A folder for each partition would take longer to make and remove than many a query.
            hour = [file.parent.name] if table.hourly else []
            name = ",".join((table.name, *day.parts[-3:], *hour, f"{number}.parquet"))
            links[target / name] = file
        with suppress(FileNotFoundError):  # a file was removed after it was listed
            for link, file in links.items():
                try:
                    # A link to a relative symbolic link would dangle here.
                    os.link(os.path.realpath(file), link)
                except OSError as error:
                    if error.errno not in _NO_LINKS:
                        raise
                    # An open file stays the version that it was, and a copy of it, too.
                    if table.hourly and _OPEN_FILES.is_dir():
                        link.symlink_to(_OPEN_FILES / str(opened.enter_context(file.open("rb")).fileno()))
                    else:
                        shutil.copyfile(file, link)
            if day_files(day, table) == files:
                return links
        for link in links:
            link.unlink(missing_ok=True)
