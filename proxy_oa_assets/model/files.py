"""Local files: atomic replacement, and the files that the package ships."""

import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

_NO_DATA = re.compile(r"[._].*|.*(\.tmp|\.crc|\._COPYING_)", re.DOTALL)


def is_data_file(name: str) -> bool:
    """Return whether Hive, Impala and Spark read a file of that name, and its writer has finished it."""
    return not _NO_DATA.fullmatch(name)


@contextmanager
def replacing(path: Path, *, durable: bool = False) -> Iterator[BinaryIO]:
    """Yield a temporary file beside `path`; rename it to `path` if the block succeeds.

    With `durable`, the file and its folder are fsynced, so that a power cut leaves the old file or the new
    one.
    """
    temporary = path.with_name(f".{uuid.uuid4().hex}.tmp")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with temporary.open("xb") as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def replace_if_other(path: Path, content: bytes) -> None:
    """Replace a file by this content, unless it has it: reading is much cheaper than replacing."""
    with suppress(FileNotFoundError):
        if path.read_bytes() == content:
            return
    with replacing(path) as file:
        file.write(content)


def sync_folder(folder: Path) -> None:
    """Fsync a folder, which makes a rename or a removal in it durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_PACKAGE = Path(__file__).parents[1]


def bundled(name: str) -> Path:
    """Return the path of a shipped file or folder. Raises FileNotFoundError if the installation lacks it."""
    for folder in (_PACKAGE / "bundled", _PACKAGE.parent):
        path = folder / name
        if path.exists():
            return path
    raise FileNotFoundError(
        f"{name} is missing from the installation at {_PACKAGE}; install the package again"
    )
