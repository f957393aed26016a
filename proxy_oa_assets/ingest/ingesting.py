"""From logs to raw days: `ingest_log` takes the days of a log, `ingest_day` a day of several logs."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from proxy_oa_assets.ingest.day_switch import DayTaken, TakenBeforeError, ingest_lock
from proxy_oa_assets.ingest.known_logs import FileKey, KnownLog, KnownLogs
from proxy_oa_assets.ingest.log_content import opened
from proxy_oa_assets.ingest.open_log import LogFormat, OnProgress, OpenLog, empty_day, recognized, unheard
from proxy_oa_assets.ingest.position import Position
from proxy_oa_assets.ingest.record import DayRecord, Source, records
from proxy_oa_assets.ingest.rejects import LogRejects, replace_rejects
from proxy_oa_assets.ingest.taking import LogIngest, Taking
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.file_lock import OnWait, log_wait
from proxy_oa_assets.model.files import remove_stale_folders, temporary_folder
from proxy_oa_assets.model.tables import PROXY
from proxy_oa_assets.resources.deployment import Deployment

if TYPE_CHECKING:
    from proxy_oa_assets.ingest.staging import DayRows


@dataclass
class DayIngest:
    """What an ingest made of a day.

    A day that is `replaced` has the rows of `logs` alone. If it isn't, the day kept the sources that are no
    longer among the logs, and `other_rows` of other systems; the logs' new rows were added. `filled` counts,
    by column, the rows with a value among those that were read.
    """

    day: Day
    replaced: bool = True
    rows: int = 0
    rejected: int = 0
    logs: list[LogIngest] = field(default_factory=list)
    kept: list[Source] = field(default_factory=list)
    other_rows: int = 0
    filled: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)


def ingest_log(
    path: Path,
    *,
    deployment: Deployment,
    log_format: LogFormat = LogFormat(),
    days: Collection[Day] | None = None,
    again: bool = False,
    on_progress: OnProgress = unheard,
    on_wait: OnWait = log_wait,
) -> LogIngest:
    """Take the rows of a log that its days don't have yet: of all days, or of those given.

    `-` is standard input. `again` takes rows that the days have already, too. Raises IngestError naming the
    log and what to do; what was added to days before that stays.
    """
    home = Path(deployment.workspace.home)
    known_logs = KnownLogs(home / "ingested.sqlite3")
    with _staging(home) as staging, opened(path, staging) as content:
        key = FileKey(
            path=content.name,
            asked=f"{log_format.name} {log_format.timezone}",
            length=content.length,
            modified=content.modified,
        )
        whole = days is None and not again
        if whole and (known := known_logs.of_file(key)) and _recorded(deployment, known):
            return LogIngest(content.name, known.format, known=[Day.parse(day) for day in known.taken])
        if (log := recognized(content, log_format, staging, on_progress)) is None:
            return LogIngest(content.name, warnings=[f"{content.name} is empty", *content.warnings])
        hints = [] if again else known_logs.of_content(log.head, content.digests)
        if not any(map(log.is_as, hints)):
            log = next((other for hint in hints if (other := log.read_as(hint, log_format))), log)

        def take(log: OpenLog) -> LogIngest:
            hint = next(filter(log.is_as, hints), None)
            taking = Taking(deployment, log, days=days, again=again, hint=hint, on_wait=on_wait)
            try:
                result = taking.take()
            except TakenBeforeError as error:
                if (other := log.read_as(error.source, log_format)) is None:
                    raise
                return take(other)
            if whole:
                taking.remember(known_logs, key, result)
            return result

        return take(log)


def ingest_day(
    day: Day,
    paths: Sequence[Path],
    *,
    deployment: Deployment,
    log_format: LogFormat = LogFormat(),
    on_progress: OnProgress = unheard,
    on_wait: OnWait = log_wait,
) -> DayIngest:
    """Make a day of the logs that can hold it.

    The day is replaced, so that the same logs give the same day. But rows of other systems stay, and so do
    those of sources that are no longer among the logs, as after a rotation; then only what is new is added.
    Raises IngestError naming a log that can't be read.
    """
    making = _DayMaking(
        day, paths, deployment, log_format=log_format, on_progress=on_progress, on_wait=on_wait
    )
    while True:
        record, rows = making.state()
        kept = making.gone(record)
        if kept or rows > record.rows:
            return making.added(kept, rows - record.rows)
        if (made := making.replaced(record, rows)) is not None:
            return made


class _DayMaking:
    def __init__(
        self,
        day: Day,
        paths: Sequence[Path],
        deployment: Deployment,
        *,
        log_format: LogFormat,
        on_progress: OnProgress,
        on_wait: OnWait,
    ) -> None:
        self._day, self._paths, self._deployment, self._format = day, paths, deployment, log_format
        self._on_progress, self._on_wait = on_progress, on_wait

    def state(self) -> tuple[DayRecord, int]:
        """Return the day's record, and how many rows it has now, those of other systems too."""
        impala = self._deployment.impala
        return DayRecord.of(impala, self._day), impala.row_count(PROXY, self._day)

    def gone(self, record: DayRecord) -> list[Source]:
        """Return the sources of a record that none of the logs begins with."""
        left = list(record.sources)
        for path in self._paths if left else ():
            with self._staging() as staging, opened(path, staging) as content:
                digests = content.digests(source.end.offset for source in left)
                left = [source for source in left if digests.get(source.end.offset) != source.digest]
        return left

    def added(self, kept: list[Source], other_rows: int) -> DayIngest:
        """Add what the logs have that the day hasn't."""
        made = DayIngest(self._day, replaced=False, kept=kept, other_rows=other_rows)
        for path in self._paths:
            try:
                taken = ingest_log(
                    path,
                    deployment=self._deployment,
                    log_format=self._format,
                    days=[self._day],
                    on_progress=self._on_progress,
                    on_wait=self._on_wait,
                )
            except TakenBeforeError as error:
                made.warnings.append(str(error))
                continue
            made.logs.append(taken)
            made.warnings += taken.warnings
            made.filled.update(taken.filled)
        record = DayRecord.of(self._deployment.impala, self._day)
        made.rows, made.rejected = record.rows, record.rejected
        return made

    def replaced(self, before: DayRecord, rows_before: int) -> DayIngest | None:
        """Replace the day that had a record and rows; None if another process has changed it since."""
        made, record = DayIngest(self._day), DayRecord()
        staged: dict[str, tuple[LogIngest, DayRows]] = {}
        with self._staging() as staging:
            for number, path in enumerate(self._paths):
                folder = staging / str(number)
                folder.mkdir()
                with opened(path, folder) as content:
                    log = recognized(content, self._format, folder, self._on_progress)
                    if log is None:
                        made.warnings.append(f"{content.name} is empty")
                        continue
                    # A log that another one begins with, such as a copy that was made earlier.
                    found = record.match(content.digests)
                    if found is None and (like := record.likeness(log.beginning)):
                        made.warnings.append(f"{log.name} begins like {like.log}, and was left out")
                        continue
                    part = log.read(Position(), [self._day])
                    rows = part.reading.days.get(self._day) or empty_day()
                    source = log.source(self._day, part, None, rows)
                if found:
                    del staged[found.digest]
                staged[source.digest] = LogIngest.of(log, part), rows
                record = record.with_source(source, found)
            return self._switch(made, (before, rows_before), record, staged)

    def _switch(
        self,
        made: DayIngest,
        before: tuple[DayRecord, int],
        record: DayRecord,
        staged: dict[str, "tuple[LogIngest, DayRows]"],
    ) -> DayIngest | None:
        record = DayRecord(sources=[source for source in record.sources if source.rows or source.rejected])
        hours: defaultdict[int, list[Path]] = defaultdict(list)
        for log, rows in staged.values():
            log.days[self._day] = DayTaken(rows.rows, rows.rejected)
            made.logs.append(log)
            made.warnings += log.warnings
            made.filled.update(rows.filled)
            for hour, files in rows.hours.items():
                hours[hour] += files
        made.rows, made.rejected = record.rows, record.rejected
        impala = self._deployment.impala
        with ingest_lock(self._deployment, self._day, self._on_wait) as still_held:
            if self.state() != before:
                return None
            replace_rejects(
                self._deployment.workspace.data(self._day),
                [LogRejects(log.log, rows.rejects) for log, rows in staged.values()],
            )
            if before[0].sources or record.sources:
                still_held()
                impala.replace_raw_day(self._day, hours, record=record.model_dump_json())
        return made

    def _staging(self) -> AbstractContextManager[Path]:
        return _staging(Path(self._deployment.workspace.home))


def _recorded(deployment: Deployment, known: KnownLog) -> bool:
    """Return whether the days' records say the same of a log as this home."""
    days = {Day.parse(key): end for key, end in known.taken.items()}
    return all(
        days[day] in [(source.end.offset, source.digest) for source in record.sources]
        for day, record in records(deployment.impala, days)
    )


@contextmanager
def _staging(home: Path) -> Iterator[Path]:
    remove_stale_folders(home / "tmp")
    with temporary_folder(home / "tmp") as staging:
        yield staging
