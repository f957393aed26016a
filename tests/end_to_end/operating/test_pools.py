"""Pools: how many steps of all runs use the SQL engine at once."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from support.dagster_client import ASSETS, DagsterClient
from support.home import Home

from proxy_oa_assets.model.day import Day

pytestmark = pytest.mark.server

DAYS = [f"2026-10-{number:02d}" for number in range(15, 19)]
POOL = "proxy_oa_warehouse"
# Those of another system's results: a run whose first steps all use the pool waits in the queue instead.
OF_RESULTS = tuple(name for name in ASSETS if name not in ("proxy_history", "ml_results"))
# The steps that ask the engine for a day's raw requests.
HEAVY = ("edge_details", "ingest_summary")


@contextmanager
def limited_pool(home: Home) -> Iterator[None]:
    """Set the pool's limit to one by the command of docs/operating.md, and back afterwards."""
    command = [Path(sys.executable).with_name("dagster"), "instance", "concurrency", "set", POOL]
    variables = {**os.environ, "DAGSTER_HOME": str(home.path / "dagster")}
    subprocess.run([*command, "1"], env=variables, check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run([*command, "4"], env=variables, check=True, capture_output=True)


def spans(events: list[dict[str, Any]]) -> list[tuple[int, int]]:
    """Return when the heavy steps of a run began and ended, in milliseconds."""
    began, ended = (
        {event["stepKey"]: int(event["timestamp"]) for event in events if event["__typename"] == kind}
        for kind in ("ExecutionStepStartEvent", "ExecutionStepSuccessEvent")
    )
    return [(began[step], ended[step]) for step in HEAVY]


def events_of_a_backfill(client: DagsterClient) -> list[list[dict[str, Any]]]:
    """Make all days at once, a run each; return the events of each run."""
    backfill = client.finished_backfill(dict.fromkeys(OF_RESULTS, DAYS))
    runs = client.runs_of(backfill)
    assert [run["status"] for run in runs] == ["SUCCESS"] * len(DAYS)
    return [client.events(run["runId"]) for run in runs]


def test_a_pool_keeps_the_steps_of_all_runs_apart(shared_home: Home, client: DagsterClient) -> None:
    """Four days at once, a pool of one: its steps run one after another, and one that waits says why."""
    for day in map(Day.parse, DAYS):
        shared_home.write_sample(day, views=1_000)
    with limited_pool(shared_home):
        events = events_of_a_backfill(client)

    every = sorted(span for of_run in events for span in spans(of_run))
    assert len(every) == len(DAYS) * len(HEAVY)
    assert all(ended <= began for (_, ended), (began, _) in pairwise(every))
    # Otherwise the runs weren't concurrent.
    blocked = f"Step blocked by limit for pool {POOL}"
    assert any(event.get("message") == blocked for of_run in events for event in of_run)
