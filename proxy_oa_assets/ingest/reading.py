"""Reading a log: its lines become rows of `proxy`, staged as Parquet files by day and hour, and rejects.

Every line is accounted for: rows, rejected lines and header lines add up to the lines.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from proxy_oa_assets.ingest.declaration import Declaration
from proxy_oa_assets.ingest.families.registry import prepare
from proxy_oa_assets.ingest.layout import Layout
from proxy_oa_assets.ingest.log_lines import Lines, blocks
from proxy_oa_assets.ingest.position import Position
from proxy_oa_assets.ingest.staging import DayRows, Reject, Staging
from proxy_oa_assets.ingest.syslog import without_syslog
from proxy_oa_assets.ingest.target import target_select
from proxy_oa_assets.model.day import Day

_HASH = ord("#")
# Rows of a batch, of which DuckDB's threads take one each.
_BATCH = 16_384
_NO_ROWS = pa.table({"line": pa.array([], pa.int64()), "hour": pa.array([], pa.int64())})


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

    `outside` are the rows of days that weren't asked for. `unterminated` is where a last line without a line
    feed begins. `first` and `last` are the times of the first and the last request, UTC. `reasons` counts the
    rejected lines.
    """

    days: dict[Day, DayRows] = field(default_factory=dict)
    lines: int = 0
    header_lines: int = 0
    rows: int = 0
    rejected: int = 0
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
    with ExitStack() as opened:
        engine = opened.enter_context(duckdb.connect(":memory:", config=_ENGINE))
        engine.execute("LOAD icu")
        # A time without a zone is UTC, not the machine's.
        engine.execute("SET TimeZone = 'UTC'")
        files = opened.enter_context(Staging(staging, days))
        reader = _LogReader(
            engine, declaration, files, timezone=timezone, start=start, on_progress=on_progress
        )
        reader.read(opened.enter_context(ThreadPoolExecutor(1)), chunks)
    reading = reader.reading
    reading.days, reading.outside = files.days(), files.outside
    return reading


_ENGINE: dict[str, str | bool | int | float | list[str]] = {
    "threads": "2",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


class _LogReader:
    def __init__(
        self,
        engine: duckdb.DuckDBPyConnection,
        declaration: Declaration,
        files: Staging,
        *,
        timezone: ZoneInfo | None,
        start: Position,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self._engine, self._files, self._timezone = engine, files, timezone
        self._layout = Layout.of(declaration, start.header)
        self._start, self._on_progress = start, on_progress
        self._glued = self._changes = self._bytes = 0
        self._last_byte = b"\n"
        self.reading = Reading(end=start)

    def read(self, writer: ThreadPoolExecutor, chunks: Iterable[bytes]) -> None:
        """Read all lines; rows are written while the next block is split."""
        start, reading = self._start, self.reading
        written: Future[None] | None = None
        last: Lines | None = None
        for block in blocks(
            self._counted(chunks),
            offset=start.offset,
            number=start.line + 1,
            cut_at=self._layout.declaration.cut_at,
        ):
            self._glued += block.glued
            for part in self._without_header(without_syslog(block, self._layout.declaration)):
                rows, rejects = self._rows(part)
                if written:
                    written.result()
                written = writer.submit(self._files.add, rows, rejects)
            reading.lines += len(block)
            last = block
            self._on_progress(Progress(self._bytes, reading.lines, reading.rows, reading.rejected))
        if written:
            written.result()
        self._end(last)

    def _counted(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self._bytes += len(chunk)
            self._last_byte = chunk[-1:] or self._last_byte
            yield chunk

    def _end(self, last: Lines | None) -> None:
        reading, header = self.reading, self._layout.header
        line = self._start.line + reading.lines
        reading.end = Position(self._start.offset + self._bytes, line, header)
        if last is not None and self._last_byte != b"\n":
            reading.unterminated = Position(int(last.offsets[-1]), line - 1, header)
        if self._glued:
            reading.warnings.append(
                f"{self._glued} rows stood behind a line that the proxy had cut, without a line feed between"
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

    def _rows(self, lines: Lines) -> tuple[pa.Table, list[Reject]]:
        if not self._layout.ready:
            reason = "no line before it names the fields"
            return _NO_ROWS, self._rejects(lines, [(index, reason, None) for index in range(len(lines))])
        prepared = prepare(lines, self._layout)
        block = pa.Table.from_batches(
            prepared.block.combine_chunks().to_batches(max_chunksize=_BATCH), prepared.block.schema
        )
        self._engine.register("block", block)
        select = target_select(prepared.select, self._layout.declaration, prepared.fields, self._timezone)
        found = self._engine.sql(select).to_arrow_table()
        bad: list[tuple[int, str, int | None]] = [
            (index, reason, None) for index, reason in prepared.rejected
        ]
        if found["reason"].null_count < len(found):
            refused = found.filter(pc.is_valid(found["reason"]))
            bad += zip(*(refused[name].to_pylist() for name in ("line", "reason", "hour")), strict=True)
            found = found.filter(pc.is_null(found["reason"]))
        rows = found.drop_columns(["reason"])
        self._note_times(rows)
        self.reading.rows += len(rows)
        return rows, self._rejects(lines, bad)

    def _rejects(self, lines: Lines, bad: Sequence[tuple[int, str, int | None]]) -> list[Reject]:
        rejects = [
            Reject(lines.number + index, int(lines.offsets[index]), reason, lines.line(index), index, hour)
            for index, reason, hour in sorted(bad)
        ]
        self.reading.rejected += len(rejects)
        self.reading.reasons.update(reject.reason for reject in rejects)
        if rejects and self.reading.first_reject is None:
            self.reading.first_reject = rejects[0]
        return rejects

    def _note_times(self, rows: pa.Table) -> None:
        if not len(rows):
            return
        extremes = pc.min_max(pc.binary_join_element_wise(rows["p_date"], rows["p_time"], " ")).as_py()
        first, last = (
            dt.datetime.fromisoformat(extremes[end]).replace(tzinfo=dt.UTC) for end in ("min", "max")
        )
        reading = self.reading
        reading.first = min(first, reading.first or first)
        reading.last = max(last, reading.last or last)
