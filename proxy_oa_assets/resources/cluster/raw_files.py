"""The files of an hour of the raw table in HDFS, and how a new version of the hour is written from them."""

import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from proxy_oa_assets.model.files import is_data_file
from proxy_oa_assets.model.tables import RAW_HOUR_FOLDER
from proxy_oa_assets.resources.hdfs import FileStatus, FileStore

_CHUNK = 1 << 20
_OURS = re.compile(r"part\.\d{8}t\d{6}_[0-9a-f]{8}\.\d+\.parquet", re.ASCII)


def hour_folders(entries: Iterable[FileStatus]) -> dict[str, FileStatus]:
    """Return the folders of a raw day's hours, by hour as its folder writes it."""
    found = ((RAW_HOUR_FOLDER.fullmatch(entry.name), entry) for entry in entries if entry.is_folder)
    return {match[1]: entry for match, entry in found if match}


def data_files(entries: Iterable[FileStatus]) -> list[FileStatus]:
    """Return those of a folder's entries that engines read."""
    return [entry for entry in entries if not entry.is_folder and entry.length and is_data_file(entry.name)]


def write_files(hdfs: FileStore, folder: str, run: str, files: Sequence[Path]) -> None:
    """Upload local files of a run to the folder of an hour."""
    for number, file in enumerate(files):
        hdfs.write(f"{folder}/part.{run}.{number}.parquet", _local(file))


def write_changed_hour(
    hdfs: FileStore,
    folder: str,
    run: str,
    there: Sequence[FileStatus],
    *,
    added: Sequence[Path],
    retracted: Sequence[Path],
) -> None:
    """Write the files of an hour to another folder, with those that are added and without retracted rows.

    Other systems' files are copied as they are, and read as they were.
    """
    from proxy_oa_assets.resources.raw_hour import MOST_FILES, changed_hour

    ours = {entry.name: entry for entry in there if _OURS.fullmatch(entry.name)}
    with TemporaryDirectory() as scratch:
        local = list[Path]()
        if retracted or len(ours) + len(added) > MOST_FILES:
            local = [_downloaded(hdfs, entry.path, Path(scratch, name)) for name, entry in ours.items()]
        change = changed_hour(local, added, retracted, Path(scratch, "merged.parquet"))
        write_files(hdfs, folder, run, change.written)
    replaced = {file.name for file in change.replaced}
    for number, entry in enumerate(there):
        if entry.name not in ours:
            hdfs.write(f"{folder}/taken.{run}.{number}.parquet", _stored(hdfs, entry.path))
        elif entry.name not in replaced:
            hdfs.write(f"{folder}/{entry.name}", _stored(hdfs, entry.path))


def _downloaded(hdfs: FileStore, path: str, target: Path) -> Path:
    with hdfs.open(path) as source, target.open("wb") as file:
        shutil.copyfileobj(source, file)
    return target


def _local(file: Path) -> "_Content":
    return _Content(lambda: file.open("rb"))


def _stored(hdfs: FileStore, path: str) -> "_Content":
    return _Content(lambda: hdfs.open(path))


@dataclass(frozen=True)
class _Content(Iterable[bytes]):
    """What a file contains; it can be sent again."""

    opened: Callable[[], AbstractContextManager[BinaryIO]]

    def __iter__(self) -> Iterator[bytes]:
        with self.opened() as file:
            while chunk := file.read(_CHUNK):
                yield chunk
