"""Files of local lists, plain or gzipped."""

import csv
import gzip
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, TypeVar

from proxy_oa_assets.model.errors import ReputationConfigError

Entry = TypeVar("Entry")


def load_list(path: Path, read: Callable[[IO[str]], dict[str, Entry]]) -> dict[str, Entry]:
    """Return the entries that `read` finds in a file, by key.

    Raises ReputationConfigError, naming the file, if it can't be read or has no entry.
    """
    try:
        with _opened(path) as file:
            found = read(file)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise ReputationConfigError(f"The list {path} can't be read: {error}") from error
    if not found:
        raise ReputationConfigError(
            f"Nothing in the list {path} can be looked up; fill it, correct its entry in the reputation "
            f"file, or remove it there"
        )
    return found


def _opened(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")
