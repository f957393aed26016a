"""What services said of values lately, so that nothing is asked twice: one SQLite file for all processes."""

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from proxy_oa_assets.enrichment.reputation.verdict import NONE, Category, Status, Verdict
from proxy_oa_assets.model.errors import ReputationCacheError
from proxy_oa_assets.model.network import retrying

_SCHEMA = """
CREATE TABLE IF NOT EXISTS verdicts (
    service TEXT NOT NULL, value TEXT NOT NULL, label TEXT NOT NULL, severity INTEGER NOT NULL,
    status TEXT NOT NULL, categories TEXT NOT NULL, expires REAL NOT NULL,
    PRIMARY KEY (service, value)
) WITHOUT ROWID
"""
_STORED = "INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?, ?, ?)"
# A value each: there is no way to a server that would have to be spared.
_KNOWN = """
SELECT label, severity, status, categories, expires FROM verdicts
WHERE service = ? AND value = ? AND expires > ?
"""
# Another process's write takes milliseconds; more means that something holds the file.
_WAIT_SECONDS = 30


def _is_busy(error: BaseException) -> bool:
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY


@dataclass(frozen=True)
class Keeping:
    """How long verdicts are kept, in seconds: of a value with a severity, and of one without."""

    hits: float = 24 * 3600
    misses: float = 6 * 3600

    def expires(self, verdict: Verdict, now: float) -> float:
        """Return when a verdict ends, in Unix time; when the service says so, if it does."""
        if verdict.expires is not None:
            return verdict.expires
        return now + (self.hits if verdict.value > NONE else self.misses)


class VerdictCache:
    """Verdicts by service and value as sent, until they expire.

    Only answers are kept, "no data" among them; what failed is asked again. Raises ReputationCacheError,
    naming the file, if it can't be used.
    """

    def __init__(self, path: Path, keeping: Keeping) -> None:
        self._path, self._keeping = path, keeping
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, check_same_thread=False)
            # Readers beside a writer; what a power cut takes is asked again. Where several begin a new file,
            # SQLite itself doesn't wait.
            waiting = retrying(_WAIT_SECONDS, _is_busy, longest_pause=1)
            waiting(self._connection.execute, "PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.execute(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def find(self, service: str, values: Sequence[str], now: float) -> dict[str, Verdict]:
        """Return what is known of values at a time."""
        return dict(self._found(service, values, now))

    def keep(self, verdicts: Mapping[str, Verdict], now: float) -> None:
        """Keep what was answered of values."""
        rows = [
            (
                *(verdict.service, value, verdict.label, verdict.value, verdict.status.value),
                json.dumps([[category.name, category.group] for category in verdict.categories]),
                self._keeping.expires(verdict, now),
            )
            for value, verdict in verdicts.items()
            if verdict.status in (Status.OK, Status.NO_DATA)
        ]
        try:
            with self._lock, self._connection:
                self._connection.executemany(_STORED, rows)
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def forget_expired(self, now: float) -> None:
        """Remove what has expired."""
        try:
            with self._lock, self._connection:
                self._connection.execute("DELETE FROM verdicts WHERE expires <= ?", (now,))
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def _found(self, service: str, values: Sequence[str], now: float) -> Iterator[tuple[str, Verdict]]:
        for value in values:
            try:
                with self._lock:
                    row = self._connection.execute(_KNOWN, (service, value, now)).fetchone()
            except sqlite3.Error as error:
                raise self._unusable(error) from error
            if row is not None:
                label, severity, status, categories, expires = row
                kept = tuple(Category(*category) for category in json.loads(categories))
                yield value, Verdict(service, label, severity, Status(status), kept, expires)

    def _unusable(self, error: Exception) -> ReputationCacheError:
        return ReputationCacheError(
            f"The verdict cache {self._path} can't be used: {error}; if it is damaged, remove it"
        )
