"""The folders of a table's days on the cluster: each version of a day has one of its own.

A day is switched to a new version by its partition's location. The one before it stays for a while, for
readers in the middle of it. What is to be removed, and when, stands in HDFS as the name of an empty folder:
making one is a single request to the NameNode, and a writer that is killed leaves behind what to clean up.
"""

import datetime as dt
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import DayError
from proxy_oa_assets.model.tables import TABLES, Table
from proxy_oa_assets.resources.hdfs import FileStore

_BARE = "bare"
_BESIDE = "_beside"
_UNFINISHED_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Version:
    """A version of a table's day: its run, and whether it stands beside the day's own folder.

    The run `bare` is what stands in the day's folder itself, where another system wrote it.
    """

    table: Table
    day: Day
    run: str
    beside: bool = False

    @property
    def staging_table(self) -> str:
        """The name of the table by which SQL writes the version."""
        return f"{self.table.name}_run_{self.run}"


@dataclass(frozen=True)
class Superseded:
    """A version to be removed, and when: seconds since 1970."""

    version: Version
    due: int

    @property
    def name(self) -> str:
        """The name under which it is noted: `1480000000.proxy_edge.2016-09-12.20160913t...`."""
        beside = f".{_BESIDE}" if self.version.beside else ""
        return f"{self.due}.{self.version.table.name}.{self.version.day}.{self.version.run}{beside}"


class DayVersions:
    """The versions of every table's days below HUSER."""

    def __init__(self, hdfs: FileStore, huser: str, keep_seconds: float) -> None:
        self._hdfs = hdfs
        self._huser = huser
        self._keep_seconds = keep_seconds
        self._notes = f"{huser}/proxy/hive/oa/.superseded"

    def new(self, table: Table, day: Day) -> Superseded:
        """Return a version to be written, noted as to be removed until that is forgotten.

        Where another system's files stand in the day's own folder, it is put elsewhere: an engine that reads
        folders to the bottom would find it there before it is switched to.
        """
        run = f"{dt.datetime.now(dt.UTC):%Y%m%dt%H%M%S}_{uuid.uuid4().hex[:8]}"
        beside = any(version.run == _BARE for version in self.standing(table, day))
        return self._note(Version(table, day, run, beside), max(self._keep_seconds, _UNFINISHED_SECONDS))

    def standing(self, table: Table, day: Day) -> list[Version]:
        """Return the versions of a day that are in HDFS: the current one, former ones, unfinished ones.

        The engine isn't asked: Impala would list every partition of the table to tell where one is.
        """
        found = []
        for beside in (False, True):
            entries = self._hdfs.list_folder(self._place(table, day, beside=beside))
            if any(not entry.is_folder for entry in entries):
                found.append(Version(table, day, _BARE, beside))
            names = (entry.name for entry in entries if entry.name.startswith("run="))
            found += [Version(table, day, name.removeprefix("run="), beside) for name in names]
        return found

    def folder(self, version: Version) -> str:
        """Return a version's folder."""
        place = self._place(version.table, version.day, beside=version.beside)
        return place if version.run == _BARE else f"{place}/run={version.run}"

    def _place(self, table: Table, day: Day, *, beside: bool) -> str:
        root = f"{table.location}/{_BESIDE}" if beside else table.location
        return f"{self._huser}/{table.day_folder(day, root)}"

    def is_at(self, version: Version, location: str | None) -> bool:
        """Return whether a partition's location is the version's folder."""
        return location is not None and urlsplit(location).path.rstrip("/") == self.folder(version)

    def supersede(self, versions: Iterable[Version]) -> None:
        """Note that versions are to be removed after the delay; what is noted already keeps its time."""
        noted = {noted.version for noted in self._noted()}
        for version in versions:
            if version not in noted:
                self._note(version, self._keep_seconds)

    def _note(self, version: Version, seconds: float) -> Superseded:
        noted = Superseded(version, int(time.time() + seconds))
        self._hdfs.make_folder(f"{self._notes}/{noted.name}")
        return noted

    def due(self) -> Iterator[Superseded]:
        """Yield what may be removed by now."""
        now = time.time()
        yield from (noted for noted in self._noted() if noted.due <= now)

    def _noted(self) -> list[Superseded]:
        parsed = (_parsed(entry.name) for entry in self._hdfs.list_folder(self._notes))
        return [noted for noted in parsed if noted is not None]

    def remove(self, noted: Superseded) -> None:
        """Remove a version's files, and that they are to be removed."""
        folder = self.folder(noted.version)
        if noted.version.run == _BARE:
            for entry in self._hdfs.list_folder(folder):
                if not entry.is_folder:
                    self._hdfs.delete(entry.path)
        else:
            self._hdfs.delete_folder(folder)
        self.forget(noted)

    def forget(self, noted: Superseded) -> None:
        """Take back that something is to be removed."""
        self._hdfs.delete_folder(f"{self._notes}/{noted.name}")


def _parsed(name: str) -> Superseded | None:
    """Return what a name notes; None for one that somebody else gave."""
    match name.split("."):
        case [due, table, day, run, *beside] if table in TABLES and beside in ([], [_BESIDE]):
            try:
                return Superseded(Version(TABLES[table], Day.parse(day), run, beside=bool(beside)), int(due))
            except (DayError, ValueError):
                return None
    return None
