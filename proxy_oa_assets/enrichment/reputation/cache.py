"""The cache of verdicts: one SQLite file for all processes."""

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, Json, ValidationError

from proxy_oa_assets.enrichment.reputation.service import RemoteService
from proxy_oa_assets.enrichment.reputation.types import Section
from proxy_oa_assets.enrichment.reputation.verdict import Category, Risk, Status, Verdict
from proxy_oa_assets.model.errors import ReputationCacheError
from proxy_oa_assets.model.files import refuse_link
from proxy_oa_assets.model.network import retrying

_SCHEMA = """
CREATE TABLE IF NOT EXISTS verdicts (
    service TEXT NOT NULL, value TEXT NOT NULL, label TEXT NOT NULL, severity INTEGER NOT NULL,
    status TEXT NOT NULL, categories TEXT NOT NULL, expires REAL NOT NULL,
    PRIMARY KEY (service, value)
) WITHOUT ROWID
"""
_STORE = "INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?, ?, ?)"
# One value at a time: an embedded database has no round trips to save.
_FIND = """
SELECT label, severity, status, categories, expires FROM verdicts
WHERE service = ? AND value = ? AND expires > ? AND expires <= ?
"""
# Another process's write takes milliseconds; after longer waits the file counts as unusable.
_WAIT_SECONDS = 30
# A service's own end of a verdict can be a mistake.
_LONGEST_HOURS = 7 * 24


class CacheLifetimes(Section):
    """How long verdicts are cached: those with a risk, and those without."""

    hits_hours: float = Field(default=24, ge=0)
    misses_hours: float = Field(default=6, ge=0)

    def longest(self, now: float) -> float:
        """Return the latest end that a verdict can have; a later one was cached under a clock far ahead."""
        return now + 3600 * max(self.hits_hours, self.misses_hours, _LONGEST_HOURS)

    def expires(self, verdict: Verdict, now: float) -> float:
        """Return the end of a verdict in Unix time, which the service can set itself, within a week."""
        if verdict.expires is not None:
            return min(verdict.expires, self.longest(now))
        return now + 3600 * (self.hits_hours if verdict.risk > Risk.NONE else self.misses_hours)


class _Cached(BaseModel):
    """The found columns of a row, in their order."""

    label: str
    risk: Risk
    status: Literal[Status.OK, Status.NO_DATA]
    categories: Json[list[tuple[str, str]]]
    expires: float


class VerdictCache(AbstractContextManager["VerdictCache"]):
    """A service's verdicts by value as sent, until they expire.

    Responses are cached, "no data" included; failures are not. A service whose settings change doesn't find
    its earlier verdicts. Raises ReputationCacheError, naming the file, if it can't be used.
    """

    def __init__(self, path: Path, service: RemoteService, lifetimes: CacheLifetimes) -> None:
        self._path, self._service, self._lifetimes = path, service, lifetimes
        # Files of earlier versions have this table, with the service's name alone in this column.
        self._key = f"{service.name} {service.fingerprint}"
        self._lock = threading.Lock()
        with self._naming_the_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            refuse_link(path)
            self._connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, check_same_thread=False)
            # WAL lets readers work beside a writer. SQLite doesn't wait where several processes create it.
            retrying(
                _WAIT_SECONDS,
                lambda error: getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY,
                longest_pause=1,
            )(self._connection.execute, "PRAGMA journal_mode = WAL")
            # A power cut costs the last verdicts, not the file.
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.execute(_SCHEMA)

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def find(self, values: Sequence[str], now: float) -> dict[str, Verdict]:
        """Return the cached verdicts of values that haven't expired.

        Rows that this class can't have written aren't found.
        """
        found = {}
        for value in values:
            with self._naming_the_file(), self._lock:
                row = self._connection.execute(
                    _FIND, (self._key, value, now, self._lifetimes.longest(now))
                ).fetchone()
            if row is not None and (verdict := self._verdict(row)):
                found[value] = verdict
        return found

    def _verdict(self, row: Sequence[object]) -> Verdict | None:
        try:
            cached = _Cached.model_validate(dict(zip(_Cached.model_fields, row, strict=True)))
        except ValidationError:
            return None
        categories = tuple(Category(*category) for category in cached.categories)
        return Verdict(
            self._service.name, cached.label, cached.risk, cached.status, categories, cached.expires
        )

    def store(self, verdicts: Mapping[str, Verdict], now: float) -> None:
        """Cache verdicts by value."""
        rows = [
            (
                *(self._key, value, verdict.label, int(verdict.risk), verdict.status.value),
                json.dumps([[category.name, category.group] for category in verdict.categories]),
                self._lifetimes.expires(verdict, now),
            )
            for value, verdict in verdicts.items()
            if verdict.status in (Status.OK, Status.NO_DATA)
        ]
        with self._naming_the_file(), self._lock, self._connection:
            self._connection.executemany(_STORE, rows)

    def remove_expired(self, now: float) -> None:
        """Remove expired verdicts of all services."""
        with self._naming_the_file(), self._lock, self._connection:
            self._connection.execute("DELETE FROM verdicts WHERE expires <= ?", (now,))

    @contextmanager
    def _naming_the_file(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
                raise ReputationCacheError(
                    f"The verdict cache {self._path} has been locked by another process for "
                    f"{_WAIT_SECONDS} s; if that hangs, end it (`fuser {self._path}` names it)"
                ) from error
            raise ReputationCacheError(
                f"The verdict cache {self._path} can't be used: {error}; check its permissions and the "
                f"space there, or remove it if it is damaged"
            ) from error
