"""A `.env`: settings and secrets of a folder, as python-dotenv reads them."""

import io
import os
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from dotenv import dotenv_values

from proxy_oa_assets.model.errors import SettingsError, UntrustedFileError, refusal
from proxy_oa_assets.model.trusted_file import TRUSTED_USERS, read_trusted

# They neither run a program nor send a secret anywhere: a reputation file is checked when it is read.
_ABOUT_THE_HOME = {
    f"PROXY_OA_{name}"
    for name in (
        *("HUSER", "DBNAME", "START_DATE", "TIMEZONE", "NETWORK_CONTEXT"),
        *("REPUTATION", "REPUTATION_COVERAGE"),
    )
}

RUNS_ON = (
    "its value isn't shown, because it seems to hold the line of another variable; close its quote and end "
    "its line before the next variable"
)
_LINE_BREAK_OR_NAME = re.compile(r"[\r\n]|[A-Z][A-Z0-9]*_[A-Z0-9_]*\s*=")
_LATER_LINE = re.compile(r"[\r\n]\s*(?:export\s+)?['\"]?[\w.-]+['\"]?\s*=")


def read_dotenv(path: Path, trusted: Sequence[str], *, chosen: bool) -> dict[str, str]:
    """Return the variables that have a value; none if there is no such file.

    Raises SettingsError if it can't be read, and UntrustedFileError for the file of another user who isn't
    `trusted`. But in a home that this account, if it isn't root, has `chosen` to work in, the owner may say
    what the home is.
    """
    try:
        try:
            return _read(path, trusted)
        except UntrustedFileError:
            if not chosen or os.geteuid() == 0:
                raise
            owners = [str(each.stat().st_uid) for each in (path, path.parent)]
            found = _parsed(read_trusted(path, owners))
            if found.keys() <= _ABOUT_THE_HOME:
                return found
            raise
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return {}
    except OSError as error:
        raise SettingsError(refusal(error, path)) from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} can't be read ({error}); save it as UTF-8, or move it away") from error


def _read(path: Path, trusted: Sequence[str]) -> dict[str, str]:
    found = _parsed(read_trusted(path, trusted))
    if TRUSTED_USERS in found:
        # Dagster's commands have put the working folder's file into the environment, which `trusted` is from.
        try:
            read_trusted(path)
        except UntrustedFileError as error:
            raise UntrustedFileError(
                f"{path} isn't read: it is another user's, and says itself who is trusted. Take "
                f"{TRUSTED_USERS} out of it, and set it in the environment"
            ) from error
    return found


def _parsed(content: bytes) -> dict[str, str]:
    return not_empty(dotenv_values(stream=io.StringIO(content.decode("utf-8-sig"))))


def not_empty(variables: Mapping[str, str | None]) -> dict[str, str]:
    """Return the variables that have a value."""
    return {name: value for name, value in variables.items() if value}


def runs_on(value: str) -> bool:
    """Return whether a value may hold another variable's.

    An unclosed quote joins them, or a missing line feed: `echo A_KEY=... >> .env` adds to the last line of a
    file that doesn't end with one.
    """
    return bool(_LINE_BREAK_OR_NAME.search(value))


def refuse_run_on(variables: Mapping[str, str], ours: Collection[str]) -> None:
    """Raise SettingsError naming those of our variables whose value holds another variable and its value.

    That is an assignment to one of ours, or to any variable on a later line.
    """
    assignment = re.compile(rf"(?:{'|'.join(ours)})\s*=|{_LATER_LINE.pattern}")
    names = [name for name, value in variables.items() if name in ours and assignment.search(value)]
    if names:
        raise SettingsError("; ".join(f"{name}: {RUNS_ON}" for name in names))
