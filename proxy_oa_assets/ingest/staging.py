"""Staged rows of `proxy`: a Parquet file per hour in a folder, and the rejected lines of each day."""

from __future__ import annotations

import datetime as dt
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from typing_extensions import override

from proxy_oa_assets.ingest.rejects import without_secrets
from proxy_oa_assets.model import tsv
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.files import naming
from proxy_oa_assets.model.tables import PROXY
from proxy_oa_assets.resources.parquet import arrow_schema

REJECT_COLUMNS = ("line", "offset", "reason", "content")
_OPEN_FILES = 60
_ROW_GROUP = 50_000  # rows
_MOST_KEPT = 100_000  # rows
_HOURS, _SECONDS = 24, 3600
Numbers = npt.NDArray[np.int64]
_EPOCH = dt.date(1970, 1, 1)


@dataclass(frozen=True)
class Reject:
    """A rejected line: its number and byte offset in the log, the reason, and the line.

    `second` is its time, in seconds since 1970, if it has one.
    """

    number: int
    offset: int
    reason: str
    content: str
    second: int | None = None


@dataclass
class DayRows:
    """What a log has for a day.

    `hours` are staged Parquet files in the columns of `proxy`; `rejects` is a TSV file with `REJECT_COLUMNS`.
    `filled` counts the rows with a value by column.
    """

    hours: dict[int, list[Path]] = field(default_factory=dict)
    rows: int = 0
    rejected: int = 0
    rejects: Path | None = None
    filled: Counter[str] = field(default_factory=Counter)


class Staging(AbstractContextManager["Staging"]):
    """Writes rows by day and hour, of all days or of those given, with a limited number of open files.

    `day` is that of the last row so far.
    """

    def __init__(self, folder: Path, days: Collection[Day] | None, day: Day | None = None) -> None:
        self._folder, self._wanted = folder, None if days is None else set(days)
        self._days: dict[Day, DayRows] = {}
        self._writers: OrderedDict[int, pq.ParquetWriter] = OrderedDict()
        self.day = day
        self._waiting: list[Reject] = []
        self._kept: dict[int, list[pa.Table]] = {}
        self._kept_rows = 0
        self._parts = 0
        self._schema = arrow_schema(PROXY)
        self.outside = 0

    def add(self, rows: pa.Table, rejects: list[Reject]) -> None:
        """Add a block's rows, as the SELECT of `target.py` gives them, and its rejects.

        A reject without a time belongs to the day of the row before it, else of the row after it.
        """
        good = rows["reason"].is_null().to_numpy()
        hours = rows["second"].fill_null(0).to_numpy() // _SECONDS
        places = rows["line"].to_numpy()
        self._add_rejects(places[good], hours[good], rejects)
        if not good.all() or not (_ascend(hours) and _ascend(places)):
            order = np.lexsort((places, hours))
            order = order[good[order]]
            rows, hours = rows.take(order), hours[order]
        if not len(hours):
            return
        found, starts = np.unique(hours, return_index=True)
        ends = np.append(starts, len(hours))[1:]
        for hour, start, end in zip(found.tolist(), starts.tolist(), ends.tolist(), strict=True):
            if self._wanted is not None and _day(hour) not in self._wanted:
                self.outside += end - start
            else:
                self._keep(hour, rows.select(self._schema.names).slice(start, end - start))

    def _keep(self, hour: int, rows: pa.Table) -> None:
        """Keep an hour's rows until they make a row group, or too many rows of all hours are kept."""
        found = self._days.setdefault(_day(hour), DayRows())
        found.rows += len(rows)
        found.filled.update({name: len(rows) - rows[name].null_count for name in rows.column_names})
        self._kept.setdefault(hour, []).append(rows)
        self._kept_rows += len(rows)
        if sum(map(len, self._kept[hour])) >= _ROW_GROUP:
            self._write(hour)
        while self._kept_rows >= _MOST_KEPT:
            self._write(max(self._kept, key=lambda each: sum(map(len, self._kept[each]))))

    def _write(self, hour: int) -> None:
        rows = pa.concat_tables(self._kept.pop(hour))
        self._kept_rows -= len(rows)
        with naming(self._folder):
            self._writer(_day(hour), hour).write_table(rows.cast(self._schema))

    def days(self) -> dict[Day, DayRows]:
        """Return what has been staged, once the staging is closed."""
        return dict(sorted(self._days.items()))

    @override
    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            # Dropped ones would write their files' ends, and Python print that this fails as well.
            for writer in self._writers.values():
                writer.is_open = False

    def _finish(self) -> None:
        for hour in sorted(self._kept):
            self._write(hour)
        with naming(self._folder):
            for writer in self._writers.values():
                writer.close()

    def _writer(self, day: Day, hour: int) -> pq.ParquetWriter:
        if hour in self._writers:
            self._writers.move_to_end(hour)
            return self._writers[hour]
        if len(self._writers) >= _OPEN_FILES:
            oldest = next(iter(self._writers))
            self._writers[oldest].close()
            del self._writers[oldest]
        self._parts += 1
        path = self._folder / day.folder / f"h={hour % _HOURS:02d}" / f"part-{self._parts:06d}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        self._days[day].hours.setdefault(hour % _HOURS, []).append(path)
        self._writers[hour] = pq.ParquetWriter(path, self._schema, compression="snappy")
        return self._writers[hour]

    def _add_rejects(self, places: Numbers, hours: Numbers, rejects: list[Reject]) -> None:
        order = np.argsort(places, kind="stable")
        places, hours = places[order], hours[order]
        of_days: defaultdict[Day, list[Reject]] = defaultdict(list)
        if len(hours) and self.day is None:
            self.day = _day(int(hours[0]))
            of_days[self.day] += self._waiting
            self._waiting = []
        for reject in rejects:
            before = int(np.searchsorted(places, reject.number)) - 1
            day = self.day if before < 0 else _day(int(hours[before]))
            if reject.second is not None:
                day = _day(reject.second // _SECONDS)
            (self._waiting if day is None else of_days[day]).append(reject)
        if len(hours):
            self.day = _day(int(hours[-1]))
        for day, found in of_days.items():
            if found and (self._wanted is None or day in self._wanted):
                self._write_rejects(day, found)

    def _write_rejects(self, day: Day, rejects: list[Reject]) -> None:
        found = self._days.setdefault(day, DayRows())
        found.rejected += len(rejects)
        if found.rejects is None:
            found.rejects = self._folder / day.folder / "rejected.tsv"
            found.rejects.parent.mkdir(parents=True, exist_ok=True)
        with naming(found.rejects), found.rejects.open("ab") as file:
            for reject in rejects:
                values = (reject.number, reject.offset, reject.reason, without_secrets(reject.content))
                file.write(tsv.line(values).encode("utf-8"))


def _ascend(numbers: Numbers) -> bool:
    return bool((numbers[1:] >= numbers[:-1]).all())


def _day(hour: int) -> Day:
    return Day(_EPOCH + dt.timedelta(hours=hour))
