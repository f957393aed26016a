import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.dagster_client import ASSETS, DagsterClient, wait_until
from support.home import Home

from proxy_oa_assets.model.day import Day

pytestmark = pytest.mark.server


@contextmanager
def held(home: Home, day: Day) -> Iterator[None]:
    """Keep a day's runs waiting at their first asset."""
    lock = home.deployment.workspace.lock(day, "proxy_results")
    with home.deployment.hdfs.lock(lock, "testing"):
        yield


def waiting(client: DagsterClient, run: str) -> bool:
    return any("Waiting for another run" in event.get("message", "") for event in client.events(run))


def test_a_killed_command_frees_its_day(shared_home: Home, client: DagsterClient) -> None:
    """`proxy-oa run`, killed: the daemon marks its run as failed, and a backfill's run of that day starts."""
    day = shared_home.write_sample(Day.parse("2026-10-27"), views=5)
    started = {"tags": [{"key": "dagster/partition", "value": day.key}], "statuses": ["STARTED"]}
    with held(shared_home, day):
        command = subprocess.Popen(
            [Path(sys.executable).with_name("proxy-oa"), "run", "--date", day.key],
            env=shared_home.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: bool(client.runs(**started)))
        (killed,) = (run["runId"] for run in client.runs(**started))
        command.kill()
        command.wait()

    backfill = client.finished_backfill({asset: [day.key] for asset in ASSETS})

    assert client.backfill_status(backfill) == "COMPLETED_SUCCESS"
    assert client.status(killed) == "FAILURE"


def test_terminate_ends_a_run_that_waits(shared_home: Home, client: DagsterClient) -> None:
    """A run that waits for another run of its day ends when the web UI terminates it; so does its process."""
    day = shared_home.write_sample(Day.parse("2026-10-28"), views=5)
    with held(shared_home, day):
        backfill = client.backfill({asset: [day.key] for asset in ASSETS})
        wait_until(lambda: bool(client.runs_of(backfill)))
        (run,) = (run["runId"] for run in client.runs_of(backfill))
        wait_until(lambda: waiting(client, run))
        messages = "\n".join(event.get("message", "") for event in client.events(run))
        process = re.search(r"Started process for run \(pid: (\d+)\)", messages)
        assert process

        client.terminate(run)

        wait_until(lambda: client.status(run) == "CANCELED")
        wait_until(lambda: not is_alive(int(process[1])))


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
