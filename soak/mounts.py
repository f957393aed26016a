"""File systems of a test's own, which need root: small ones, and read-only ones."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_AMPLE = "1g"


def require_root() -> None:
    """Exit with what to do if this process may not mount."""
    if os.geteuid() != 0:
        raise SystemExit("mounting needs root: run it as root, as in a container of your own")


def make_read_only(folder: Path) -> None:
    """Let a folder be read alone, until `unmount`."""
    _mount("--bind", folder, folder)
    _mount("-o", "remount,bind,ro", folder)


def put_on_small_disk(folder: Path, free: int) -> None:
    """Put a folder with its files on a disk that has so many bytes left, until `unmount`."""
    kept = folder.with_name(f"{folder.name}.kept")
    folder.rename(kept)
    folder.mkdir()
    _mount("-t", "tmpfs", "-o", f"size={_AMPLE}", "none", folder)
    shutil.copytree(kept, folder, symlinks=True, dirs_exist_ok=True)
    shutil.rmtree(kept)
    found = os.statvfs(folder)
    used = (found.f_blocks - found.f_bfree) * found.f_bsize
    # No bytes at all would be no limit.
    _mount("-o", f"remount,size={used + max(free, 1)}", folder)


def free_space(folder: Path) -> None:
    """Free space on the disk of a folder."""
    _mount("-o", f"remount,size={_AMPLE}", folder)


def unmount(folder: Path) -> None:
    """End what the other functions did to a folder; what is on a small disk is gone."""
    subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def mounted(folder: Path) -> Iterator[None]:
    """Unmount a folder when the block ends, if it is mounted."""
    try:
        yield
    finally:
        # A bind mount is on its folder's own device, so `ismount` doesn't see it.
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
        if str(folder) in [line.split()[1] for line in mounts]:
            unmount(folder)


def _mount(*arguments: str | Path) -> None:
    subprocess.run(["mount", *arguments], check=True)
