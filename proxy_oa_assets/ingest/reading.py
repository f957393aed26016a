"""Reading a log: its lines become rows of `proxy`, staged as Parquet files by day and hour, and rejects.

Every line is accounted for: rows, rejected lines and header lines add up to the lines.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from proxy_oa_assets.ingest.conversion import Part, converted
from proxy_oa_assets.ingest.declaration import Declaration
from proxy_oa_assets.ingest.families.prepared import Prepared
from proxy_oa_assets.ingest.families.registry import prepare
from proxy_oa_assets.ingest.layout import Layout
from proxy_oa_assets.ingest.log_lines import LONGEST, Lines, blocks
from proxy_oa_assets.ingest.position import Position
from proxy_oa_assets.ingest.staging import DayRows, Reject, Staging
from proxy_oa_assets.ingest.syslog import without_syslog
from proxy_oa_assets.ingest.target import OTHER_LOG
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.text import counted

_HASH = ord("#")
_NO_BLOCK = pa.schema([("line", pa.int64())]).empty_table()


@dataclass
class Progress:
    """What has been read so far."""

    bytes: int = 0
    lines: int = 0
    rows: int = 0
    rejected: int = 0


@dataclass
class Reading:
    """What a log has: `rows + rejected + header_lines == lines`.

    `left_aside` are those of the rejected lines that are another log's in the same file; the others are kept.
    `outside` are the rows of days that weren't asked for. `unterminated` is where a last line without a line
    feed begins. `first` and `last` are the times of the first and the last request, UTC. `reasons` counts the
    rejected lines.
    """

    days: dict[Day, DayRows] = field(default_factory=dict)
    lines: int = 0
    header_lines: int = 0
    rows: int = 0
    rejected: int = 0
    left_aside: int = 0
    outside: int = 0
    end: Position = Position()
    unterminated: Position | None = None
    first: dt.datetime | None = None
    last: dt.datetime | None = None
    reasons: Counter[str] = field(default_factory=Counter)
    first_reject: Reject | None = None
    warnings: list[str] = field(default_factory=list)


def read_log(
    chunks: Iterable[bytes],
    declaration: Declaration,
    staging: Path,
    *,
    start: Position = Position(),
    timezone: ZoneInfo | None = None,
    days: Collection[Day] | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Reading:
    """Read a log's bytes from a position on, and stage the rows of all days, or of those given, in a folder.

    `timezone` is that of times whose format doesn't say it, by default UTC. Raises IngestError if the log
    isn't of the declared format.
    """
    with (
        Staging(staging, days, Day.parse(start.day) if start.day else None) as files,
        ThreadPoolExecutor(2) as pool,
    ):
        reader = _LogReader(declaration, files, start=start, on_progress=on_progress)
        reader.read(pool, chunks, timezone)
    reading = reader.reading
    reading.days, reading.outside = files.days(), files.outside
    day = files.day.key if files.day else ""
    reading.end = replace(reading.end, day=day)
    reading.unterminated = reading.unterminated and replace(reading.unterminated, day=day)
    return reading


def _ahead(pool: ThreadPoolExecutor, parts: Iterator[Part]) -> Iterator[Part]:
    """Yield parts, while the next one is being made."""
    coming = pool.submit(next, parts, None)
    while (part := coming.result()) is not None:
        coming = pool.submit(next, parts, None)
        yield part


class _LogReader:
    def __init__(
        self,
        declaration: Declaration,
        files: Staging,
        *,
        start: Position,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self._files = files
        self._layout = Layout.of(declaration, start.header)
        self._start, self._on_progress = start, on_progress
        self._glued = self._changes = self._bytes = self._last_offset = 0
        self._last_byte = b"\n"
        self.reading = Reading(end=start)

    def read(self, pool: ThreadPoolExecutor, chunks: Iterable[bytes], timezone: ZoneInfo | None) -> None:
        """Read all lines: one block is split and one's rows are written while another is converted."""
        written: Future[None] | None = None
        for each in converted(_ahead(pool, self._parts(chunks)), timezone):
            lines, rows = each.part.lines, each.rows
            rejects = self._rejects(lines, each.part.prepared.rejected, rows)
            self._note(rows)
            if written:
                written.result()
            written = pool.submit(self._files.add, rows, rejects)
            reading = self.reading
            done = int(lines.offsets[-1]) - self._start.offset
            self._on_progress(Progress(done, lines.number + len(lines) - 1, reading.rows, reading.rejected))
        if written:
            written.result()
        self._end()

    def _parts(self, chunks: Iterable[bytes]) -> Iterator[Part]:
        for block in blocks(
            self._counted(chunks),
            offset=self._start.offset,
            number=self._start.line + 1,
            cut_at=self._layout.declaration.cut_at,
        ):
            self._glued += block.glued
            self.reading.lines += len(block)
            self._last_offset = int(block.offsets[-1])
            for lines in self._without_header(without_syslog(block, self._layout.declaration)):
                yield Part(lines, self._layout, self._fields(lines))

    def _fields(self, lines: Lines) -> Prepared:
        if self._layout.ready and not lines.too_long:
            return prepare(lines, self._layout)
        too_long = f"longer than {LONGEST >> 20} MiB"
        reason = too_long if lines.too_long else "no line before it names the fields"
        return Prepared((), "", _NO_BLOCK, [(index, reason) for index in range(len(lines))])

    def _counted(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self._bytes += len(chunk)
            self._last_byte = chunk[-1:] or self._last_byte
            yield chunk

    def _end(self) -> None:
        reading, header = self.reading, self._layout.header
        line = self._start.line + reading.lines
        reading.end = Position(self._start.offset + self._bytes, line, header)
        if self._last_byte != b"\n":
            reading.unterminated = Position(self._last_offset, line - 1, header)
        if self._glued:
            reading.warnings.append(
                f"{self._glued} rows stood behind a line that the proxy had cut, without a line feed between"
            )
        if reading.left_aside:
            reading.warnings.append(
                f"{counted(reading.left_aside, 'line')} of other logs in the file left aside"
            )
        if self._changes:
            reading.warnings.append(f"the header's fields change {self._changes} times")

    def _without_header(self, block: Lines) -> Iterator[Lines]:
        """Yield the lines between header lines, with the layout that holds for them set."""
        first = 0
        for index in self._header_candidates(block):
            line = block.line(index)
            if not self._layout.is_header(line):
                continue
            if first < index:
                yield block.part(first, index)
            before = self._layout
            self._layout = self._layout.after(line)
            self._changes += bool(before.fields) and before.fields != self._layout.fields
            self.reading.header_lines += 1
            first = index + 1
        if first < len(block):
            yield block.part(first, len(block))

    def _header_candidates(self, block: Lines) -> Iterable[int]:
        match self._layout.declaration.header:
            case "none":
                return ()
            case "names":
                return range(len(block)) if not self._layout.fields else self._named_again(block)
            case _:
                text = np.frombuffer(block.text, np.uint8)
                return np.flatnonzero(text[block.starts] == _HASH).tolist()

    def _named_again(self, block: Lines) -> list[int]:
        """Return the lines that repeat the header, as where logs are joined."""
        header = f"{self._layout.header[0]}\n".encode()
        found, at = [], block.text.find(header)
        while at >= 0:
            found.append(int(np.searchsorted(block.ends, at)))
            at = block.text.find(header, at + 1)
        return found

    def _leave_aside(self, lines: int) -> None:
        """Count lines of other logs, which can be most of a file: as rejected, but they aren't kept."""
        self.reading.left_aside += lines
        self.reading.rejected += lines
        if lines:
            self.reading.reasons[OTHER_LOG] += lines

    def _rejects(self, lines: Lines, unread: Iterable[tuple[int, str]], rows: pa.Table) -> list[Reject]:
        """Return the rejected lines: those that no fields were found in, and rows with a reason."""
        bad: list[tuple[int, str, int | None]] = [(index, reason, None) for index, reason in unread]
        if rows["reason"].null_count < len(rows):
            refused = rows.filter(pc.not_equal(rows["reason"], OTHER_LOG))
            self._leave_aside(len(rows) - rows["reason"].null_count - len(refused))
            numbers, reasons, seconds = (refused[name].to_pylist() for name in ("line", "reason", "second"))
            indexes = [number - lines.number for number in numbers]
            bad += zip(indexes, reasons, seconds, strict=True)
        rejects = [
            Reject(lines.number + index, int(lines.offsets[index]), reason, lines.line(index), second)
            for index, reason, second in sorted(bad)
        ]
        self.reading.rejected += len(rejects)
        self.reading.reasons.update(reject.reason for reject in rejects)
        if rejects and self.reading.first_reject is None:
            self.reading.first_reject = rejects[0]
        return rejects

    def _note(self, rows: pa.Table) -> None:
        """Count the good rows, and note the times of the first and the last one."""
        self.reading.rows += rows["reason"].null_count
        extremes = pc.min_max(pc.if_else(pc.is_null(rows["reason"]), rows["second"], None)).as_py()
        if extremes["min"] is None:
            return
        first, last = (dt.datetime.fromtimestamp(extremes[end], dt.UTC) for end in ("min", "max"))
        reading = self.reading
        reading.first = min(first, reading.first or first)
        reading.last = max(last, reading.last or last)
