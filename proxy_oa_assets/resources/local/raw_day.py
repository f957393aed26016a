"""A day of the raw table in a local folder, which other systems and this package can write.

Our files have a version in their names: `h=07/part.<version>.0.parquet`. A marker in the day's folder names
the version that is read, the files of former versions that it keeps, and the files of other systems that it
supersedes, so replacing it switches all hours at once; files that other systems add later are read, too. The
marker also holds the record of what the day was made from. A day that was copied from a cluster is read by
the cluster's marker until it is replaced or added to.

Other systems write `h=7` or `h=07`, and so `m=9` and `d=7`; a day can have both.
"""

import os
import re
import uuid
from collections import defaultdict
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import ClassVar, Self

from pydantic import BaseModel, ValidationError

from proxy_oa_assets.model.errors import WarehouseError
from proxy_oa_assets.model.files import naming, read_bytes, remove_abandoned, replacing
from proxy_oa_assets.model.tables import NULL_PARTITION, RAW_HOUR_FOLDER
from proxy_oa_assets.resources.local.partitions import has_content, visible_files

# The number of the folder whose rows have no hour.
_NO_HOUR = -1
_CHUNK = 1 << 20
_OURS = re.compile(r"part\.([0-9a-f]{32})(\.\d+)?\.parquet", re.ASCII)


class _Marker(BaseModel):
    file: ClassVar[str]

    @classmethod
    def of(cls, day: Path) -> Self:
        """Read a day's marker. A day that only other systems have written has none."""
        try:
            return cls.model_validate_json(read_bytes(day / cls.file))
        except FileNotFoundError:
            return cls()
        except ValidationError as error:
            raise WarehouseError(
                f"{day / cls.file} is damaged ({error.errors()[0]['msg']}); remove it and write the day again"
            ) from error


class _OurHour(BaseModel):
    run: str
    returned: bool = False


class _ClusterMarker(_Marker):
    """The hours that the cluster's form reads in place of the day's own; see `cluster/raw_marker.py`."""

    file = "_proxy_oa_version.json"

    hours: dict[str, _OurHour] = {}
    record: str = ""

    def files(self, day: Path) -> list[Path]:
        """Return the data files of a day that was copied from a cluster."""
        beside = day.parents[2].joinpath("_beside", *day.parts[-3:])
        ours = {f"h={hour}": found.run for hour, found in self.hours.items() if not found.returned}
        folders = [folder for _, folder in _hour_folders(day) if folder.name not in ours]
        folders += [beside / f"run={run}" / name for name, run in ours.items()]
        folders += [folder for other in _other_spellings(day) for _, folder in _hour_folders(other)]
        return _files(sorted(folders, key=lambda folder: folder.name))


class _LocalMarker(_Marker):
    """The version that is read, with the kept and the superseded files as paths from the day's folder."""

    # Engines ignore names that begin with a dot.
    file = ".version.json"

    version: str | None = None
    kept: list[str] = []
    superseded: list[str] = []
    record: str = ""

    @classmethod
    def of_new_version(cls, day: Path, stored: Iterable[Path], kept: Collection[Path], record: str) -> Self:
        """Return a marker by which some of the stored files are read on."""
        paths = {os.path.relpath(file, day): file for file in stored}
        ours = {path for path, file in paths.items() if _OURS.fullmatch(file.name)}
        read = {path for path, file in paths.items() if file in kept}
        return cls(
            version=uuid.uuid4().hex,
            kept=sorted(ours & read),
            superseded=sorted(paths.keys() - ours - read),
            record=record,
        )

    def put(self, day: Path) -> None:
        """Make this the day's marker, durably."""
        with replacing(day / self.file, durable=True) as file:
            file.write(self.model_dump_json().encode("utf-8"))

    def reads(self, day: Path, file: Path) -> bool:
        """Return whether a file of the day is read."""
        ours, path = _OURS.fullmatch(file.name), os.path.relpath(file, day)
        return ours[1] == self.version or path in self.kept if ours else path not in self.superseded


def raw_day_files(day: Path) -> list[Path]:
    """Return the data files of the raw day that has a folder, hour by hour."""
    marker = _LocalMarker.of(day)
    while True:
        files = _day_files(day) if marker.version else _ClusterMarker.of(day).files(day)
        files = [file for file in files if marker.reads(day, file) and has_content(file)]
        # A writer that switched the day in between may have removed files before they were listed.
        switched, marker = marker, _LocalMarker.of(day)
        if marker == switched:
            return files


