"""The days of the raw table, whose hours other systems and we write.

An hour's partition points to the folder `h=07` of the day, where another system writes, or to a folder of our
version. One statement can't switch 24 partitions, so a marker file in the day's folder names our version and
says whether it is being switched to. The writer holds a lock while it switches; if it dies, the next process
that gets the lock finishes the switch. A reader compares the marker before and after its statement has been
executed, and executes it again if the marker changed.

Other systems write `h=7` or `h=07`, and so `m=9` and `d=7`, each of them a partition; a day can have both.
"""

import dataclasses
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TypeVar

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import LockedError, WarehouseError
from proxy_oa_assets.model.files import is_data_file
from proxy_oa_assets.model.tables import NULL_PARTITION, PROXY, RAW_HOUR_FOLDER
from proxy_oa_assets.model.text_file import parse_nested
from proxy_oa_assets.resources.cluster.day_versions import BARE, DayVersions, Removal, Version
from proxy_oa_assets.resources.cluster.ddl import raw_hour_partition, set_location
from proxy_oa_assets.resources.cluster.dialects import Dialect
from proxy_oa_assets.resources.cluster.hive_connection import HiveConnection
from proxy_oa_assets.resources.hdfs import FileStatus, FileStore, StillHeld
from proxy_oa_assets.sql.query import Query

