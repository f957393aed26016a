import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, ClassVar

import dagster as dg
import pytest
from support.home import SAMPLE_DAY, Home

from proxy_oa_assets.resources.local.local_hdfs import LocalHdfs

MATERIALIZE = """
import sys
from pathlib import Path
import dagster as dg
from support.home import SAMPLE_DAY, Home

with dg.DagsterInstance.local_temp(sys.argv[2]) as instance:
    done = Home(Path(sys.argv[1])).materialize(SAMPLE_DAY, assets=["proxy_results"], instance=instance)
sys.exit(not done.success)
"""


class PausedHdfs(LocalHdfs):
    """A storage whose files can be read once `go_on` is set; `reading` is set when one is opened."""

    reading: ClassVar[threading.Event] = threading.Event()
    go_on: ClassVar[threading.Event] = threading.Event()

    @contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        """Open a file after the pause."""
        self.reading.set()
        assert self.go_on.wait(120)
        with super().open(path) as stream:
            yield stream


@pytest.fixture
def history_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "history"
    folder.mkdir()
    return folder


@pytest.fixture
def history(history_folder: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(history_folder)) as instance:
        yield instance


def waiting(history: dg.DagsterInstance) -> list[str]:
    """Return the log lines of runs that wait for another run."""
    entries = [entry for run in history.get_runs() for entry in history.all_logs(run.run_id)]
    return [entry.user_message for entry in entries if "Waiting for another run" in entry.user_message]


def wait_until(holds: Callable[[], object]) -> None:
    until = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.1)


def test_a_run_logs_that_it_waits_for_another(embedded_home: Home, history: dg.DagsterInstance) -> None:
    """The line names the day and the lock; the run goes on once the lock is released."""
    deployment = embedded_home.deployment
    lock = deployment.workspace.lock(SAMPLE_DAY, "proxy_results")
    with ThreadPoolExecutor(1) as pool:
        with deployment.hdfs.lock(lock):
            run = pool.submit(
                embedded_home.materialize, SAMPLE_DAY, assets=["proxy_results"], instance=history
            )
            wait_until(lambda: waiting(history) or run.done())
            assert not run.done()

        assert run.result().success
    (line,) = waiting(history)
    assert SAMPLE_DAY.key in line
    assert deployment.hdfs.location(lock) in line


def test_runs_of_a_day_from_two_homes_on_one_storage_wait_for_each_other(
    embedded_home: Home, tmp_path: Path, history: dg.DagsterInstance, history_folder: Path
) -> None:
    """Two processes with homes of their own, as on two machines of a cluster: the lock is in the storage."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "hdfs").symlink_to(embedded_home.root)
    hdfs = PausedHdfs(root=str(embedded_home.root))
    embedded_home.deployment = replace(embedded_home.deployment, hdfs=hdfs)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(embedded_home.materialize, SAMPLE_DAY, assets=["proxy_results"])
        assert hdfs.reading.wait(120)
        second = subprocess.Popen(
            [sys.executable, "-c", MATERIALIZE, other, history_folder],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        try:
            wait_until(lambda: waiting(history) or second.poll() is not None)
            assert second.poll() is None
            assert not list((other / "data").rglob("proxy_results.csv"))
        finally:
            hdfs.go_on.set()
        assert first.result().success
        assert second.wait(120) == 0
    assert list((other / "data").rglob("proxy_results.csv"))