def raw_day_record(day: Path) -> str:
    """Return the record of the raw day that has a folder; empty if it has none."""
    marker = _LocalMarker.of(day)
    return marker.record if marker.version else _ClusterMarker.of(day).record


def our_files(day: Path) -> dict[int, list[Path]]:
    """Return those of the day's files by hour that this package may rewrite."""
    files, stored = defaultdict[int, list[Path]](list), set(_day_files(day))
    for file in raw_day_files(day):
        if file not in stored or _OURS.fullmatch(file.name):
            files[_hour(file.parent)].append(file)
    return files


def replace_raw_day(day: Path, hours: Mapping[int, Sequence[Path]], record: str) -> None:
    """Replace the day that has a folder by copies of files. The day's lock must be held."""
    _switch(day, hours, _LocalMarker.of_new_version(day, _day_files(day), [], record))


def add_to_raw_day(
    day: Path, hours: Mapping[int, Sequence[Path]], replaced: Sequence[Path], record: str
) -> None:
    """Add copies of files, without the replaced ones of ours. The day's lock must be held."""
    # Listed first: what another system writes from now on isn't superseded.
    stored = _day_files(day)
    kept = [file for file in raw_day_files(day) if file not in replaced]
    files = {hour: [*added] for hour, added in hours.items()}
    for file in kept:
        # Of a day that was copied from a cluster: our version is beside the day's folder there.
        if file not in stored:
            files.setdefault(_hour(file.parent), []).append(file)
    _switch(day, files, _LocalMarker.of_new_version(day, stored, kept, record))


def _switch(day: Path, files: Mapping[int, Sequence[Path]], marker: _LocalMarker) -> None:
    """Copy files to the hours of a marker's version, and switch the day to it."""
    folders = dict(_hour_folders(day))
    try:
        for hour, added in files.items():
            folder = folders.get(hour, day / f"h={hour:02d}")
            for number, file in enumerate(added):
                target = folder / f"part.{marker.version}.{number}.parquet"
                with closing(_chunks(file)) as chunks, replacing(target, durable=True) as copy:
                    copy.writelines(chunks)
        marker.put(day)
    finally:
        _remove_unread(day)


def _chunks(file: Path) -> Generator[bytes]:
    # Named here: an error of reading would get the path of the copy.
    with naming(file), file.open("rb") as source:
        while chunk := source.read(_CHUNK):
            yield chunk


def _remove_unread(day: Path) -> None:
    """Remove what no reader takes: superseded files, former versions, and what killed writers left."""
    marker = _LocalMarker.of(day)
    for file in _day_files(day):
        if not marker.reads(day, file):
            file.unlink(missing_ok=True)
    for folder in (day, *_all_hour_folders(day)):
        remove_abandoned(folder)
    if marker.superseded:
        marker.model_copy(update={"superseded": []}).put(day)


def _hour_folders(day: Path) -> Iterator[tuple[int, Path]]:
    """Yield the folders of hours, padded or not; a padded one after the unpadded one of the same hour."""
    for folder in sorted(day.glob("h=*"), reverse=True):
        if RAW_HOUR_FOLDER.fullmatch(folder.name) or folder.name == f"h={NULL_PARTITION}":
            yield _hour(folder), folder


def _hour(folder: Path) -> int:
    found = RAW_HOUR_FOLDER.fullmatch(folder.name)
    return int(found[1]) if found else _NO_HOUR


def _other_spellings(day: Path) -> list[Path]:
    """Return where the day's folder is if its month or day isn't padded."""
    months, days = ((name, name.replace("=0", "=")) for name in (day.parent.name, day.name))
    spelled = dict.fromkeys(day.parents[1] / month / number for month in months for number in days)
    return [folder for folder in spelled if folder != day]


def _all_hour_folders(day: Path) -> list[Path]:
    return sorted(folder for each in (day, *_other_spellings(day)) for _, folder in _hour_folders(each))


def _day_files(day: Path) -> list[Path]:
    return _files(_all_hour_folders(day))


def _files(folders: Iterable[Path]) -> list[Path]:
    return [file for folder in folders for file in visible_files(folder)]
