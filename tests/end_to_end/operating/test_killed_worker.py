import os
import re
import signal
import time

import pytest
from support.dagster_client import ASSETS, DagsterClient, wait_until
from support.home import Home

from proxy_oa_assets.model.day import Day

DAYS = ["2026-10-11", "2026-10-12", "2026-10-13"]

pytestmark = pytest.mark.server


def kill_once_started(client: DagsterClient, run: str) -> None:
    """Kill a run's worker process in the middle of its work."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        events = client.events(run)
        pids = [
            re.search(r"Started process for run \(pid: (\d+)\)", event.get("message", "")) for event in events
        ]
        working = any(event["__typename"] == "ExecutionStepStartEvent" for event in events)
        if working and any(pids):
            os.kill(next(int(found[1]) for found in pids if found), signal.SIGKILL)
            return
        time.sleep(0.1)
    raise AssertionError("no step started")


def test_a_killed_run_is_seen_and_its_re_execution_finishes(shared_home: Home, client: DagsterClient) -> None:
    """A worker killed in a backfill: its run fails, its re-execution does the rest, and no table is torn."""
    for day in map(Day.parse, DAYS):
        shared_home.write_sample(day, views=300)
    backfill = client.backfill(dict.fromkeys(ASSETS, DAYS))
    wait_until(lambda: bool(client.runs_of(backfill)))
    victim = client.runs_of(backfill)[-1]["runId"]

    kill_once_started(client, victim)

    wait_until(lambda: client.backfill_status(backfill).startswith("COMPLETED"), 300)
    assert client.status(victim) == "FAILURE"
    assert [run["status"] for run in client.runs_of(backfill)].count("SUCCESS") == 2

    again = client.reexecute(victim)

    wait_until(lambda: client.status(again) in ("SUCCESS", "FAILURE"), 180)
    assert client.status(again) == "SUCCESS"
    for asset in ASSETS:
        assert client.days(asset, "MATERIALIZED", DAYS) == DAYS
    for day in map(Day.parse, DAYS):
        made = shared_home.parts(day)
        assert shared_home.materialize(day).success
        assert shared_home.parts(day) == made
    assert not [path for path in shared_home.path.rglob("*.tmp") if path.is_file()]
