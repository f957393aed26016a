"""Adding a part of a log to a raw day: rows and record are switched together, under the day's lock."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from proxy_oa_assets.ingest.open_log import OpenLog, Part, empty_day
from proxy_oa_assets.ingest.record import DayRecord, Source
from proxy_oa_assets.ingest.rejects import LogRejects, add_rejects
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import IngestError
from proxy_oa_assets.model.file_lock import OnWait, log_wait
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.resources.hdfs import StillHeld

if TYPE_CHECKING:
    from proxy_oa_assets.ingest.staging import DayRows


class TakenBeforeError(IngestError):
    """A log's rows, or those of its beginning, are in a day already; `source` is what the day knows of it."""

    def __init__(self, message: str, source: Source) -> None:
        super().__init__(message)
        self.source = source


# Of one holder; a day of many million rows takes minutes on a cluster.
_PATIENCE_SECONDS = 1800


@dataclass(frozen=True)
class DayTaken:
    """Rows and rejected lines that a log added to a day; rows may be fewer by a last line that has grown."""

    rows: int
    rejected: int


@contextmanager
def ingest_lock(deployment: Deployment, day: Day, on_wait: OnWait = log_wait) -> Iterator[StillHeld]:
    """Exclude every other ingest of a day, on all machines."""
    path = deployment.workspace.lock(day, "ingest")
    with deployment.hdfs.lock(
        path, f"ingesting {day}", patience=_PATIENCE_SECONDS, on_wait=on_wait
    ) as still_held:
        yield still_held


def found_in(record: DayRecord, log: OpenLog, day: Day) -> Source | None:
    """Return the source of a day that a log is; None for a new one.

    Raises TakenBeforeError if its rows would be in the day twice: for a log that was read in another format,
    or that begins like a source and isn't it, such as a copy that was cut.
    """
    found = record.match(log.content.digests)
    if found is not None:
        if log.is_as(found):
            return found
        before, now = (
            f"{name}{f' ({zone})' if zone else ''}"
            for name, zone in ((found.format, found.timezone), (log.declaration.name, log.zone))
        )
        raise TakenBeforeError(
            f"{log.name} was ingested as {before} at {found.taken_at:%Y-%m-%d %H:%M}; read as {now}, its "
            f"requests would be in {day} twice. Name the format and time zone of before, or take it all the "
            f"same with --again",
            found,
        )
    like = record.likeness(log.beginning)
    if like is None:
        return None
    raise TakenBeforeError(
        f"{log.name} begins like {like.log}, of which {like.end.offset:,} bytes were ingested at "
        f"{like.taken_at:%Y-%m-%d %H:%M}, but isn't the same up to there, like a cut or changed copy: "
        f"its requests would be in {day} twice. Ingest the whole log, or take this one all the same with "
        f"--again",
        like,
    )


def add_to_day(
    deployment: Deployment,
    day: Day,
    log: OpenLog,
    part: Part,
    *,
    record: DayRecord,
    found: Source | None,
    still_held: StillHeld,
) -> DayTaken | None:
    """Add what a part of a log has of a day, whose lock is held; None if that is nothing.

    `found` is the source that the log is in the day's record, and the part begins where it ends.
    """
    if found and part.reading.end.offset <= found.end.offset:
        return None
    rows = part.reading.days.get(day) or empty_day()
    partial = _partial(log, day, found)
    rejected_before = found.partial_rejected if found else 0
    if not (rows.rows or rows.rejected or partial.rows or rejected_before):
        return None
    source = log.source(day, part, found, rows)
    # Before the switch: after it, a process that is killed would leave rejected lines out for good.
    add_rejects(
        deployment.workspace.data(day),
        LogRejects(log.name, rows.rejects),
        start=part.start.offset,
        partial=(found.log, part.start.offset) if found and rejected_before else None,
    )
    still_held()
    deployment.impala.add_to_raw_day(
        day,
        rows.hours,
        retracted=partial.hours,
        record=record.with_source(source, found).model_dump_json(),
    )
    return DayTaken(rows.rows - partial.rows, rows.rejected - rejected_before)


def _partial(log: OpenLog, day: Day, found: Source | None) -> "DayRows":
    """Return the day's rows made of a last line that had no line feed yet."""
    if found is None or found.unterminated is None or not found.partial_rows:
        return empty_day()
    return log.tail(found.unterminated, found.end.offset).days.get(day) or empty_day()
