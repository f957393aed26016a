"""The days of the raw table, whose hours other systems and we write.

An hour's partition points to the folder `h=07` of the day, where another system writes, or to a folder of our
version. One statement can't switch 24 partitions, so a marker file in the day's folder names our version and
says whether it is being switched to. The writer holds a lock while it switches; if it dies, the next process
that gets the lock finishes the switch. A reader compares the marker before and after its statement has been
executed, and executes it again if the marker changed.

Other systems write `h=7` or `h=07`, and so `m=9` and `d=7`, each of them a partition; a day can have both.
"""

import re
from collections.abc import Callable, Collection, Container, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import LockedError
from proxy_oa_assets.model.tables import PROXY
from proxy_oa_assets.resources.cluster.day_versions import BARE, DayVersions, Removal, Version
from proxy_oa_assets.resources.cluster.ddl import raw_hour_partition, set_location
from proxy_oa_assets.resources.cluster.dialects import Dialect
from proxy_oa_assets.resources.cluster.hive_connection import HiveConnection
from proxy_oa_assets.resources.cluster.raw_files import hour_folders
from proxy_oa_assets.resources.cluster.raw_marker import MARKER, Marker, read_marker, write_marker
from proxy_oa_assets.resources.hdfs import FileStatus, FileStore, StillHeld
from proxy_oa_assets.sql.query import Query

_ATTEMPTS = 20

T = TypeVar("T")


