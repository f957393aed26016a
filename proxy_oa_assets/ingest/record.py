"""The record of a raw day: which logs its rows came from. It is switched together with the rows.

A log is known by its content: one whose first `end.offset` bytes have a recorded digest is that source,
under any name, and its rows before that offset are in the day.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from proxy_oa_assets.ingest.log_content import Digests, digest
from proxy_oa_assets.ingest.position import Position
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import IngestError
from proxy_oa_assets.model.tables import PROXY
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.resources.impala import Warehouse
from proxy_oa_assets.resources.stored_days import stored_days

_AT_ONCE = 8


class Source(BaseModel):
    """A log from which a day has rows: its content up to `end`, under the name it had when last read.

    `rows` and `rejected` are the day's alone. `unterminated` is the start of a last line that had no line
    feed yet; `partial_rows` and `partial_rejected` of the day's came from it. `marks` are digests of the
    beginning.
    """

    model_config = ConfigDict(frozen=True)

    log: str
    format: str
    timezone: str = ""
    digest: str
    end: Position
    unterminated: Position | None = None
    partial_rows: int = 0
    partial_rejected: int = 0
    marks: dict[int, str] = {}
    rows: int
    rejected: int
    taken_at: datetime

    @property
    def restart(self) -> Position:
        """Where reading goes on when the log has grown."""
        return self.unterminated or self.end

    def begins(self, beginning: bytes) -> bool:
        """Return whether a log of this beginning has the same lines of data there."""
        length = max((length for length in self.marks if length <= len(beginning)), default=0)
        return length > 0 and self.marks[length] == digest(beginning[:length])


class DayRecord(BaseModel):
    """The sources of a raw day."""

    sources: list[Source] = Field(default=[])

    @classmethod
    def of(cls, impala: Warehouse, day: Day) -> Self:
        """Read a day's record; a day without one has no source. Raises IngestError for a damaged one."""
        text = impala.raw_day_record(day)
        try:
            return cls.model_validate_json(text) if text else cls()
        except ValidationError as error:
            raise IngestError(
                f"the record of what {day} of proxy was ingested from is damaged "
                f"({error.errors()[0]['msg']}); look at {impala.location(PROXY, day)}, and remove the day "
                f"there to ingest it again"
            ) from error

    @property
    def rows(self) -> int:
        """How many rows of the day came from its sources."""
        return sum(source.rows for source in self.sources)

    @property
    def rejected(self) -> int:
        """How many lines of its sources were rejected."""
        return sum(source.rejected for source in self.sources)

    def match(self, digests: Digests) -> Source | None:
        """Return the source that a log is, by its content; the longest one counts."""
        found = digests(place.offset for source in self.sources for place in (source.end, source.restart))
        same = [each for each in self.sources if found.get(each.end.offset) == each.digest]
        return max(same, key=lambda source: source.end.offset, default=None)

    def likeness(self, beginning: bytes) -> Source | None:
        """Return a source that begins like a log of this beginning."""
        return next((source for source in self.sources if source.begins(beginning)), None)

    def with_source(self, source: Source, instead_of: Source | None = None) -> "DayRecord":
        """Return the record with a source, in the place of what it was known as before."""
        sources = [each for each in self.sources if each != instead_of]
        return DayRecord(sources=[*sources, source])


def raw_days(hdfs: FileStore, huser: str) -> Iterator[Day]:
    """Yield the days that have a folder of raw requests, in order; hours and files aren't looked at."""
    return stored_days(hdfs, huser, PROXY)


def records(impala: Warehouse, days: Iterable[Day]) -> Iterator[tuple[Day, DayRecord]]:
    """Yield the records of days in their order, those without a source, too; several are read at once."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        days = list(days)
        yield from zip(days, pool.map(lambda day: DayRecord.of(impala, day), days), strict=True)
