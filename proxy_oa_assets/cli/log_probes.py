"""The probes of `proxy-oa doctor` for the logs that PROXY_OA_LOGS names: files, formats, clock."""

import datetime as dt
from collections import Counter
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from proxy_oa_assets.cli.start_date import Doubtful
from proxy_oa_assets.ingest.declaration import declaration
from proxy_oa_assets.ingest.log_files import FoundLogs, LogFiles
from proxy_oa_assets.ingest.log_index import LogState
from proxy_oa_assets.ingest.log_patterns import all_logs
from proxy_oa_assets.model.errors import IngestError
from proxy_oa_assets.model.text import counted, printable
from proxy_oa_assets.resources.workspace import Workspace

# Of all logs the newest are read: there may be years of them.
_READ = 20
_RECOMMENDED = "squid-proxyoa"
_AHEAD = dt.timedelta(minutes=5)
# A log that is written now; time zones are quarters of an hour apart.
_BEING_WRITTEN = dt.timedelta(minutes=10)
_QUARTER, _NEAR = 900, 120  # seconds


class LogProbes:
    """The probes; the newest logs are read once."""

    def __init__(self, workspace: Workspace, now: dt.datetime) -> None:
        self._files, self._now = LogFiles.of(workspace), now

    def probes(self) -> dict[str, Callable[[], str]]:
        """Return the probes by name, in order."""
        return {"logs": self._found, "log formats": self._formats, "log clock": self._clock}

    @cached_property
    def _newest(self) -> FoundLogs:
        return self._files.newest(_READ)

    def _found(self) -> str:
        counts = {pattern: len(all_logs([pattern])) for pattern in self._files.patterns}
        if empty := [pattern for pattern, count in counts.items() if not count]:
            raise IngestError(
                f"PROXY_OA_LOGS: no file is named {'; '.join(empty)}; correct it, or make the folder and the "
                f"files readable for this user"
            )
        return "; ".join(f"{pattern}: {counted(count, 'file')}" for pattern, count in counts.items())

    def _formats(self) -> str:
        """Say what the newest logs were taken for, and recommend a better format of Squid's."""
        found = self._newest
        if found.unread:
            raise IngestError("; ".join(found.unread.values()))
        if not found.states:
            return Doubtful(f"the newest {_READ} files have no request yet")
        newest = max(found.states.values(), key=lambda state: state.last)
        formats = Counter(state.format for state in found.states.values())
        named = ", ".join(f"{name} ({counted(count, 'file')})" for name, count in formats.items())
        finding = f"{named}; the newest is {newest.format}: {printable(newest.why)}"
        if newest.format.startswith("squid") and not newest.format.startswith(_RECOMMENDED):
            line = declaration(_RECOMMENDED).logformat
            return Doubtful(
                f"{finding}. It leaves out some of referer, user agent, query and the bytes that clients "
                f"send; in squid.conf, name a format that has all of them, and log in it:\n"
                f"      logformat proxyoa {line}\n"
                f"      access_log daemon:/var/log/squid/access.log proxyoa"
            )
        return finding

    def _clock(self) -> str:
        """Compare the newest request with this machine's clock, and with when its log was written."""
        found = self._newest
        if not found.states:
            return "no request yet"
        path, newest = max(found.states.items(), key=lambda each: each[1].last)
        age = self._now - newest.last
        finding = f"the newest request is of {newest.last:%Y-%m-%d %H:%M:%S} UTC"
        if age < -_AHEAD:
            return Doubtful(
                f"{finding}, {_span(-age)} ahead of this machine's clock ({printable(path)}): set "
                f"PROXY_OA_LOG_TIMEZONE to the proxy's time zone, or correct its clock"
            )
        behind = self._behind(found, path, newest)
        if behind:
            return Doubtful(
                f"{finding}, {_span(behind)} before its log was written ({printable(path)}): set "
                f"PROXY_OA_LOG_TIMEZONE to the proxy's time zone if the log is being written now"
            )
        return f"{finding}, {_span(age)} ago"

    def _behind(self, found: FoundLogs, path: Path, newest: LogState) -> dt.timedelta | None:
        """Return by which time zone the newest request of a log that is written now seems to be off."""
        written = dt.datetime.fromtimestamp(found.files[path].st_mtime, dt.UTC)
        behind = written - newest.last
        seconds = behind.total_seconds()
        off = abs((seconds + _QUARTER / 2) % _QUARTER - _QUARTER / 2)
        is_zone = _QUARTER * 2 - _NEAR <= seconds <= 14 * 3600 + _NEAR and off <= _NEAR
        return behind if is_zone and self._now - written <= _BEING_WRITTEN else None


def _span(age: dt.timedelta) -> str:
    """Return a time span as people say it."""
    minutes = round(age.total_seconds() / 60)
    for size, unit in ((24 * 60, "day"), (60, "hour")):
        if minutes >= 2 * size:
            return f"{round(minutes / size, 1):,g} {unit}s"
    return counted(max(minutes, 0), "minute")