MARKER = "_proxy_oa_version.json"
_ATTEMPTS = 20
_CHUNK = 1 << 20

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Marker:
    """Our version of a day.

    `hours` maps each hour that the version replaced to the modification time of the day's own folder of that
    hour, 0 if there was none. The version has no rows in the `emptied` hours. The hours `returned` are being
    switched back to the day's own folders. `record` says what the day was made from.
    """

    run: str = ""
    switching: bool = False
    hours: Mapping[str, int] = dataclasses.field(default_factory=dict)
    emptied: Sequence[str] = ()
    returned: Sequence[str] = ()
    record: str = ""


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

    def record(self, day: Day) -> str:
        """Return the record of a day, after the switch that it belongs to; empty if it has none."""
        while (marker := self._read(day)).switching:
            self._settle(day)
        return marker.record

    def replace(self, day: Day, files: Mapping[int, Sequence[Path]], record: str) -> None:
        """Replace a day by local Parquet files of hours; the other hours are emptied.

        Raises WarehouseError if other folders have rows of the day: the marker switches those of one folder.
        """
        self._refuse_other_folders(day)
        draft = self._versions.new(PROXY, day)
        folder, named = self._versions.folder(draft.version), {f"{hour:02d}": files[hour] for hour in files}
        for hour, added in named.items():
            for number, file in enumerate(added):
                self._hdfs.write(f"{folder}/h={hour}/part-{number}.parquet", _Chunks(file))
        with self._lock(day) as still_held:
            others = self._versions.others(draft.version)
            known = {hour for version in others for hour in self._hours(self._versions.folder(version))}
            own = {hour: entry.modified for hour, entry in self._hours(self._folder(day)).items()}
            hours = {hour: own.get(hour, 0) for hour in {*own, *named, *known}}
            emptied = sorted(hour for hour in hours if not named.get(hour))
            for hour in emptied:
                self._hdfs.make_folder(f"{folder}/h={hour}")
            self._versions.supersede(others)
            marker = Marker(draft.version.run, hours=hours, emptied=emptied, record=record)
            self._switch(day, marker, still_held)
            self._versions.forget(draft)

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
        """Remove the files of a version that another one has superseded."""
        version = removal.version
        marker = self._read(version.day)
        if marker.switching:
            return
        if version.run == BARE:
            for hour, entry in self._hours(self._folder(version.day)).items():
                # Files that another system has written since stay.
                if marker.hours.get(hour) == entry.modified:
                    for file in self._hdfs.list_folder(entry.path):
                        self._hdfs.delete(file.path)
        elif version.run != marker.run:
            self._hdfs.delete_folder(self._versions.folder(version))
        self._versions.forget(removal)

    def _load(self, query: Query) -> dict[Day, FileStatus | None]:
        """Have the engine load the raw hours that a query may read; return each day's marker."""
        if query.days is None or not re.search(rf"\b{PROXY.name}\b", query.sql, re.IGNORECASE):
            return {}
        first, last = query.days
        return {day: self._load_day(day) for day in first.through(last)}

    def _load_day(self, day: Day) -> FileStatus | None:
        entries = self._hdfs.list_folder(self._folder(day))
        status = next((entry for entry in entries if entry.name == MARKER), None)
        marker, own = self._read(day) if status else Marker(), _hours(entries)
        if marker.switching or self._written_since(marker, own):
            self._settle(day)
            return self._load_day(day)
        current: dict[str, str | int] = {hour: entry.modified for hour, entry in own.items()}
        current |= dict.fromkeys(marker.hours, marker.run)
        ours, *others = PROXY.day_spellings(day)
        self._load_hours(ours, current, marker.hours)
        for spelling in others:
            found = self._hours(self._spelled_folder(spelling))
            self._load_hours(spelling, {hour: entry.modified for hour, entry in found.items()}, {})
        return status

    def _load_hours(
        self, day: tuple[str | int, ...], current: Mapping[str, str | int], known: Mapping[str, int]
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
        with self._lock(day) as still_held:
            marker = self._read(day)
            returned = {*marker.returned, *self._written_since(marker, self._hours(self._folder(day)))}
            if marker.switching or returned:
                self._switch(day, dataclasses.replace(marker, returned=sorted(returned)), still_held)

    def _switch(self, day: Day, marker: Marker, still_held: StillHeld) -> None:
        """Point every hour's partition to its folder; it may be repeated."""
        self._write(day, dataclasses.replace(marker, switching=True))
        ours = self._versions.folder(Version(PROXY, day, marker.run, beside=True))
        places = {}
        for hour in sorted(marker.hours):
            folder = self._folder(day) if hour in marker.returned else ours
            places[raw_hour_partition(PROXY.day_values(day), hour)] = f"{folder}/h={hour}"
        self._connection.run_all(self._dialect.add_partitions(PROXY.name, places))
        for spec, place in places.items():
            still_held()
            self._connection.run_all(
                [set_location(PROXY.name, spec, place), *self._dialect.refresh(PROXY.name, spec)]
            )
        still_held()
        kept = {hour: modified for hour, modified in marker.hours.items() if hour not in marker.returned}
        emptied = [hour for hour in marker.emptied if hour in kept]
        self._write(day, Marker(marker.run, hours=kept, emptied=emptied, record=marker.record))

    def _written_since(self, marker: Marker, own: Mapping[str, FileStatus]) -> list[str]:
        """Return the hours that we emptied and that another system has written to since."""
        return [
            hour
            for hour in marker.emptied
            if hour in own
            and own[hour].modified != marker.hours[hour]
            and self._hdfs.list_folder(own[hour].path)
        ]

    def _read(self, day: Day) -> Marker:
        path = self._marker(day)
        if self._hdfs.status(path) is None:
            return Marker()
        with self._hdfs.open(path) as file:
            content = file.read()
        try:
            return Marker(**parse_nested(json.loads, content))
        except (ValueError, TypeError) as error:
            raise WarehouseError(
                f"{self._hdfs.location(path)} is damaged ({error}); remove it and write the day again"
            ) from error

    def _write(self, day: Day, marker: Marker) -> None:
        self._hdfs.write(self._marker(day), [json.dumps(dataclasses.asdict(marker)).encode()])

    def _hours(self, folder: str) -> dict[str, FileStatus]:
        return _hours(self._hdfs.list_folder(folder))

    def _refuse_other_folders(self, day: Day) -> None:
        folders = [self._spelled_folder(spelling) for spelling in PROXY.day_spellings(day)[1:]]
        others = [entry.path for folder in folders for entry in self._hours(folder).values()]
        others.append(f"{self._folder(day)}/h={NULL_PARTITION}")
        for path in others:
            if any(is_data_file(entry.name) for entry in self._hdfs.list_folder(path)):
                raise WarehouseError(
                    f"{self._hdfs.location(path)} has rows of {day}, too, and can't be replaced together "
                    f"with the hours in {self._hdfs.location(self._folder(day))}: move its files into one of "
                    f"them, drop its partition, and replace the day again"
                )

    def _spelled_folder(self, values: tuple[str | int, ...]) -> str:
        return f"{self._huser}/{PROXY.spelled_folder(values)}"

    def _lock(self, day: Day) -> AbstractContextManager[StillHeld]:
        return self._hdfs.lock(
            f"{self._huser}/proxy/oa/.locks/{day.folder}.proxy-hours", f"switching hours of {day}"
        )

    def _marker(self, day: Day) -> str:
        return f"{self._folder(day)}/{MARKER}"

    def _folder(self, day: Day) -> str:
        return f"{self._huser}/{PROXY.day_folder(day)}"


@dataclasses.dataclass(frozen=True)
class _Chunks(Iterable[bytes]):
    """A local file's content, which can be sent again."""

    path: Path

    def __iter__(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk


def _hours(entries: Iterable[FileStatus]) -> dict[str, FileStatus]:
    """Return the folders of a raw day's hours, by hour as its folder writes it."""
    found = ((RAW_HOUR_FOLDER.fullmatch(entry.name), entry) for entry in entries if entry.is_folder)
    return {match[1]: entry for match, entry in found if match}
