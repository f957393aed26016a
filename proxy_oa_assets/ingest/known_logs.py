"""The logs that this home has ingested, by content and by path: an accelerator, not the record.

It says where to go on in a log that has grown, and that a file with the same path, length and modification
time holds nothing new. What it says is compared with the records of the days; without it, a log is read again
from its beginning, and no row is taken twice.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from proxy_oa_assets.ingest.log_content import Digests
from proxy_oa_assets.ingest.position import Position
from proxy_oa_assets.model.errors import IngestError
from proxy_oa_assets.model.files import refuse_link

# Of the file's schema and of what `KnownLog` means; files of another version are made again.
_VERSION = 1
_SCHEMA = f"""
CREATE TABLE contents (
    digest TEXT, format TEXT, timezone TEXT, head TEXT, known TEXT, PRIMARY KEY (digest, format, timezone)
) WITHOUT ROWID;
CREATE INDEX of_head ON contents (head);
CREATE TABLE files (
    path TEXT, asked TEXT, length INTEGER, modified INTEGER, digest TEXT, format TEXT, timezone TEXT,
    PRIMARY KEY (path, asked)
) WITHOUT ROWID;
PRAGMA user_version = {_VERSION};
"""
_WAIT_SECONDS = 30


class KnownLog(BaseModel):
    """A log's content up to `end`, as it was last read for all of its days.

    `taken` has for each day the length and digest of the content with which the day's record names it: that
    of the last reading that had rows of the day.
    """

    model_config = ConfigDict(frozen=True)

    digest: str
    format: str
    timezone: str
    end: Position
    unterminated: Position | None = None
    taken: dict[str, tuple[int, str]]

    @property
    def restart(self) -> Position:
        """Where reading goes on when the log has grown."""
        return self.unterminated or self.end


class FileKey(BaseModel):
    """A file's path, length in bytes and modification time in nanoseconds, and the format asked for."""

    model_config = ConfigDict(frozen=True)

    path: str
    asked: str
    length: int
    modified: int


class KnownLogs:
    """The file of known logs, for several processes. Raises IngestError naming it if it can't be used."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def of_file(self, key: FileKey) -> KnownLog | None:
        """Return what is known of a file that hasn't changed since."""
        found = self._select(
            "SELECT known FROM files NATURAL JOIN contents "
            "WHERE path = ? AND asked = ? AND length = ? AND modified = ?",
            (key.path, key.asked, key.length, key.modified),
        )
        return found[0] if found else None

    def of_content(self, head: str, digests: Digests) -> list[KnownLog]:
        """Return what is known of a log by its content, the longest first.

        `head` is the digest of its beginning, as it was stored.
        """
        known = self._select("SELECT known FROM contents WHERE head = ?", (head,)) if head else []
        measured = digests(place.offset for each in known for place in (each.end, each.restart))
        same = [each for each in known if measured.get(each.end.offset) == each.digest]
        return sorted(same, key=lambda each: each.end.offset, reverse=True)

    def store(self, key: FileKey, head: str, known: KnownLog, instead_of: KnownLog | None) -> None:
        """Store what is known of a log now, in the place of what was known before it grew."""
        with self._opened() as connection:
            if instead_of:
                connection.execute(
                    "DELETE FROM contents WHERE digest = ? AND format = ? AND timezone = ?",
                    (instead_of.digest, instead_of.format, instead_of.timezone),
                )
            identity = (known.digest, known.format, known.timezone)
            connection.execute(
                "INSERT OR REPLACE INTO contents VALUES (?, ?, ?, ?, ?)",
                (*identity, head, known.model_dump_json()),
            )
            connection.execute(
                "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?)",
                (key.path, key.asked, key.length, key.modified, *identity),
            )

    def _select(self, statement: str, parameters: tuple[object, ...]) -> list[KnownLog]:
        with self._opened() as connection:
            texts = [text for (text,) in connection.execute(statement, parameters)]
        try:
            return [KnownLog.model_validate_json(text) for text in texts]
        except ValidationError as error:
            raise self._unusable(error) from error

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection in a transaction, which is committed if the block succeeds."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            refuse_link(self._path)
            with closing(sqlite3.connect(self._path, timeout=_WAIT_SECONDS)) as connection:
                connection.isolation_level = None
                connection.execute("BEGIN IMMEDIATE")
                with connection:
                    self._create(connection)
                    yield connection
        except (sqlite3.Error, OSError) as error:
            raise self._unusable(error) from error

    def _create(self, connection: sqlite3.Connection) -> None:
        ((version,),) = connection.execute("PRAGMA user_version")
        if version == _VERSION:
            return
        for table in ("files", "contents"):
            connection.execute(f"DROP TABLE IF EXISTS {table}")
        for statement in _SCHEMA.strip().split(";\n"):
            connection.execute(statement)

    def _unusable(self, error: Exception) -> IngestError:
        return IngestError(
            f"{self._path}, which says what was ingested from which file, can't be used ({error}); check its "
            f"permissions and the space there, or remove it: the records of the days are elsewhere"
        )
