"""The one family of errors that a user can mend."""


class ProxyOaError(Exception):
    """Something a user can mend; its message names the place (file, line, setting) and the remedy.

    What is `transient` may be gone the next time: a run tries again.
    """

    transient = False


def refusal(error: OSError) -> str:
    """Return what the operating system refuses of a file, and what to do, in one sentence."""
    if not isinstance(error.filename, str):
        return str(error)
    return f"{error.filename}: {error.strerror}; check the path, and what this user may do there"


class SettingsError(ProxyOaError):
    """A setting has a value that can't be used."""


class HistoryError(SettingsError):
    """Dagster's history can't be opened with the `dagster.yaml` that there is."""


class ConfError(ProxyOaError):
    """`proxy_conf.json` doesn't fit; the message names the entry."""


class DayError(ProxyOaError):
    """A text that names no daily partition."""


class ResultsError(ProxyOaError):
    """A day's ranked results are missing, empty, or malformed throughout."""


class StorageError(ProxyOaError):
    """A file in HDFS (or its local stand-in) can't be read or written."""


class StorageUnreachableError(StorageError):
    """HDFS doesn't answer, or not yet."""

    transient = True


class LockedError(StorageError):
    """Somebody else holds a lock, longer than we wait for it."""

    transient = True


class LockLostError(StorageError):
    """A lock was ours, and somebody else may have it by now; what was to be written isn't."""

    transient = True


class WarehouseError(ProxyOaError):
    """The SQL engine refused a statement, or a table's files don't fit the table."""


class WarehouseUnreachableError(WarehouseError):
    """The SQL engine doesn't answer, or went away in the middle of a statement."""

    transient = True


class NetworkContextError(ProxyOaError):
    """The network context file can't be read at all."""


class ReputationConfigError(ProxyOaError):
    """The reputation file or one of its lists can't be used; the message names the entry."""


class ReputationCacheError(ProxyOaError):
    """The file of what reputation services said lately can't be used."""


class TemplateError(ProxyOaError):
    """A notebook template isn't a notebook; the message names the file."""


class InvestigationError(ProxyOaError):
    """An analyst asked for something that the day doesn't have, or that can't be recorded."""


class CommentChangedError(InvestigationError):
    """Somebody else has saved a comment since the one that was to be replaced; nothing was saved."""
