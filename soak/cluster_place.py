"""Homes on a cluster, with a real HDFS and HiveServer2; what an operation changed is written back."""

import pickle
import shutil
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pyarrow as pa
import pyarrow.parquet as pq
from cluster_servers.running import Cluster
from support.cluster_home import ClusterHome
from support.home import Home
from typing_extensions import override

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.files import temporary_folder
from proxy_oa_assets.model.tables import PROXY, TABLES, Table
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.resources.parquet import arrow_schema
from proxy_oa_assets.sql.query import whole_day
from soak import children
from soak.operations import HOME_DAYS, HomeName, Operation, prepare
from soak.places import Place, done
from soak.state import State, day_state, files_below

if TYPE_CHECKING:
    import pandas as pd

# The tables but for the raw one, of which a reader has two dozen partitions loaded.
MADE = [table for table in TABLES.values() if table is not PROXY]


@dataclass
class _Kept:
    """What a home has before an operation: days, their rows and raw records, and files of the file store."""

    days: dict[Day, State] = field(default_factory=dict)
    rows: dict[tuple[str, Day], "pd.DataFrame"] = field(default_factory=dict)
    raw: dict[Day, tuple[pa.Table, str]] = field(default_factory=dict)
    files: dict[Day, dict[str, bytes]] = field(default_factory=dict)


class ReadyHome(ClusterHome):
    """A home whose tables are there."""

    def __init__(self, path: Path, **variables: str) -> None:
        Home.__init__(self, path, **variables)


class ClusterPlace(Place):
    """Homes on a cluster of its own, each with its database and its folder in HDFS."""

    name = "cluster"
    clock = "wall"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._cluster = Cluster(folder / "servers")
        self._current: HomeName = "analysed"
        # By home the days that an operation has changed since, and what was read of them after that.
        self._changed: dict[HomeName, Sequence[Day]] = {}
        self._found: dict[HomeName, State] = {}

    @override
    def __enter__(self) -> Self:
        self._cluster.start()
        return self

    @override
    def __exit__(self, *_: object) -> None:
        self._cluster.stop()

    @override
    def home(self) -> Home:
        return ReadyHome(self._path, **self._variables())

    @override
    def environ(self) -> dict[str, str]:
        return {**self._variables(), "PROXY_OA_HOME": str(self._path)}

    @override
    def restore(self, name: HomeName) -> None:
        self._current, self._path = name, self._folder / name
        local, kept = (self._folder / f"{name}.{what}" for what in ("local", "kept"))
        if not kept.exists():
            self._prepare(lambda: _prepared(self._path, self._variables(), name))
            self._result(lambda: kept.write_bytes(pickle.dumps(_kept(self.home(), HOME_DAYS[name]))))
            shutil.copytree(self._path, local)
            return
        shutil.rmtree(self._path)
        shutil.copytree(local, self._path)
        days, found = self._changed.pop(name, ()), self._found.pop(name, None)
        self._result(lambda: _put_back(self.home(), days, pickle.loads(kept.read_bytes()), found))

    @override
    def state(self, operation: Operation) -> State:
        found = super().state(operation)
        self._found[operation.home] = found
        return found

    @override
    def read(self, operation: Operation) -> Collection[Table]:
        """Leave out the raw table unless logs are ingested."""
        return TABLES.values() if operation.kind == "ingest" else MADE

    @override
    def run(self, operation: Operation, moment: children.Moment | None = None) -> children.Ended:
        self._changes(operation)
        return super().run(operation, moment)

    @override
    def left_over(self) -> list[str]:
        """Return what is left over locally and in the file store."""

        def stored() -> list[str]:
            hdfs = self.home().deployment.hdfs
            folders = (
                f"{self._huser()}/proxy/{name}" for name in ("scored_results", "oa/journal", "oa/storyboard")
            )
            found = [entry.path for folder in folders for entry in files_below(hdfs, folder, left_over=True)]
            return [f"{path} is left over" for path in found]

        return [*super().left_over(), *self._result(stored)]

    def run_without_engine(self, operation: Operation, moment: children.Moment) -> children.Ended:
        """Do an operation in a child; kill the engine at a moment, and start it again."""
        self._changes(operation)

        def restart() -> None:
            self._cluster.sql.kill()
            self._cluster.sql.start()

        return children.run(
            lambda: done(operation, self.home()),
            environ=self.environ(),
            log=self._log,
            moment=moment,
            instead=restart,
        )

    @override
    def doctor(self) -> list[str]:
        self._found.pop(self._current, None)
        return super().doctor()

    def _changes(self, operation: Operation) -> None:
        self._changed[operation.home] = operation.days
        self._found.pop(operation.home, None)

    def _huser(self) -> str:
        return f"/user/spot/{self._current}"

    def _variables(self) -> dict[str, str]:
        return {
            **self._cluster.variables,
            "PROXY_OA_DEPLOYMENT": "cluster",
            "PROXY_OA_HUSER": self._huser(),
            "PROXY_OA_DBNAME": self._current,
        }


