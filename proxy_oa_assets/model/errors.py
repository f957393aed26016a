"""Errors the user can fix."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self


class ProxyOaError(Exception):
    """An error the user can fix: its message names the place (file, line, setting) and the remedy.

    A run retries `transient` ones.
    """

    transient = False


class DiskError(ProxyOaError):
    """The operating system refuses to read or write a local file; the message names it."""


_NO_SPACE = "free space there, or raise the quota"
_REMEDIES = {
    errno.ENOSPC: _NO_SPACE,
    errno.EDQUOT: _NO_SPACE,
    errno.EFBIG: "raise the limit of a file's size (ulimit -f)",
    errno.EROFS: "mount the file system for writing, or name another folder",
    errno.EIO: "check the disk, or the server that the folder is mounted from",
    errno.ESTALE: "mount the folder again",
    errno.EINTR: "do it again",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENAMETOOLONG: "use a shorter path",
    errno.ELOOP: "correct the symbolic links of the path",
}


def refusal(error: OSError, place: object = None) -> str:
    """Return an operating system's error as a sentence with the path and what to do.

    `place` stands for the path where the error has none.
    """
    has_path = isinstance(error.filename, str | bytes | os.PathLike)
    path = os.fsdecode(error.filename) if has_path else place
    if error.errno is None:
        return str(error)
    reason = f"{error.strerror}; {_REMEDIES.get(error.errno, 'check the path and its permissions')}"
    return reason if path is None else f"{path}: {reason}"


@contextmanager
def disk_errors(place: object = None) -> Iterator[None]:
    """Turn errors of the operating system into DiskError with path and remedy.

    `place` stands for the path where an error has none. Errors without a number are no system's: Arrow's,
    and those of other packages; errors of a connection are no disk's.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None or isinstance(error, ConnectionError):
            raise
        raise DiskError(refusal(error, place)) from error


class SettingsError(ProxyOaError):
    """A setting has a value that can't be used."""


class UntrustedFileError(SettingsError):
    """A file that decides what runs belongs to another user."""


class HistoryError(SettingsError):
    """Dagster's history can't be opened as its `dagster.yaml` says."""

    @classmethod
    def failing(cls, folder: object, reason: object) -> Self:
        """Return the error of a history whose database or disk fails after it was opened."""
        return cls(
            f"Dagster's history in {folder} can't be read or written ({reason}); check the folder's "
            f"permissions and the space there, or the database that its dagster.yaml names"
        )


class ConfError(ProxyOaError):
    """`proxy_conf.json` can't be used; the message names the entry."""


class DayError(ProxyOaError):
    """A text is no daily partition."""


class ResultsError(ProxyOaError):
    """A day's ranked results are missing, empty, or malformed throughout."""


class ResultsChangedError(ResultsError):
    """A day's ranked results changed while they were copied."""

    transient = True


class StorageError(ProxyOaError):
    """A file in HDFS (or its local stand-in) can't be read or written."""


class StorageUnreachableError(StorageError):
    """HDFS doesn't answer."""

    transient = True


class LockedError(StorageError):
    """Another process holds a lock for longer than we wait."""

    transient = True


class LockLostError(StorageError):
    """Our lock expired, and another process may hold it; nothing was written."""

    transient = True


class WarehouseError(ProxyOaError):
    """The SQL engine refused a statement, or a table's files don't fit the table."""


class WarehouseUnreachableError(WarehouseError):
    """The SQL engine doesn't answer, or disconnected during a statement."""

    transient = True


class IngestError(ProxyOaError):
    """A log, or the declaration of its format, can't be used; the message names the file and what to do."""


class LabelsError(ProxyOaError):
    """A file of labels can't be used; the message names the line."""


class RankingError(ProxyOaError):
    """The ranking's weights, lists or rules don't fit."""


class NetworkContextError(ProxyOaError):
    """The network context file can't be read."""


class ReputationConfigError(ProxyOaError):
    """The reputation file or one of its lists can't be used; the message names the entry."""


class ReputationCacheError(ProxyOaError):
    """The file of cached reputation verdicts can't be used."""


class TemplateError(ProxyOaError):
    """A notebook template isn't a notebook; the message names the file."""


class InvestigationError(ProxyOaError):
    """An analyst asked for data that the day doesn't have, or for a record that can't be written."""


class HandOverError(InvestigationError):
    """A hand-over can't be made as asked: an unknown format or marking, or a missing extra."""


class CommentChangedError(InvestigationError):
    """Another analyst has changed the comment since it was read; nothing was saved."""
