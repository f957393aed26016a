"""The index of logs: for each, its format, its first and last time, and how far it reaches for each day.

It is cached in the home by path, length and modification time. Of a log that is new, the beginning, the end
and samples between them are read; of one that has grown, what was added. A log that was renamed or compressed
is known by its content, and what was known of logs that are gone stays: a rotation changes nothing.
"""

import datetime as dt
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from proxy_oa_assets.ingest.declaration import Declaration, declaration
from proxy_oa_assets.ingest.log_content import LogContent, marks, opened
from proxy_oa_assets.ingest.open_log import AUTO, LogFormat
from proxy_oa_assets.ingest.position import Position
from proxy_oa_assets.ingest.reading import read_log
from proxy_oa_assets.ingest.recognition import recognize
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import IngestError, disk_errors
from proxy_oa_assets.model.files import refuse_link, temporary_folder

_SCHEMA = """
CREATE TABLE IF NOT EXISTS logs (
    reading TEXT, mark INTEGER, digest TEXT, state TEXT NOT NULL, seen REAL NOT NULL,
    PRIMARY KEY (reading, mark, digest)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS paths (
    reading TEXT, path BLOB, length INTEGER, modified INTEGER, mark INTEGER NOT NULL, digest TEXT NOT NULL,
    PRIMARY KEY (reading, path)
) WITHOUT ROWID
"""
_WAIT_SECONDS = 30
# A log that is gone for longer concerns no day that the sensor looks at.
_KEEP_SECONDS = 100 * 24 * 3600
_SAMPLE, _STEP = 1 << 16, 1 << 24
_MOST_SAMPLES = 256
# So much of a log, or of what was added to it, is read in full, to learn its days exactly.
_READ_IN_FULL = 8 << 20
# A request is logged when it has ended: that of a tunnel can have begun on the day before.
_LONGEST_REQUEST = dt.timedelta(days=1)


class Reach(BaseModel):
    """How far a log has rows of the days from `since` to `until`: to a length of its content, in bytes."""

    model_config = ConfigDict(frozen=True)

    since: dt.date
    until: dt.date
    length: int


class LogState(BaseModel):
    """What is known of a log.

    `mark` and `digest` say which it is: the number and digest of its first bytes. `whole` is the length of
    its content up to the last line feed, `header` the header lines in force there. `first` and `last` are in
    UTC.
    """

    model_config = ConfigDict(frozen=True)

    mark: int
    digest: str
    format: str
    why: str
    whole: int = 0
    header: tuple[str, ...] = ()
    first: dt.datetime = dt.datetime.max.replace(tzinfo=dt.UTC)
    last: dt.datetime = dt.datetime.min.replace(tzinfo=dt.UTC)
    reaches: tuple[Reach, ...] = ()

    def reach(self, day: Day) -> int:
        """Return the length of content beyond which the log has no row of a day; 0 if it has none."""
        lengths = (reach.length for reach in self.reaches if reach.since <= day.date <= reach.until)
        return max(lengths, default=0)

    def spans(self, day: Day) -> bool:
        """Return whether a day is between the first and the last time, both included."""
        return self.first.date() <= day.date <= self.last.date()

    def holds(self, day: Day) -> bool:
        """Return whether the log can have rows of a day, or goes past it without one."""
        return self.spans(day) or self.reach(day) > 0

    def days(self, first: Day, last: Day) -> set[Day]:
        """Return the days from a first to a last one that the log holds."""
        spans = [(self.first.date(), self.last.date())]
        spans += [(reach.since, reach.until) for reach in self.reaches]
        within = ((max(Day(since), first), min(Day(until), last)) for since, until in spans)
        return {day for since, until in within for day in since.through(until)}

    def with_part(self, part: "_Part") -> Self:
        """Return the state after a part of the content that follows what is known."""
        reaches = {(reach.since, reach.until): reach for reach in self.reaches}
        reaches |= {days: Reach(since=days[0], until=days[1], length=part.whole) for days in part.days}
        return self.model_copy(
            update={
                "whole": part.whole,
                "header": part.header,
                "first": min(self.first, part.first or self.first),
                "last": max(self.last, part.last or self.last),
                "reaches": tuple(reaches.values()),
            }
        )


@dataclass(frozen=True)
class _Part:
    """What a part of a log has: first and last time, spans of days, and where its last whole line ends."""

    first: dt.datetime | None
    last: dt.datetime | None
    days: frozenset[tuple[dt.date, dt.date]]
    whole: int
    header: tuple[str, ...]


