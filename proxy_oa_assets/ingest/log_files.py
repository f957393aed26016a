"""Which of the logs that PROXY_OA_LOGS names can hold a day, and in which state they are."""

import hashlib
import math
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from proxy_oa_assets.ingest.log_index import LogState, log_index
from proxy_oa_assets.ingest.log_patterns import all_logs, logs_by_name
from proxy_oa_assets.ingest.open_log import LogFormat
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import IngestError
from proxy_oa_assets.resources.workspace import Workspace


@dataclass(frozen=True)
class DayLogs:
    """The logs that can hold a day.

    With the same `version`, they have the same rows of the day, also if other days were added to, and
    however they were renamed or compressed. `spanned` says whether the day is between the first and the last
    time of one of them. `modified` is when the last of them was, in milliseconds since 1970, `length` their
    bytes.
    """

    day: Day
    states: Mapping[Path, LogState]
    version: str
    spanned: bool
    modified: int
    length: int


@dataclass(frozen=True)
class FoundLogs:
    """Logs with their states, and why others can't be read.

    `known` are the states of logs that are gone, too; `left` is how many logs weren't looked at.
    """

    states: Mapping[Path, LogState]
    files: Mapping[Path, os.stat_result]
    unread: Mapping[Path, str]
    known: Sequence[LogState]
    left: int = 0

    def of(self, day: Day) -> DayLogs:
        """Return those that can hold a day, which may be none."""
        states = {path: state for path, state in self.states.items() if state.holds(day)}
        # Logs that are gone, too: a rotation doesn't change the day.
        reached = {(state.digest, state.reach(day)) for state in self.known if state.holds(day)}
        files = [self.files[path] for path in states]
        return DayLogs(
            day=day,
            states=states,
            version=hashlib.sha256(repr(sorted(reached)).encode()).hexdigest()[:16],
            spanned=any(state.spans(day) for state in states.values()),
            modified=max((file.st_mtime_ns for file in files), default=0) // 1_000_000,
            length=sum(file.st_size for file in files),
        )

    def days(self, first: Day, last: Day) -> list[Day]:
        """Return the days from a first to a last one that logs hold, in order."""
        return sorted(set().union(*(state.days(first, last) for state in self.states.values())))

    @property
    def spans(self) -> list[tuple[Day, Day]]:
        """The days from each log's first to its last time, joined where they touch or overlap."""
        spans: list[tuple[Day, Day]] = []
        for first, last in sorted((Day(s.first.date()), Day(s.last.date())) for s in self.states.values()):
            if spans and first <= spans[-1][1].plus(1):
                spans[-1] = (spans[-1][0], max(last, spans[-1][1]))
            else:
                spans.append((first, last))
        return spans


@dataclass(frozen=True)
class LogFiles:
    """The logs that PROXY_OA_LOGS names, and how they are read."""

    patterns: tuple[str, ...]
    format: LogFormat
    home: Path

    @classmethod
    def of(cls, workspace: Workspace) -> Self:
        """Return the logs of the settings."""
        log_format = LogFormat(workspace.log_format, workspace.log_timezone)
        return cls(tuple(workspace.logs), log_format, Path(workspace.home))

    def for_day(self, day: Day) -> FoundLogs:
        """Return the logs that can hold a day as far as their names say, with their states."""
        return self._found(logs_by_name(self.patterns, day))

    def all(self, *, modified_since: float = 0, until: float = math.inf) -> FoundLogs:
        """Return all logs with their states, or those modified since then, in seconds since 1970.

        Once time.monotonic() is `until`, the others are left.
        """
        return self._found(all_logs(self.patterns), modified_since, until)

    def newest(self, count: int) -> FoundLogs:
        """Return the logs that were modified last, with their states."""
        modified = {}
        for path in all_logs(self.patterns):
            with suppress(FileNotFoundError):  # rotated away
                modified[path] = path.stat().st_mtime
        return self._found(sorted(modified, key=lambda path: modified[path])[-count:])

    def _found(self, paths: Sequence[Path], modified_since: float = 0, until: float = math.inf) -> FoundLogs:
        states: dict[Path, LogState] = {}
        files, unread, left = {}, {}, 0
        with log_index(self.home, self.format) as index:
            for number, path in enumerate(paths):
                if time.monotonic() >= until:
                    left = len(paths) - number
                    break
                try:
                    files[path] = path.stat()
                    state = index.state(path) if files[path].st_mtime >= modified_since else None
                except FileNotFoundError:
                    continue  # rotated away
                except IngestError as error:
                    unread[path] = str(error) if str(path) in str(error) else f"{path}: {error}"
                else:
                    states |= {path: state} if state else {}
            return FoundLogs(states, files, unread, index.states(), left)
