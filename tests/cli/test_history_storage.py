"""The history's connections, which stay open while a command has the history open."""

import sqlite3
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from dagster._utils.error import serializable_error_info_from_exc_info
from sqlalchemy.exc import OperationalError
from support.home import SAMPLE_DAY, Home

from proxy_oa_assets.cli.history import _defect, materialize_day, open_history
from proxy_oa_assets.cli.history_storage import EventLogStorage, open_instance
from proxy_oa_assets.settings import load_settings


def observed(instance: dg.DagsterInstance) -> int:
    """Return how many days of `proxy` an instance has as observed."""
    return len(instance.fetch_observations(dg.AssetKey("proxy"), limit=10).records)


def test_another_process_s_storage_reads_each_event_once_it_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a command reports is there for the web UI at once, while the command goes on, and after."""
    monkeypatch.setenv("PROXY_OA_HOME", str(tmp_path))
    settings = load_settings()
    with open_history(settings) as instance:
        instance.report_runless_asset_event(dg.AssetObservation("proxy", partition="2016-09-12"))
        assert isinstance(instance.event_log_storage, EventLogStorage)
        with dg.DagsterInstance.from_config(str(settings.dagster_home)) as other:
            assert observed(other) == 1
            other.report_runless_asset_event(dg.AssetObservation("proxy", partition="2016-09-13"))
        assert observed(instance) == 2
    assert not list(settings.dagster_home.rglob("*.db-wal"))


def test_the_files_of_many_runs_are_not_kept_open(tmp_path: Path) -> None:
    """The last run's file alone stays open: a long history needs no more files than a short one."""
    with open_instance(str(tmp_path)) as instance:
        for run in ("first", "second", "third"):
            assert not instance.event_log_storage.get_logs_for_run(run)
        runs = tmp_path / "history" / "runs"
        assert {path.name for path in runs.glob("*.db-wal")} <= {"index.db-wal", "third.db-wal"}
        with sqlite3.connect(runs / "first.db") as connection:
            assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)


def test_a_history_elsewhere_keeps_its_own_storage(tmp_path: Path) -> None:
    """A `dagster.yaml` that names another storage gets that one."""
    (tmp_path / "dagster.yaml").write_text(
        "event_log_storage:\n"
        "  module: dagster._core.storage.event_log\n"
        "  class: ConsolidatedSqliteEventLogStorage\n"
        f"  config: {{base_dir: {tmp_path / 'events'}}}\n",
        encoding="utf-8",
    )
    with open_instance(str(tmp_path)) as instance:
        assert type(instance.event_log_storage).__name__ == "ConsolidatedSqliteEventLogStorage"


def test_a_site_s_own_storage_of_the_same_name_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A class is known by its module, too."""
    (tmp_path / "sites_own.py").write_text(
        "from dagster._core.storage.sqlite_storage import DagsterSqliteStorage\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "dagster.yaml").write_text(
        "storage:\n"
        "  custom:\n"
        "    module: sites_own\n"
        "    class: DagsterSqliteStorage\n"
        f"    config: {{base_dir: {tmp_path / 'history'}}}\n",
        encoding="utf-8",
    )
    with open_instance(str(tmp_path)) as instance:
        assert type(instance.event_log_storage).__name__ == "SqliteEventLogStorage"


@pytest.mark.parametrize("error", [duckdb.OperationalError, sqlite3.OperationalError])
def test_an_engine_s_error_is_not_taken_for_the_history_s(error: type[Exception]) -> None:
    """It has the name of one of SQLAlchemy's."""
    with pytest.raises(error) as caught:
        raise error("out of space")
    found = serializable_error_info_from_exc_info((caught.type, caught.value, caught.tb))
    assert _defect(found, "/srv/oa/dagster") == found.to_string()


def test_a_disk_that_fails_beneath_the_history_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where Dagster records a step's event, outside of the asset: the folder's path, and no traceback."""
    monkeypatch.setenv("PROXY_OA_HOME", str(tmp_path))
    home = Home(tmp_path)
    home.write_sample()
    store_event, fault = EventLogStorage.store_event, sqlite3.OperationalError("disk I/O error")

    def failing(storage: EventLogStorage, event: dg.EventLogEntry) -> None:
        found = event.dagster_event
        if found and found.is_step_materialization and found.step_key == "ingest_summary":
            raise OperationalError("INSERT INTO event_logs", {}, fault) from fault
        store_event(storage, event)

    monkeypatch.setattr(EventLogStorage, "store_event", failing)
    with open_history(home.settings) as instance:
        done = materialize_day(home.definitions, SAMPLE_DAY, 500, instance)

    assert not done.succeeded
    assert done.failures["ingest_summary"].startswith(
        f"Dagster's history in {home.settings.dagster_home} can't be read or written "
        f"(sqlite3.OperationalError: disk I/O error); check the folder's permissions"
    )
