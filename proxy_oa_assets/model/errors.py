"""Errors the user can fix."""


class ProxyOaError(Exception):
    """An error the user can fix: its message names the place (file, line, setting) and the remedy.

    A run retries `transient` ones.
    """

    transient = False


def refusal(error: OSError) -> str:
    """Return an operating system's error as a sentence with the path and what to do."""
    if not isinstance(error.filename, str):
        return str(error)
    return f"{error.filename}: {error.strerror}; check the path and its permissions"


class SettingsError(ProxyOaError):
    """A setting has a value that can't be used."""


class UntrustedFileError(SettingsError):
    """A file that decides what runs belongs to another user."""


class HistoryError(SettingsError):
    """Dagster's history can't be opened as its `dagster.yaml` says."""


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


class CommentChangedError(InvestigationError):
    """Another analyst has changed the comment since it was read; nothing was saved."""
