"""Lines of a log become rows of `proxy`: one SELECT for all blocks that are laid out alike.

DuckDB reads the blocks as a stream. A statement per block would take as long to plan as to run.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from proxy_oa_assets.ingest.families.prepared import Prepared
from proxy_oa_assets.ingest.layout import Layout
from proxy_oa_assets.ingest.log_lines import Lines
from proxy_oa_assets.ingest.target import target_select
from proxy_oa_assets.model.errors import IngestError
from proxy_oa_assets.model.text import printable

# Rows of a batch, of which DuckDB's threads take one each.
_BATCH = 8_192
_ROWS = 65_536  # of a batch of the result
_SHOWN = 200  # characters
_ENGINE: dict[str, str | bool | int | float | list[str]] = {
    "threads": "2",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
_NO_ROWS = pa.schema([("line", pa.int64()), ("second", pa.int64()), ("reason", pa.string())]).empty_table()


class Part(NamedTuple):
    """Lines in a row that are laid out alike, and what their family made of them."""

    lines: Lines
    layout: Layout
    prepared: Prepared


@dataclass
class Converted:
    """A part's rows, as the SELECT of `target.py` gives them; those with a `reason` are rejected.

    `line` is the line's number in the log.
    """

    part: Part
    missing: int
    batches: list[pa.Table] = field(default_factory=list)

    @property
    def rows(self) -> pa.Table:
        """The rows as one table."""
        return pa.concat_tables(self.batches) if self.batches else _NO_ROWS


def converted(parts: Iterator[Part], timezone: ZoneInfo | None) -> Iterator[Converted]:
    """Yield the parts of a log with their rows. `timezone` is that of local times."""
    with duckdb.connect(":memory:", config=_ENGINE) as engine:
        engine.execute("LOAD icu")
        # A time without a zone is UTC, not the machine's.
        engine.execute("SET TimeZone = 'UTC'")
        for (_, select), alike in groupby(parts, key=lambda part: (part.layout, part.prepared.select)):
            if select:
                yield from _Stream(engine, timezone).converted(alike)
            else:
                yield from (Converted(part, missing=0) for part in alike)


class _Stream:
    def __init__(self, engine: duckdb.DuckDBPyConnection, timezone: ZoneInfo | None) -> None:
        self._engine, self._timezone = engine, timezone
        # The parts that DuckDB has begun to read, in the log's order.
        self._begun: deque[Converted] = deque()
        self._failure: BaseException | None = None

    def converted(self, parts: Iterator[Part]) -> Iterator[Converted]:
        first = next(parts)
        prepared, blocks = first.prepared, self._batches(chain([first], parts))
        self._engine.register("block", pa.RecordBatchReader.from_batches(prepared.block.schema, blocks))
        declaration = first.layout.declaration
        select = target_select(prepared.select, declaration, prepared.fields, self._timezone)
        try:
            rows = self._engine.sql(select)
        except duckdb.Error as error:
            # A site's own pattern or format of a time.
            name, why = (printable(each, _SHOWN) for each in (declaration.name, str(error).split("\n")[0]))
            raise IngestError(
                f"the format {name} can't be used ({why}); correct its times and patterns, see docs/ingest.md"
            ) from error
        for batch in rows.to_arrow_reader(_ROWS):
            self._note(pa.Table.from_batches([batch]))
            while self._begun and not self._begun[0].missing:
                yield self._begun.popleft()
        if self._failure is not None:
            raise self._failure
        yield from self._begun

    def _batches(self, parts: Iterator[Part]) -> Iterator[pa.RecordBatch]:
        """Yield parts as DuckDB's threads ask for them, with the lines' numbers in the log."""
        try:
            for part in parts:
                block = part.prepared.block
                numbers = pc.add(block["line"], part.lines.number)
                self._begun.append(Converted(part, missing=len(block)))
                yield from block.set_column(0, "line", numbers).to_batches(max_chunksize=_BATCH)
        except BaseException as error:  # noqa: BLE001  (DuckDB would raise another one in its place)
            self._failure = error

    def _note(self, rows: pa.Table) -> None:
        """Give rows to the parts that they are of; DuckDB's threads overtake each other."""
        begun = list(self._begun)
        numbers = rows["line"].to_numpy()
        owners = np.searchsorted([each.part.lines.number for each in begun], numbers, side="right") - 1
        for index in np.unique(owners).tolist():
            mine = owners == index
            begun[index].batches.append(rows if mine.all() else rows.filter(pa.array(mine)))
            begun[index].missing -= int(mine.sum())