class LogIndex:
    """The states of logs, in a SQLite file of the home that processes share. Use `log_index`."""

    def __init__(self, connection: sqlite3.Connection, log_format: LogFormat, staging: Path) -> None:
        self._connection, self._format, self._staging = connection, log_format, staging
        self._key = _key(log_format)

    def state(self, path: Path) -> LogState | None:
        """Return the state of a log, None if it has no row yet.

        Raises IngestError if the log can't be read, or its format isn't recognized.
        """
        with opened(path, self._staging) as content:
            known = self._connection.execute(
                "SELECT mark, digest FROM paths"
                " WHERE reading = ? AND path = ? AND length = ? AND modified = ?",
                (self._key, os.fsencode(path), content.length, content.modified),
            ).fetchone()
            if known:
                return self._stored(*known)
            head = content.head()
            digests = marks(head)
            if not digests:
                return None  # no line of data yet
            found = next(filter(None, (self._stored(*mark) for mark in reversed(digests.items()))), None)
            if found is None:
                declared, why = _declared(self._format, head)
                mark, digest = max(digests.items())
                found = LogState(mark=mark, digest=digest, format=declared.name, why=why)
            found = found.with_part(self._part(content, found))
            if not found.reaches:
                return None  # header lines alone
            self._store(path, content, found)
            return found

    def states(self) -> list[LogState]:
        """Return the states of all logs, those that are gone included."""
        rows = self._connection.execute("SELECT state FROM logs WHERE reading = ?", (self._key,))
        return [LogState.model_validate_json(text) for (text,) in rows]

    def _stored(self, mark: int, digest: str) -> LogState | None:
        row = self._connection.execute(
            "SELECT state FROM logs WHERE reading = ? AND mark = ? AND digest = ?", (self._key, mark, digest)
        ).fetchone()
        return LogState.model_validate_json(row[0]) if row else None

    def _store(self, path: Path, content: LogContent, state: LogState) -> None:
        which, now = (state.mark, state.digest), time.time()
        with self._connection:
            self._connection.execute(
                "INSERT OR REPLACE INTO logs VALUES (?, ?, ?, ?, ?)",
                (self._key, *which, state.model_dump_json(), now),
            )
            self._connection.execute(
                "INSERT OR REPLACE INTO paths VALUES (?, ?, ?, ?, ?, ?)",
                (self._key, os.fsencode(path), content.length, content.modified, *which),
            )
            self._connection.execute("DELETE FROM logs WHERE seen < ?", (now - _KEEP_SECONDS,))

    def _part(self, content: LogContent, known: LogState) -> _Part:
        """Read what follows the known part of a log: all of it if it is short, else samples."""
        start = Position(known.whole, 0, known.header)
        added = b"".join(content.part(start.offset, start.offset + _READ_IN_FULL))
        in_full = len(added) < _READ_IN_FULL
        lines, end = (added, 0) if in_full else _samples(content, start.offset)
        declared = declaration(known.format if self._format.name == AUTO else self._format.name)
        with temporary_folder(self._staging) as staging:
            found = read_log(
                [lines],
                declared,
                staging,
                start=start,
                timezone=ZoneInfo(self._format.timezone) if self._format.timezone else None,
                days=None if in_full else (),
            )
        if found.rejected and not found.rows and not known.reaches:
            reason = found.first_reject.reason if found.first_reject else "no row"
            raise IngestError(
                f"{content.name}: no line is a row of {declared.title} (the first: {reason}); name its "
                f"format by PROXY_OA_LOG_FORMAT, or leave the file out of PROXY_OA_LOGS"
            )
        days = {(day.date, day.date) for day in found.days}
        if not in_full and found.first and found.last:
            days = {((found.first - _LONGEST_REQUEST).date(), found.last.date())}
        whole = (found.unterminated or found.end).offset if in_full else end
        return _Part(found.first, found.last, frozenset(days), whole, found.end.header)


def _key(log_format: LogFormat) -> str:
    """Return what tells the states of one way of reading from those of another."""
    changed = Path(log_format.name).stat().st_mtime_ns if log_format.name.endswith(".toml") else ""
    return f"{log_format} {changed}"


def _declared(log_format: LogFormat, head: bytes) -> tuple[Declaration, str]:
    """Return the format of a log that begins so, and why it is that. Raises IngestError."""
    if log_format.name != AUTO:
        return declaration(log_format.name), "PROXY_OA_LOG_FORMAT"
    found = recognize(head)
    return found.declaration, found.why


def _samples(content: LogContent, start: int) -> tuple[bytes, int]:
    """Return whole lines from all over a log behind an offset, and where its last whole line ends."""
    pieces, tail, end, wanted = [], b"", start, start
    for at, chunk in _strides(content, start):
        if at >= wanted:
            piece = chunk[:_SAMPLE]
            # All but the first begin within a line.
            pieces.append(piece[piece.find(b"\n") + 1 if at > start else 0 : piece.rfind(b"\n") + 1])
            wanted = at + _STEP
        tail, end = (tail + chunk)[-_SAMPLE:], at + len(chunk)
    last = tail[tail.find(b"\n") + 1 : tail.rfind(b"\n") + 1]
    return b"".join((*pieces, last)), end - (len(tail) - tail.rfind(b"\n") - 1)


def _strides(content: LogContent, start: int) -> Iterator[tuple[int, bytes]]:
    """Yield chunks with their offsets; of a log that isn't compressed, one in every 16 MiB, and the last."""
    if content.compressed:
        at = start
        for chunk in content.chunks(start):
            yield at, chunk
            at += len(chunk)
        return
    last = max(start, content.length - _SAMPLE)
    for at in (*range(start, last, max(_STEP, (last - start) // _MOST_SAMPLES)), last):
        if chunk := next(iter(content.chunks(at)), b""):
            yield at, chunk


@contextmanager
def log_index(home: Path, log_format: LogFormat) -> Iterator[LogIndex]:
    """Open the index of a home. Raises IngestError, naming the file, if it can't be used."""
    file, staging = home / "logs.sqlite", home / "tmp"
    with disk_errors(file):
        refuse_link(file)
    try:
        staging.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(file, timeout=_WAIT_SECONDS)) as connection:
            connection.executescript(_SCHEMA)
            yield LogIndex(connection, log_format, staging)
    except sqlite3.Error as error:
        raise IngestError(
            f"{file}, the index of logs, can't be used: {error}; remove it, or free space"
        ) from error
