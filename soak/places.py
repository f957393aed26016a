"""Where operations are killed: a home on this machine, or on a cluster, that can be restored."""

import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from pathlib import Path
from typing import ClassVar, Literal, Self, TypeVar

import dagster as dg
import numpy as np  # noqa: F401 - DuckDB and pandas load it, after which a process forks well
import pandas as pd  # noqa: F401 - the same
import pyarrow.parquet as pq  # noqa: F401 - the same
from support.home import Home
from typing_extensions import override

from proxy_oa_assets.cli.doctor import probe_all
from proxy_oa_assets.cli.history import open_history
from proxy_oa_assets.defs.assets.daily import WAREHOUSE_POOL
from proxy_oa_assets.model.tables import TABLES, Table
from soak import children
from soak.operations import HOME_DAYS, HomeName, Operation, prepare
from soak.state import State, day_state, home_folders, left_over

T = TypeVar("T")


def done(operation: Operation, home: Home) -> None:
    """Do an operation, whose result needn't be one that processes can exchange."""
    operation.work(home)


class Place(ABC):
    """Homes of one deployment in a folder, and the operations in them, each in a child process."""

    name: ClassVar[str]
    clock: ClassVar[Literal["processor", "wall"]]

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = folder / "output.log"
        self._path = folder / "home"
        dg.DagsterInstance.ephemeral().dispose()  # loads what each child would load

    def __enter__(self) -> Self:
        """Start what it needs."""
        return self

    @abstractmethod
    def __exit__(self, *_: object) -> None:
        """End what it started."""

    @abstractmethod
    def restore(self, name: HomeName) -> None:
        """Make the home what it is before an operation."""

    @abstractmethod
    def home(self) -> Home:
        """Return the home; in a child."""

    @abstractmethod
    def environ(self) -> dict[str, str]:
        """Return the variables of the home's processes."""

    def state(self, operation: Operation) -> State:
        """Read the days that an operation changes, as a new process does, and the files of the others."""

        def read() -> State:
            home = self.home()
            parts = {} if operation.days else home_folders(home)
            for day in operation.days:
                parts |= day_state(home, day, tables=self.read(operation))
            return {**parts, **_others(home, operation)}

        return self._result(read)

    def others(self, operation: Operation) -> State:
        """Read the files of the days that an operation doesn't change."""
        return self._result(lambda: _others(self.home(), operation))

    def read(self, _: Operation) -> Collection[Table]:
        """Return the tables whose rows are read in an operation's days."""
        return TABLES.values()

    def run(self, operation: Operation, moment: children.Moment | None = None) -> children.Ended:
        """Do an operation in a child; kill it at a moment."""
        return children.run(
            lambda: done(operation, self.home()),
            environ=self.environ(),
            log=self._log,
            moment=moment,
            home=self._path,
        )

    def doctor(self) -> list[str]:
        """Return what `proxy-oa doctor` says is to fix."""
        return self._result(
            lambda: [f"{probe.what}: {probe.finding}" for probe in probe_all() if not probe.works]
        )

    def left_over(self) -> list[str]:
        """Return a finding for each temporary file."""
        return [f"{path} is left over" for path in left_over(Home(self._path))]

    def history(self) -> list[str]:
        """Return what keeps Dagster's history from being used: runs that count as running, taken slots."""
        return self._result(lambda: _unusable(self.home())) if (self._path / "dagster").exists() else []

    def _prepare(self, work: Callable[[], object]) -> None:
        children.preload(work, environ=self.environ(), log=self._log)

    def _result(self, work: Callable[[], T]) -> T:
        return children.result_of(work, environ=self.environ(), log=self._log)


class EmbeddedPlace(Place):
    """Homes on this machine, which are copied."""

    name = "embedded"
    clock = "processor"

    @override
    def __exit__(self, *_: object) -> None:
        """Nothing was started."""

    @override
    def home(self) -> Home:
        return Home(self._path)

    @override
    def environ(self) -> dict[str, str]:
        return {"PROXY_OA_HOME": str(self._path)}

    @override
    def restore(self, name: HomeName) -> None:
        before = self._folder / name
        shutil.rmtree(self._path, ignore_errors=True)
        if not before.exists():
            self._prepare(lambda: prepare(self.home(), name))
            shutil.copytree(self._path, before)
            return
        shutil.copytree(before, self._path)


def _others(home: Home, operation: Operation) -> State:
    parts: dict[str, str] = {}
    for day in HOME_DAYS[operation.home]:
        if day not in operation.days:
            parts |= day_state(home, day, rows=False)
    return parts


def _unusable(home: Home) -> list[str]:
    with open_history(home.settings) as instance:
        unfinished = [run.run_id for run in instance.get_runs() if not run.is_finished]
        taken = instance.event_log_storage.get_concurrency_info(WAREHOUSE_POOL).claimed_slots
    running = [path.name for path in (home.settings.dagster_home / "running").glob("*")]
    return [
        *(f"the run {run_id} counts as running" for run_id in unfinished),
        *(f"the run {slot.run_id} keeps a slot" for slot in taken),
        *(f"the run {name} is marked as running" for name in running),
    ]
