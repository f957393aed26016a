"""A log that is being ingested: its content, its format, and the parts of it that have been read."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from proxy_oa_assets.ingest.known_logs import KnownLog
from proxy_oa_assets.ingest.log_content import MARKED, LogContent, NoLogError, marks
from proxy_oa_assets.ingest.position import Position
from proxy_oa_assets.ingest.record import Source
from proxy_oa_assets.ingest.rejects import LogRejects
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import IngestError

if TYPE_CHECKING:
    from proxy_oa_assets.ingest.declaration import Declaration
    from proxy_oa_assets.ingest.reading import Progress, Reading
    from proxy_oa_assets.ingest.staging import DayRows

OnProgress = Callable[["Progress"], None]
AUTO = "auto"
_ZEEK_LOG = re.compile(rb"#separator [^\n]*\n(?:#[^\n]*\n)*?#path\t(\w+)")


def unheard(_: "Progress") -> None:
    """Take a progress that isn't shown."""


@dataclass(frozen=True)
class LogFormat:
    """The format asked for: `auto`, a name or a TOML file; the time zone of logs that don't say theirs."""

    name: str = AUTO
    timezone: str | None = None

    def __str__(self) -> str:
        return f"{self.name} {self.timezone or ''}"


@dataclass(frozen=True)
class Part:
    """What a log has from a position on; `digest` is that of the content to the end of it."""

    start: Position
    reading: "Reading"
    digest: str


@dataclass
class OpenLog:
    """An open log, with its format and why it is taken to have it. Raises IngestError naming the log."""

    content: LogContent
    declaration: "Declaration"
    why: str
    timezone: str | None
    staging: Path
    beginning: bytes
    on_progress: OnProgress = unheard
    _tails: dict[tuple[int, int], "Reading"] = field(default_factory=dict)
    _folders: Iterator[int] = field(default_factory=count)

    @property
    def name(self) -> str:
        """The log's path as text."""
        return self.content.name

    @property
    def zone(self) -> str:
        """The time zone as records have it."""
        return self.timezone or ""

    @property
    def head(self) -> str:
        """The digest of the content to the end of its first line of data; empty if it has none."""
        found = marks(self.beginning)
        return found[min(found)] if found else ""

    def read(self, start: Position, days: Collection[Day] | None = None) -> Part:
        """Read the log from a position on; stage the rows of all days, or of those given."""
        passage = self.content.read(start.offset)
        reading = self._read(passage, start, days, self.on_progress)
        return Part(start, replace(reading, end=replace(reading.end, offset=passage.end)), passage.digest)

    def tail(self, start: Position, end: int) -> "Reading":
        """Read the last line of an earlier reading again, when it had no line feed yet."""
        if (start.offset, end) not in self._tails:
            part = self.content.part(start.offset, end)
            self._tails[start.offset, end] = self._read(part, start, None, unheard)
        return self._tails[start.offset, end]

    def source(self, day: Day, part: Part, found: Source | None, rows: "DayRows") -> Source:
        """Return this log as a source of a day that has these rows of it, besides those found before."""
        begin = part.reading.unterminated
        tail = self.tail(begin, part.reading.end.offset).days.get(day) if begin else None
        rejects = LogRejects(self.name, rows.rejects)
        return Source(
            log=self.name,
            format=self.declaration.name,
            timezone=self.zone,
            digest=part.digest,
            end=part.reading.end,
            unterminated=begin,
            partial_rows=tail.rows if tail else 0,
            partial_rejected=rejects.rejected_from(begin.offset) if begin else 0,
            marks=marks(self.beginning),
            rows=rows.rows + (found.rows - found.partial_rows if found else 0),
            rejected=rows.rejected + (found.rejected - found.partial_rejected if found else 0),
            taken_at=datetime.now(UTC).replace(microsecond=0),
        )

    def is_as(self, source: Source | KnownLog) -> bool:
        """Return whether the log is read as it was ingested before."""
        return (source.format, source.timezone) == (self.declaration.name, self.zone)

    def read_as(self, source: Source | KnownLog, asked: LogFormat) -> "OpenLog | None":
        """Return the log in the format in which it was ingested, if another one was recognized this time."""
        from proxy_oa_assets.ingest.declaration import SQUID, declaration, format_names

        recognized_otherwise = asked.name == AUTO and source.format != self.declaration.name
        named = source.format in format_names() or source.format.startswith(SQUID)
        if not recognized_otherwise or source.timezone != self.zone or not named:
            return None
        return replace(self, declaration=declaration(source.format), why="as it was ingested before")

    def _read(
        self,
        chunks: Iterable[bytes],
        start: Position,
        days: Collection[Day] | None,
        on_progress: OnProgress,
    ) -> "Reading":
        from proxy_oa_assets.ingest.reading import read_log

        folder = self.staging / str(next(self._folders))
        folder.mkdir()
        with naming_log(self.name):
            return read_log(
                chunks,
                self.declaration,
                folder,
                start=start,
                timezone=ZoneInfo(self.timezone) if self.timezone else None,
                days=days,
                on_progress=on_progress,
            )


def recognized(
    content: LogContent, asked: LogFormat, staging: Path, on_progress: OnProgress
) -> OpenLog | None:
    """Return a log with the format that was asked for or is recognized; None if the log is empty."""
    from proxy_oa_assets.ingest.declaration import declaration
    from proxy_oa_assets.ingest.recognition import recognize

    head = content.head()
    if not head.strip():
        return None
    if asked.name == AUTO:
        try:
            with naming_log(content.name):
                found = recognize(head)
        except IngestError as error:
            if zeek := _ZEEK_LOG.match(head):
                what = zeek[1].decode("utf-8", "replace")
                raise NoLogError(f"{content.name} is Zeek's {what}.log, which has no web requests") from error
            raise
        chosen, why = found.declaration, found.why
    else:
        chosen, why = declaration(asked.name), "as asked"
    return OpenLog(content, chosen, why, asked.timezone, staging, head[:MARKED], on_progress)


def empty_day() -> "DayRows":
    """Return what a log has for a day of which it has nothing."""
    from proxy_oa_assets.ingest.staging import DayRows

    return DayRows()


@contextmanager
def naming_log(name: str) -> Iterator[None]:
    """Begin the messages of errors with a log's name."""
    try:
        yield
    except IngestError as error:
        raise type(error)(
            message if (message := str(error)).startswith(name) else f"{name}: {message}"
        ) from error