def _prepared(path: Path, variables: dict[str, str], name: HomeName) -> None:
    path.mkdir()
    # Each statement takes a second and more.
    prepare(ClusterHome(path, {}, **variables), name, neighbour=False)


def _kept(home: Home, days: Sequence[Day]) -> _Kept:
    impala, hdfs, kept = home.deployment.impala, home.deployment.hdfs, _Kept()
    for day in days:
        kept.days[day] = day_state(home, day, tables=MADE)
        kept.raw[day] = impala.arrow_table(whole_day(PROXY, day)), impala.raw_day_record(day)
        kept.rows |= {(table.name, day): impala.read_day(table, day) for table in MADE}
        kept.files[day] = {path: _content(hdfs, path) for path in _day_paths(home, day)}
    return kept


def _put_back(home: Home, days: Sequence[Day], kept: _Kept, found: State | None) -> None:
    """Write back what differs in some days; `found` is what was read of them, if nothing changed since."""
    impala, hdfs = home.deployment.impala, home.deployment.hdfs
    for day in days:
        now = day_state(home, day, tables=MADE) if found is None else found
        for table in MADE:
            part = f"{day} table {table.name}"
            if now.get(part) != kept.days[day].get(part):
                impala.replace_day_with_frame(table, day, kept.rows[table.name, day])
        raw, record = kept.raw[day]
        if impala.raw_day_record(day) != record:
            with temporary_folder(home.path / "tmp") as folder:
                impala.replace_raw_day(day, _hours(raw, folder), record=record)
    for day in days:
        files = kept.files[day]
        for path in set(_day_paths(home, day)) - files.keys():
            hdfs.delete(path)
        for path, content in files.items():
            if hdfs.status(path) is None or _content(hdfs, path) != content:
                hdfs.write(path, [content])


def _hours(raw: pa.Table, folder: Path) -> dict[int, list[Path]]:
    """Write the rows of each hour to a file."""
    rows = defaultdict[int, list[dict[str, object]]](list)
    for row in raw.to_pylist():
        rows[int(str(row["p_time"])[:2])].append(row)
    files = dict[int, list[Path]]()
    for hour, found in rows.items():
        files[hour] = [folder / f"{hour}.parquet"]
        pq.write_table(pa.Table.from_pylist(found, schema=arrow_schema(PROXY)), files[hour][0])
    return files


def _content(hdfs: FileStore, path: str) -> bytes:
    with hdfs.open(path) as file:
        content: bytes = file.read()
    return content


def _day_paths(home: Home, day: Day) -> list[str]:
    workspace = home.deployment.workspace
    folders = (
        workspace.results(day).rpartition("/scores/")[0],
        workspace.progressions(day),
        workspace.journal(day).rpartition("/")[0],
    )
    return [entry.path for folder in folders for entry in files_below(home.deployment.hdfs, folder)]
