"""The files of a folder that may be logs."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from proxy_oa_assets.model.errors import refusal


@dataclass(frozen=True)
class FolderFile:
    """A file of a folder. `skipped` says why it is no log, `failed` why it, or a folder, can't be read."""

    path: Path
    skipped: str = ""
    failed: str = ""


def folder_files(folder: Path) -> Iterator[FolderFile]:
    """Yield the files of a folder and of those below it, in the order of their names.

    Symbolic links are followed, each folder and file is visited once. Hidden files, and what is no file, are
    skipped.
    """
    refused: list[OSError] = []
    seen: set[tuple[int, int]] = set()
    _is_new(folder, seen)
    for name, folders, files in os.walk(folder, followlinks=True, onerror=refused.append):
        here, entered = Path(name), []
        for each in sorted(folders):
            if each.startswith("."):
                yield FolderFile(here / each, skipped="hidden")
            elif not _is_new(here / each, seen):
                yield FolderFile(here / each, skipped="a link to a folder that is read already")
            else:
                entered.append(each)
        folders[:] = entered
        for file in sorted(files):
            yield _found(here / file, seen)
    for error in refused:
        yield FolderFile(Path(error.filename), failed=refusal(error))


def _is_new(path: Path, seen: set[tuple[int, int]]) -> bool:
    status = path.stat()
    identity = (status.st_dev, status.st_ino)
    if identity in seen:
        return False
    seen.add(identity)
    return True


def _found(path: Path, seen: set[tuple[int, int]]) -> FolderFile:
    if path.name.startswith("."):
        return FolderFile(path, skipped="hidden")
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            return FolderFile(path, skipped="no file, but a pipe, socket or device")
        if not _is_new(path, seen):
            return FolderFile(path, skipped="a link to a file that is read already")
    except FileNotFoundError:
        return FolderFile(path, skipped="a link to nothing, or removed since the folder was listed")
    except OSError as error:
        return FolderFile(path, failed=refusal(error))
    return FolderFile(path)
