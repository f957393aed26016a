"""A `.env`: settings and secrets of a folder, as python-dotenv reads them."""

import io
import os
from collections.abc import Mapping, Sequence
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
