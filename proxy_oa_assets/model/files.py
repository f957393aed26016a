"""Local files: atomic replacement, what killed writers leave, and the files that the package ships."""

import errno
import hashlib
import os
import re
import shutil
import socket
import stat
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import BinaryIO

_NO_DATA = re.compile(r"[._].*|.*(\.tmp|\.crc|\._COPYING_)", re.DOTALL)


def is_data_file(name: str) -> bool:
    """Return whether Hive, Impala and Spark read a file of that name, and its writer has finished it."""
    return not _NO_DATA.fullmatch(name)


@contextmanager
def replacing(path: Path, *, durable: bool = False) -> Iterator[BinaryIO]:
    """Yield a temporary file beside `path`; rename it to `path` if the block succeeds.

    With `durable`, the file and its folder are fsynced, and folders that are made, so that a power cut leaves
    the old file or the new one. The mode of a file that is replaced stays. Errors of the system name `path`.
    """
    temporary = path.with_name(temporary_name())
    make_folder(path.parent, durable=durable)
    with naming(path, instead_of=temporary):
        try:
            with temporary.open("xb") as file:
                keep_mode(path, temporary)
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


@contextmanager
def naming(path: Path, *, instead_of: Path | None = None) -> Iterator[None]:
    """Give a path to errors of the system that have none, as those of writing, or that name another file."""
    try:
        yield
    except OSError as error:
        if error.errno is None or error.filename not in (None, instead_of, str(instead_of)):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def read_bytes(path: Path) -> bytes:
    """Return a file's content. Errors of the system name it: those of reading have no path."""
    with naming(path):
        return path.read_bytes()


def replace_if_other(path: Path, content: bytes) -> None:
    """Replace a file by this content, unless it has it: reading is much cheaper than replacing."""
    with suppress(FileNotFoundError):
        if read_bytes(path) == content:
            return
    with replacing(path) as file:
        file.write(content)


def make_folder(folder: Path, *, durable: bool = True) -> None:
    """Make a folder and those above it where they are missing; fsync what is made."""
    missing = []
    while durable and not folder.exists():
        missing.append(folder)
        folder = folder.parent
    (missing or [folder])[0].mkdir(parents=True, exist_ok=True)
    for made in missing:
        sync_folder(made.parent)


def keep_mode(path: Path, replacement: Path) -> None:
    """Give the mode of a file, if there is one, to the file that replaces it; to root's, also the owner."""
    with suppress(FileNotFoundError):
        found = path.lstat()
        # The mode and owner of a link's target say nothing about the link, which is what is replaced.
        if stat.S_ISLNK(found.st_mode):
            return
        if os.geteuid() == 0:
            os.chown(replacement, found.st_uid, found.st_gid)
        replacement.chmod(stat.S_IMODE(found.st_mode))


def refuse_link(path: Path) -> None:
    """Raise OSError if a link stands where a file of a fixed name is opened and written in place.

    Those who may write the home but not the link's target could have this process change that file.
    """
    if path.is_symlink():
        raise OSError(errno.ELOOP, "it is a link, which would have another file changed", str(path))


def sync_folder(folder: Path) -> None:
    """Fsync a folder, which makes a rename or a removal in it durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with naming(folder):
            os.fsync(descriptor)
    except OSError as error:
        # SMB and some FUSE file systems have no fsync of a folder; nothing else makes a rename durable there.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):
            raise
    finally:
        os.close(descriptor)


# Of earlier versions, too: without a process, of a table's day, or of a reader.
_TEMPORARY = re.compile(
    r"reading-\w{8}|\.(?:.+\.)?(?:(?P<machine>[0-9a-f]{8})-(?P<pid>\d+)-[0-9a-f]{8}|[0-9a-f]{32}|part\.\d+)\.tmp",
    re.ASCII | re.DOTALL,
)
_ABANDONED_SECONDS = 24 * 3600


def temporary_name(name: str = "") -> str:
    """Return a unique name for a file that isn't finished, with this process in it; engines hide it."""
    return f".{name and f'{name}.'}{_machine()}-{os.getpid()}-{uuid.uuid4().hex[:8]}.tmp"


def is_abandoned(name: str, modified: float) -> bool:
    """Return whether a name is that of a killed writer's temporary file; `modified` is in Unix seconds.

    A process of this machine is known to live or not; another machine's counts as dead after a day.
    """
    found = _TEMPORARY.fullmatch(name)
    if found and found["machine"] == _machine():
        return not _lives(int(found["pid"]))
    return bool(found) and time.time() - modified > _ABANDONED_SECONDS


def remove_abandoned(folder: Path) -> int:
    """Remove what killed writers left in a folder; return how many files."""
    removed = 0
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):  # its writer has just ended
                if entry.name.endswith(".tmp") and is_abandoned(entry.name, entry.stat().st_mtime):
                    Path(entry).unlink()
                    removed += 1
    return removed


_FOLDER = "reading"


@contextmanager
def temporary_folder(scratch: Path) -> Iterator[Path]:
    """Yield a folder that is removed when the block ends, or by a later process if this one is killed."""
    folder = scratch / temporary_name(_FOLDER)
    scratch.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        try:
            shutil.rmtree(folder)
        except OSError as error:
            # The system's error names the file without its folder.
            raise OSError(error.errno, error.strerror, str(folder)) from error


def remove_stale_folders(scratch: Path) -> None:
    """Remove the temporary folders of killed processes."""
    for folder in scratch.glob(f"*{_FOLDER}*"):
        with suppress(FileNotFoundError):  # its process ended after it was listed
            if is_abandoned(folder.name, folder.stat().st_mtime):
                shutil.rmtree(folder, ignore_errors=True)


@cache
def _machine() -> str:
    """Return eight hex digits that stand for a boot of this machine, and a container's process numbers."""
    parts = [socket.gethostname()]
    with suppress(OSError):  # Linux
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii"))
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return hashlib.sha256("".join(parts).encode()).hexdigest()[:8]


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # another user's
    return True


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
