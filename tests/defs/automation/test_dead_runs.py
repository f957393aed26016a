from contextlib import suppress
from pathlib import Path

import dagster as dg
import pytest

from proxy_oa_assets.defs.automation.dead_runs import fail_dead_runs, running


@dg.job
def nothing() -> None:
    """Do nothing."""


def test_a_run_whose_end_could_not_be_recorded_is_failed_by_the_next(tmp_path: Path) -> None:
    """On a full disk the history has the run as started, and its process ends with an error."""
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        run = instance.create_run_for_job(nothing, status=dg.DagsterRunStatus.STARTED)
        with suppress(OSError), running(instance, run.run_id):
            assert fail_dead_runs(instance) == []
            raise OSError

        assert fail_dead_runs(instance) == [run.run_id]
        assert fail_dead_runs(instance) == []
        assert not list((tmp_path / "running").iterdir())


def test_a_run_whose_mark_has_no_name_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk was full before the run's process could write its name."""
    monkeypatch.setattr("proxy_oa_assets.model.file_lock._write", lambda *_: None)
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        with suppress(OSError), running(instance, "a-run"):
            raise OSError
        assert not list((tmp_path / "running").iterdir())
