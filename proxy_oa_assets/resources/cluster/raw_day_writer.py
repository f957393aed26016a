"""How days of the raw table are replaced and added to: files are written aside, then hours are switched."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import LockedError, WarehouseError
from proxy_oa_assets.model.files import is_data_file
from proxy_oa_assets.model.tables import NULL_PARTITION, PROXY
from proxy_oa_assets.resources.cluster.day_versions import BARE, DayVersions, Version
from proxy_oa_assets.resources.cluster.raw_days import RawDays
from proxy_oa_assets.resources.cluster.raw_files import (
    data_files,
    hour_folders,
    write_changed_hour,
    write_files,
)
from proxy_oa_assets.resources.cluster.raw_marker import MARKER, Marker, OurHour
from proxy_oa_assets.resources.hdfs import FileStatus, FileStore

_ATTEMPTS = 20

# Local files by the number of the hour.
HourFiles = Mapping[int, Sequence[Path]]


class RawDayWriter:
    """Writes days of the raw table, whose hours `raw_days` switches."""

    def __init__(self, raw_days: RawDays, hdfs: FileStore, versions: DayVersions) -> None:
        self._raw_days = raw_days
        self._hdfs = hdfs
        self._versions = versions

    def replace(self, day: Day, files: HourFiles, record: str) -> list[str]:
        """Replace a day by local Parquet files; the other hours are emptied. Return all hours.

        Raises WarehouseError if other folders have rows of the day: the marker switches those of one folder.
        """
        self._refuse_other_folders(day)
        draft = self._versions.new(PROXY, day)
        run, folder = draft.version.run, self._versions.folder(draft.version)
        named = {f"{hour:02d}": added for hour, added in files.items() if added}
        for hour, added in named.items():
            write_files(self._hdfs, f"{folder}/h={hour}", run, added)
        with self._raw_days.lock(day) as still_held:
            former, own = self._raw_days.marker(day), self._hours(self._raw_days.folder(day))
            others = self._versions.others(draft.version)
            known = {hour for version in others for hour in self._hours(self._versions.folder(version))}
            hours = {}
            for hour in {*own, *named, *known}:
                stored = self._hdfs.list_folder(own[hour].path) if hour in own else []
                hours[hour] = _our_hour(run, own.get(hour), stored, emptied=hour not in named)
                if hour not in named:
                    self._hdfs.make_folder(f"{folder}/h={hour}")
            self._versions.supersede(others, again=_losing(day, former, own, hours))
            self._raw_days.switch(day, Marker(hours=hours, record=record), hours, still_held)
            self._versions.forget(draft)
        return sorted(hours)

    def add(self, day: Day, files: HourFiles, retracted: HourFiles, record: str) -> list[str]:
        """Add local Parquet files to hours of a day, and take rows out of them; return those hours.

        The other hours stay where they are.
        """
        numbers = {f"{hour:02d}": hour for hour in (*files, *retracted)}
        concerned = {MARKER, *(f"h={hour}" for hour in numbers)}
        for _ in range(_ATTEMPTS):
            entries, former = self._raw_days.settled(day)
            own, listed = hour_folders(entries), dict[str, list[FileStatus]]()
            draft = self._versions.new(PROXY, day)
            run, folder = draft.version.run, self._versions.folder(draft.version)
            hours = {}
            for hour, number in numbers.items():
                write_changed_hour(
                    self._hdfs,
                    f"{folder}/h={hour}",
                    run,
                    self._read_files(day, former, own, hour, listed),
                    added=files.get(number, ()),
                    retracted=retracted.get(number, ()),
                )
                hours[hour] = _our_hour(run, own.get(hour), listed[own[hour].path] if hour in own else [])
            with self._raw_days.lock(day) as still_held:
                changed = {*entries}.symmetric_difference(self._hdfs.list_folder(self._raw_days.folder(day)))
                if concerned.isdisjoint(entry.name for entry in changed) and all(
                    self._hdfs.list_folder(path) == found for path, found in listed.items()
                ):
                    losing = _losing(day, former, own, hours)
                    self._versions.supersede(losing, again=losing)
                    marker = Marker(hours={**former.hours, **hours}, record=record)
                    self._raw_days.switch(day, marker, hours, still_held)
                    self._versions.forget(draft)
                    return sorted(hours)
            self._hdfs.delete_folder(folder)
            self._versions.forget(draft)
        raise LockedError(
            f"{self._hdfs.location(self._raw_days.folder(day))} changed during each of {_ATTEMPTS} attempts "
            f"to add to the day; try again when no other system writes it"
        )

    def _read_files(
        self,
        day: Day,
        marker: Marker,
        own: Mapping[str, FileStatus],
        hour: str,
        listed: dict[str, list[FileStatus]],
    ) -> list[FileStatus]:
        """Return the files of an hour, and those that another system has written to an hour of ours since.

        The entries of each folder that must stay as it is until the switch are added to `listed`.
        """
        files, run = list[FileStatus](), marker.run_of(hour)
        if hour in own:
            stored = listed[own[hour].path] = self._hdfs.list_folder(own[hour].path)
            superseded = marker.hours[hour].superseded if run else {}
            files += [file for file in data_files(stored) if superseded.get(file.name) != file.modified]
        if run:
            place = f"{self._versions.folder(Version(PROXY, day, run, beside=True))}/h={hour}"
            listed[place] = self._hdfs.list_folder(place)
            files += data_files(listed[place])
        return files

    def _refuse_other_folders(self, day: Day) -> None:
        folders = [self._raw_days.spelled_folder(spelling) for spelling in PROXY.day_spellings(day)[1:]]
        others = [entry.path for folder in folders for entry in self._hours(folder).values()]
        others.append(f"{self._raw_days.folder(day)}/h={NULL_PARTITION}")
        for path in others:
            if any(is_data_file(entry.name) for entry in self._hdfs.list_folder(path)):
                raise WarehouseError(
                    f"{self._hdfs.location(path)} has rows of {day}, too, and can't be replaced together "
                    f"with the hours in {self._hdfs.location(self._raw_days.folder(day))}: move its files "
                    f"into one of them, drop its partition, and replace the day again"
                )

    def _hours(self, folder: str) -> dict[str, FileStatus]:
        return hour_folders(self._hdfs.list_folder(folder))


def _our_hour(
    run: str, own: FileStatus | None, stored: Iterable[FileStatus], *, emptied: bool = False
) -> OurHour:
    return OurHour(
        run=run,
        modified=own.modified if own else 0,
        superseded={file.name: file.modified for file in data_files(stored)},
        emptied=emptied,
    )


def _losing(day: Day, marker: Marker, own: Mapping[str, FileStatus], hours: Iterable[str]) -> list[Version]:
    """Return the versions in which hours were read that another version takes."""
    runs = {run for hour in hours if (run := marker.run_of(hour))}
    versions = [Version(PROXY, day, run, beside=True) for run in sorted(runs)]
    known = {hour: ours.modified for hour, ours in marker.hours.items()}
    if any(hour in own and own[hour].modified != known.get(hour) for hour in hours):
        versions.append(Version(PROXY, day, BARE))
    return versions
