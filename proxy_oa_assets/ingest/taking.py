"""A log on its way into the raw days that it has rows of.

A day's record says up to where a log is in it. A part that was read is added only if that is where the part
begins; if it isn't, because another process was faster or this home knew of less, the log is read again from
where the record ends.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Self

from proxy_oa_assets.ingest.day_switch import DayTaken, add_to_day, found_in, ingest_lock
from proxy_oa_assets.ingest.known_logs import FileKey, KnownLog, KnownLogs
from proxy_oa_assets.ingest.open_log import OpenLog, Part
from proxy_oa_assets.ingest.position import Position
from proxy_oa_assets.ingest.record import DayRecord, Source, records
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import IngestError
from proxy_oa_assets.model.file_lock import OnWait
from proxy_oa_assets.model.text import counted
from proxy_oa_assets.resources.deployment import Deployment


@dataclass
class LogIngest:
    """What an ingest took from a log.

    `days` are those with new rows or rejected lines; `known` had the log, or its beginning, before. The other
    figures are those of the part that was read: `rows + rejected + header_lines == lines`. `outside` are rows
    of days that weren't asked for, `undated` rejected lines without a row before or after them, which belong
    to no day; `filled` counts the rows with a value by column.
    """

    log: str
    format: str = ""
    why: str = ""
    days: dict[Day, DayTaken] = field(default_factory=dict)
    known: list[Day] = field(default_factory=list)
    lines: int = 0
    header_lines: int = 0
    rows: int = 0
    rejected: int = 0
    outside: int = 0
    undated: int = 0
    first_reject: str = ""
    filled: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, log: OpenLog, part: Part, *, whole: bool = False) -> Self:
        """Return the figures of a part, which is of all days or not.

        Raises IngestError if no line is a request.
        """
        reading = part.reading
        dated = sum(rows.rejected for rows in reading.days.values())
        found = cls(
            log=log.name,
            format=log.declaration.name,
            why=log.why,
            lines=reading.lines,
            header_lines=reading.header_lines,
            rows=reading.rows,
            rejected=reading.rejected,
            outside=reading.outside,
            undated=reading.rejected - reading.left_aside - dated if whole else 0,
            filled=sum((rows.filled for rows in reading.days.values()), Counter()),
            warnings=[*log.content.warnings, *(f"{log.name}: {warning}" for warning in reading.warnings)],
        )
        if reject := reading.first_reject:
            found.first_reject = f"line {reject.number:,}: {reject.reason}"
        elif reading.reasons:
            found.first_reject = next(iter(reading.reasons))
        if part.start.offset == 0 and not reading.rows and not dated and reading.rejected:
            raise IngestError(
                f"{log.name}: none of {counted(reading.lines, 'line')} is a request in the format "
                f"{log.declaration.title} ({found.first_reject}); name its format with --format"
            )
        if found.undated:
            found.warnings.append(
                f"{log.name}: {counted(found.undated, 'rejected line')} at its end ({found.first_reject}) "
                f"left for the next ingest: the request after it says the day"
            )
        return found


class Taking:
    """Takes a log into its days, or into those given; `again` takes what the days have already.

    `hint` is what this home knows of the log's beginning, after which reading starts.
    """

    def __init__(
        self,
        deployment: Deployment,
        log: OpenLog,
        *,
        days: Collection[Day] | None,
        again: bool,
        hint: KnownLog | None,
        on_wait: OnWait,
    ) -> None:
        self._deployment, self._log, self._days, self._again = deployment, log, days, again
        self._on_wait = on_wait
        self._hint = hint
        self._first: Part | None = None
        # For each day the length and digest of the content that its record names.
        self._ends: dict[str, tuple[int, str]] = {}

    def take(self) -> LogIngest:
        """Read the log, and add what is new to each day."""
        log = self._log
        first = log.read(self._hint.restart if self._hint else Position(), self._days)
        result = LogIngest.of(log, first, whole=self._days is None)
        todo = self._plan(first, result)
        while todo:
            start, days = todo.popitem()
            part = first if start.offset == first.start.offset else log.read(start, days)
            for day in sorted(days):
                elsewhere = self._add(day, part, result)
                if elsewhere is not None:
                    todo.setdefault(elsewhere, set()).add(day)
        self._first = first
        return result

    def remember(self, known_logs: KnownLogs, key: FileKey, result: LogIngest) -> None:
        """Store what is known of the log now. Rejected lines without a day wait for the rows after them."""
        if self._first is None or not self._log.head or result.undated:
            return
        reading = self._first.reading
        known = KnownLog(
            digest=self._first.digest,
            format=self._log.declaration.name,
            timezone=self._log.zone,
            end=reading.end,
            unterminated=reading.unterminated,
            taken={**(self._hint.taken if self._hint else {}), **self._ends},
        )
        known_logs.store(key, self._log.head, known, self._hint)

    def _plan(self, first: Part, result: LogIngest) -> dict[Position, set[Day]]:
        """Return from where which days are read. Raises TakenBeforeError before anything is added."""
        known = [Day.parse(key) for key in (self._hint.taken if self._hint else ())]
        days = {*first.reading.days, *(day for day in known if self._days is None or day in self._days)}
        todo: dict[Position, set[Day]] = {}
        for day, record in records(self._deployment.impala, sorted(days)):
            found = self._found(record, day)
            if found is not None:
                result.known.append(day)
            start = self._start(day, found)
            grown = found and (found.partial_rows or found.partial_rejected)
            if day in first.reading.days or start.offset != first.start.offset or grown:
                todo.setdefault(start, set()).add(day)
        return todo

    def _found(self, record: DayRecord, day: Day) -> Source | None:
        return None if self._again else found_in(record, self._log, day)

    def _start(self, day: Day, found: Source | None) -> Position:
        """Return from where on a day lacks rows of the log, which its record knows as the source found."""
        hint = self._hint
        if found is None:
            # The day had no row of the part that this home knows.
            return hint.restart if hint and day.key not in hint.taken else Position()
        if hint and hint.taken.get(day.key) == (found.end.offset, found.digest):
            return hint.restart
        return found.restart

    def _add(self, day: Day, part: Part, result: LogIngest) -> Position | None:
        """Add what a part has of a day, or return from where else the day lacks rows."""
        with ingest_lock(self._deployment, day, self._on_wait) as still_held:
            record = DayRecord.of(self._deployment.impala, day)
            found = self._found(record, day)
            start = self._start(day, found)
            if start.offset != part.start.offset:
                return start
            taken = add_to_day(
                self._deployment, day, self._log, part, record=record, found=found, still_held=still_held
            )
        if taken:
            result.days[day] = taken
            self._ends[day.key] = (part.reading.end.offset, part.digest)
        elif found:
            self._ends[day.key] = (found.end.offset, found.digest)
        return None