class RawDays:
    """The raw table's days below HUSER, as one connection knows them."""

    def __init__(
        self, connection: HiveConnection, dialect: Dialect, hdfs: FileStore, huser: str, versions: DayVersions
    ) -> None:
        self._connection = connection
        self._dialect = dialect
        self._hdfs = hdfs
        self._huser = huser
        self._versions = versions
        # By day and hour as their folders write them: the version, or the folder's modification time, that
        # the engine has loaded for us.
        self._loaded: dict[tuple[tuple[str | int, ...], str], str | int] = {}

    def folder(self, day: Day) -> str:
        """Return the day's own folder, in which other systems write."""
        return self.spelled_folder(PROXY.day_values(day))

    def spelled_folder(self, values: tuple[str | int, ...]) -> str:
        """Return the folder of a day whose y, m and d are written so."""
        return f"{self._huser}/{PROXY.spelled_folder(values)}"

    def marker(self, day: Day) -> Marker:
        """Return a day's marker, whose switch may not be finished."""
        return read_marker(self._hdfs, self._marker(day))

    def settled(self, day: Day) -> tuple[list[FileStatus], Marker]:
        """Return what is in a day's folder, and its marker, once no switch is to be finished."""
        while True:
            entries = self._hdfs.list_folder(self.folder(day))
            marked = any(entry.name == MARKER for entry in entries)
            marker = self.marker(day) if marked else Marker()
            if not marker.switching and not self._written_since(marker, hour_folders(entries)):
                return entries, marker
            self._settle(day)

    def lock(self, day: Day) -> AbstractContextManager[StillHeld]:
        """Hold the lock for switching hours of a day."""
        return self._hdfs.lock(
            f"{self._huser}/proxy/oa/.locks/{day.folder}.proxy-hours", f"switching hours of {day}"
        )

    def switch(self, day: Day, marker: Marker, hours: Collection[str], still_held: StillHeld) -> None:
        """Make a marker the day's, and point the partitions of hours to their folders; it may be repeated."""
        still_held()
        path = self._marker(day)
        write_marker(self._hdfs, path, marker.model_copy(update={"switching": True}))
        places = {
            raw_hour_partition(PROXY.day_values(day), hour): self._hour_folder(day, hour, marker.run_of(hour))
            for hour in sorted(hours)
        }
        self._connection.run_all(self._dialect.add_partitions(PROXY.name, places))
        for spec, place in places.items():
            still_held()
            self._connection.run_all(
                [set_location(PROXY.name, spec, place), *self._dialect.refresh(PROXY.name, spec)]
            )
        for hour, ours in marker.hours.items():
            # A day's hours are found by their folders.
            if hour in hours and not ours.emptied:
                self._hdfs.make_folder(self._hour_folder(day, hour, run=None))
        still_held()
        write_marker(self._hdfs, path, marker.switched())

    @contextmanager
    def whole(self, query: Query, execute: Callable[[], AbstractContextManager[T]]) -> Iterator[T]:
        """Execute a query so that it reads one version of each raw day."""
        for _ in range(_ATTEMPTS):
            markers = self._load(query)
            with execute() as result:
                if all(self._hdfs.status(self._marker(day)) == status for day, status in markers.items()):
                    yield result
                    return
        raise LockedError(
            f"{' and '.join(map(self._marker, markers))} changed during each of {_ATTEMPTS} attempts to read "
            f"the day; try again when it isn't being replaced"
        )

    def remove(self, removal: Removal) -> None:
        """Remove the files of a version that another one has superseded; hours of it that are read stay."""
        version = removal.version
        marker = self.marker(version.day)
        if marker.switching:
            return
        folder = self._versions.folder(version)
        if version.run == BARE:
            for hour, entry in self._hours(folder).items():
                # Files that another system has written since stay.
                if hour in marker.hours and marker.hours[hour].modified == entry.modified:
                    for file in self._hdfs.list_folder(entry.path):
                        self._hdfs.delete(file.path)
        else:
            hours = self._hours(folder)
            unread = [entry.path for hour, entry in hours.items() if marker.run_of(hour) != version.run]
            for path in unread if len(unread) < len(hours) else [folder]:
                self._hdfs.delete_folder(path)
        self._versions.forget(removal)

    def _load(self, query: Query) -> dict[Day, FileStatus | None]:
        """Have the engine load the raw hours that a query may read; return each day's marker."""
        if query.days is None or not re.search(rf"\b{PROXY.name}\b", query.sql, re.IGNORECASE):
            return {}
        first, last = query.days
        return {day: self._load_day(day) for day in first.through(last)}

    def _load_day(self, day: Day) -> FileStatus | None:
        entries, marker = self.settled(day)
        own = hour_folders(entries)
        current: dict[str, str | int] = {hour: entry.modified for hour, entry in own.items()}
        current |= {hour: ours.run for hour, ours in marker.hours.items()}
        ours, *others = PROXY.day_spellings(day)
        self._load_hours(ours, current, marker.hours)
        for spelling in others:
            found = self._hours(self.spelled_folder(spelling))
            self._load_hours(spelling, {hour: entry.modified for hour, entry in found.items()}, ())
        return next((entry for entry in entries if entry.name == MARKER), None)

    def _load_hours(
        self, day: tuple[str | int, ...], current: Mapping[str, str | int], known: Container[str]
    ) -> None:
        """Have the engine load the hours that it hasn't loaded as they are; it has the `known` partitions."""
        stale = [hour for hour in current if self._loaded.get((day, hour)) != current[hour]]
        added = [hour for hour in stale if (day, hour) not in self._loaded and hour not in known]
        self._connection.run_all(
            self._dialect.add_partitions(
                PROXY.name, dict.fromkeys(raw_hour_partition(day, hour) for hour in added)
            )
        )
        for hour in sorted(set(stale) - set(added)):
            self._connection.run_all(self._dialect.refresh(PROXY.name, raw_hour_partition(day, hour)))
        self._loaded |= {(day, hour): current[hour] for hour in stale}

    def _settle(self, day: Day) -> None:
        """Wait for the writer that is switching a day, finish for one that died, and return hours."""
        with self.lock(day) as still_held:
            marker = self.marker(day)
            returned = self._written_since(marker, self._hours(self.folder(day)))
            if marker.switching or returned:
                hours = marker.hours if marker.switching else returned
                self.switch(day, marker.returning(returned), hours, still_held)

    def _written_since(self, marker: Marker, own: Mapping[str, FileStatus]) -> list[str]:
        """Return the hours that we emptied and that another system has written to since."""
        return [
            hour
            for hour, ours in marker.hours.items()
            if ours.emptied
            and hour in own
            and own[hour].modified != ours.modified
            and self._hdfs.list_folder(own[hour].path)
        ]

    def _hour_folder(self, day: Day, hour: str, run: str | None) -> str:
        version = Version(PROXY, day, BARE if run is None else run, beside=run is not None)
        return f"{self._versions.folder(version)}/h={hour}"

    def _hours(self, folder: str) -> dict[str, FileStatus]:
        return hour_folders(self._hdfs.list_folder(folder))

    def _marker(self, day: Day) -> str:
        return f"{self.folder(day)}/{MARKER}"
