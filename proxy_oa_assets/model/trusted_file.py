"""Files that decide what a process runs, and where its secrets go: those of another user are refused."""

import os
import pwd
import stat
from collections.abc import Collection
from pathlib import Path

from proxy_oa_assets.model.errors import UntrustedFileError
from proxy_oa_assets.model.files import replacing

TRUSTED_USERS = "PROXY_OA_TRUSTED_USERS"


def read_trusted(path: Path, trusted: Collection[str] = ()) -> bytes:
    """Read a file that belongs, with its folder, to this process' user, to root, or to a trusted user.

    `trusted` are names or numbers of users. Raises UntrustedFileError for another user's file, and for one
    that every user can write; OSError if it can't be read.
    """
    with path.open("rb") as file:
        # The open file's owner: the path may be another file's by now.
        found = os.fstat(file.fileno())
        accepted = {0, os.geteuid(), *map(_number, trusted)}
        for what, status in ((path, found), (path, path.lstat()), (path.parent, path.parent.stat())):
            if status.st_uid not in accepted:
                raise UntrustedFileError(_foreign(path, what, status.st_uid))
        if found.st_mode & stat.S_IWOTH:
            raise UntrustedFileError(
                f"{path} isn't read: every user of this machine can write to it, and what it says runs as "
                f"{_name(os.geteuid())}. Check what is in it, then run chmod o-w"
            )
        return file.read()


def write_trusted(path: Path, content: bytes) -> None:
    """Replace a file that `read_trusted` reads; with a umask of 0, too, not every user can write it."""
    with replacing(path) as file:
        os.fchmod(file.fileno(), stat.S_IMODE(os.fstat(file.fileno()).st_mode) & ~stat.S_IWOTH)
        file.write(content)


def _foreign(path: Path, what: Path, owner: int) -> str:
    subject = "it" if what == path else f"its folder {what}"
    return (
        f"{path} isn't read: {subject} belongs to the user {_name(owner)}, and what it says would run as "
        f"{_name(os.geteuid())}. Run this as {_name(owner)}, or chown it; if you trust {_name(owner)}, set "
        f"{TRUSTED_USERS}={_name(owner)} in the environment"
    )


def _name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:  # a container's user, or one of another machine
        return str(number)


def _number(user: str) -> int:
    if user.isdecimal():
        return int(user)
    try:
        return pwd.getpwnam(user).pw_uid
    except KeyError:
        # An unclosed quote in a `.env` can make the next line, with its secret, a part of the variable.
        name = user.partition("=")[0]
    raise UntrustedFileError(f"{TRUSTED_USERS} names {name!r}; this machine has no such user")
