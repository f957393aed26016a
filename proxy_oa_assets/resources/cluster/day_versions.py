"""The folders of a table's days on the cluster: each version of a day has its own.

A day is switched to a new version by its partition's location. The previous version stays for a while, for
readers that have planned with it. Scheduled removals are stored in HDFS as the names of empty folders:
creating one takes few requests to the NameNode, and if a writer is killed, others can clean up. Times are
those of the NameNode's clock, because the writers' own may differ.
"""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import DayError
from proxy_oa_assets.model.tables import PROXY, TABLES, Table
from proxy_oa_assets.resources.hdfs import FileStore

# The run of files in the day's own folder (of the raw table: its hours' folders), written by another system.
BARE = "bare"
_BESIDE = "_beside"
_UNFINISHED_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Version:
    """A version of a table's day: its run, and whether its folder is outside the day's own folder."""

    table: Table
    day: Day
    run: str
    beside: bool = False

    @property
    def staging_table(self) -> str:
        """The name of the table by which SQL writes the version."""
        return f"{self.table.name}_run_{self.run}"


@dataclass(frozen=True)
class Removal:
    """A version to remove, and when: seconds since 1970."""

    version: Version
    due: int

    @property
    def name(self) -> str:
        """The name of its folder: `1480000000.proxy_edge.2016-09-12.20160913t...`."""
        beside = f".{_BESIDE}" if self.version.beside else ""
        return f"{self.due}.{self.version.table.name}.{self.version.day}.{self.version.run}{beside}"


class DayVersions:
    """The versions of every table's days below HUSER."""

    def __init__(self, hdfs: FileStore, huser: str, keep_seconds: float) -> None:
        self._hdfs = hdfs
        self._huser = huser
        self._keep_seconds = keep_seconds
        self._removals = f"{huser}/proxy/hive/oa/.superseded"

    def new(self, table: Table, day: Day) -> Removal:
        """Return a version to write, whose removal is scheduled until `forget` cancels it.

        If another system's files are in the day's own folder, it is outside of that: an engine that reads
        folders recursively would find it there before the switch.
        """
        run = f"{dt.datetime.now(dt.UTC):%Y%m%dt%H%M%S}_{uuid.uuid4().hex[:8]}"
        beside = any(version.run == BARE for version in self.standing(table, day))
        seconds = max(self._keep_seconds, _UNFINISHED_SECONDS)
        return self._schedule(Version(table, day, run, beside), seconds)

    def standing(self, table: Table, day: Day) -> list[Version]:
        """Return a day's versions in HDFS: the current one, former ones, unfinished ones.

        The engine isn't asked: Impala would list every partition of the table.
        """
        found = []
        for beside in (False, True):
            entries = self._hdfs.list_folder(self._place(table, day, beside=beside))
            if any(not entry.is_folder for entry in entries) or (table is PROXY and not beside):
                found.append(Version(table, day, BARE, beside))
            names = (entry.name for entry in entries if entry.name.startswith("run="))
            found += [Version(table, day, name.removeprefix("run="), beside) for name in names]
        return found

    def others(self, version: Version) -> list[Version]:
        """Return the day's other versions in HDFS."""
        return [found for found in self.standing(version.table, version.day) if found != version]

    def folder(self, version: Version) -> str:
        """Return a version's folder."""
        place = self._place(version.table, version.day, beside=version.beside)
        return place if version.run == BARE else f"{place}/run={version.run}"

    def _place(self, table: Table, day: Day, *, beside: bool) -> str:
        root = f"{table.location}/{_BESIDE}" if beside else table.location
        return f"{self._huser}/{table.day_folder(day, root)}"

    def is_at(self, version: Version, location: str | None) -> bool:
        """Return whether a partition's location is the version's folder."""
        return location is not None and urlsplit(location).path.rstrip("/") == self.folder(version)

    def supersede(self, versions: Iterable[Version], *, again: Collection[Version] = ()) -> None:
        """Schedule removals of versions after the delay; those already scheduled keep their time.

        The time of those `again` starts once more: a part of them was read until now.
        """
        scheduled = {removal.version: removal for removal in self._scheduled()}
        for version in versions:
            former = scheduled.get(version)
            if former is None or version in again:
                removal = self._schedule(version, self._keep_seconds)
                if former not in (None, removal):
                    self.forget(former)

    def _schedule(self, version: Version, seconds: float) -> Removal:
        removal = Removal(version, int(self._hdfs.now() + seconds))
        self._hdfs.make_folder(f"{self._removals}/{removal.name}")
        return removal

    def due(self) -> Iterator[Removal]:
        """Yield the removals whose time has come."""
        now = self._hdfs.now()
        return (removal for removal in self._scheduled() if removal.due <= now)

    def _scheduled(self) -> list[Removal]:
        return list(filter(None, (_parsed(entry.name) for entry in self._hdfs.list_folder(self._removals))))

    def remove(self, removal: Removal) -> None:
        """Remove a version's files."""
        folder = self.folder(removal.version)
        if removal.version.run == BARE:
            for entry in self._hdfs.list_folder(folder):
                if not entry.is_folder:
                    self._hdfs.delete(entry.path)
        else:
            self._hdfs.delete_folder(folder)
        self.forget(removal)

    def forget(self, removal: Removal) -> None:
        """Cancel a removal."""
        self._hdfs.delete_folder(f"{self._removals}/{removal.name}")


def _parsed(name: str) -> Removal | None:
    """Return the removal that a folder's name describes; None for any other name."""
    match name.split("."):
        case [due, table, day, run, *beside] if table in TABLES and beside in ([], [_BESIDE]):
            with suppress(DayError, ValueError):
                return Removal(Version(TABLES[table], Day.parse(day), run, beside=bool(beside)), int(due))
    return None
