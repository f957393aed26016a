"""Dagster's history in SQLite, over connections that stay open as long as the history does.

Dagster's own storages open a file for each statement and close it afterwards: SQLite then copies its
write-ahead log into the database and removes it, and SQLAlchemy compiles each statement again. That took a
third of a small day's run. A power loss can lose the last events of a run, but doesn't damage the history.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Self

import dagster as dg
from alembic.runtime.migration import MigrationContext
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._core.storage.runs import SqliteRunStorage
from dagster._core.storage.schedules import SqliteScheduleStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import (
    DagsterSqliteStorage,
    _event_logs_directory,
    _runs_directory,
    _schedule_directory,
)
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event
from typing_extensions import override


def open_instance(folder: str) -> dg.DagsterInstance:
    """Open the history as the folder's `dagster.yaml` says; raise what its storage raises."""
    reference = InstanceRef.from_dir(folder)
    storage = reference.storage_data
    dagsters_own = DagsterSqliteStorage.__module__, DagsterSqliteStorage.__name__
    if storage and (storage.module_name, storage.class_name) == dagsters_own:
        kept = ConfigurableClassData(__name__, SqliteStorage.__name__, storage.config_yaml)
        reference = reference._replace(storage_data=kept)
    return dg.DagsterInstance.from_ref(reference)


def _engine(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS})

    @event.listens_for(engine, "connect")
    def commit_without_fsync(connection: sqlite3.Connection, _: object) -> None:
        # SQLite fsyncs its write-ahead log before it copies it, all the same. A run commits 250 times.
        connection.execute("PRAGMA synchronous=NORMAL")

    return engine


class RunStorage(SqliteRunStorage):
    """The runs."""

    _kept: Engine | None = None

    @contextmanager
    @override
    def connect(self) -> Iterator[Connection]:
        if self._kept is None:
            self._kept = _engine(self._conn_string)
        with self._kept.begin() as connection:
            yield connection

    @override
    def dispose(self) -> None:
        if self._kept is not None:
            self._kept.dispose()


class EventLogStorage(SqliteEventLogStorage):
    """The events: a file per run, and an index of all runs. The index and the last run's file stay open."""

    @cached_property
    def _kept(self) -> dict[str, Engine]:
        return {}

    @override
    def _initdb(self, engine: Engine, for_index_shard: bool = False) -> None:
        # Dagster loads all of its migrations before it sees that the file has its tables.
        with engine.connect() as connection:
            made = MigrationContext.configure(connection).get_current_revision()
        if not made:
            super()._initdb(engine, for_index_shard)

    @contextmanager
    @override
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            if shard not in self._kept:
                for other in self._kept.keys() - {INDEX_SHARD_NAME, shard}:
                    self._kept.pop(other).dispose()
                self._kept[shard] = _engine(self.conn_string_for_shard(shard))
            engine = self._kept[shard]
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection

    @override
    def dispose(self) -> None:
        super().dispose()
        for engine in self._kept.values():
            engine.dispose()


class SqliteStorage(DagsterSqliteStorage):
    """Runs, events and schedules."""

    @override
    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self.base_dir = base_dir
        self._inst_data = inst_data
        self._run_storage = RunStorage.from_local(_runs_directory(base_dir))
        self._event_log_storage = EventLogStorage(_event_logs_directory(base_dir))
        self._schedule_storage = SqliteScheduleStorage.from_local(_schedule_directory(base_dir))

    @classmethod
    @override
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        return cls(config_value["base_dir"], inst_data)
