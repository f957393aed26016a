"""What a log's bytes are as rows of `proxy`."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq

from proxy_oa_assets.ingest.declaration import Declaration
from proxy_oa_assets.ingest.reading import Reading, read_log

Row = dict[str, Any]


@dataclass
class LogRows:
    """A log's rows by time, NULLs left out; its rejects: line, offset, reason, content; its reading."""

    rows: list[Row]
    rejects: list[list[str]]
    reading: Reading


def log_rows(
    content: bytes | Iterable[bytes], declaration: Declaration, folder: Path, timezone: ZoneInfo | None = None
) -> LogRows:
    """Read a log, check that each of its lines is accounted for, and return what it has."""
    chunks = [content] if isinstance(content, bytes) else content
    reading = read_log(chunks, declaration, folder, timezone=timezone)
    assert reading.rows + reading.rejected + reading.header_lines == reading.lines
    files = [
        path
        for _, day in sorted(reading.days.items())
        for _, paths in sorted(day.hours.items())
        for path in paths
    ]
    rows = [row for path in files for row in pq.read_table(path).to_pylist()]
    assert len(rows) == reading.rows
    rows.sort(key=lambda row: (row["p_date"], row["p_time"]))
    texts = [day.rejects.read_text("utf-8") for _, day in sorted(reading.days.items()) if day.rejects]
    rejects = [line.split("\t") for text in texts for line in text.split("\n")[:-1]]
    return LogRows([{k: v for k, v in row.items() if v is not None} for row in rows], rejects, reading)
