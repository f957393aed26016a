"""A results file that is copied into place slowly, while the daemon's sensor ticks."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.command import proxy_oa
from support.dagster_client import DagsterClient, wait_until
from support.home import Home

from proxy_oa_assets.model.day import Day

pytestmark = pytest.mark.slow

_COPY = """
import sys, time
source, target, pieces, pause = *sys.argv[1:3], int(sys.argv[3]), float(sys.argv[4])
content = open(source, "rb").read()
step = -(-len(content) // pieces)
with open(target, "wb", buffering=0) as file:
    for start in range(0, len(content), step):
        file.write(content[start : start + step])
        time.sleep(pause)
"""
_REPOSITORIES = """
query { repositoriesOrError { ... on RepositoryConnection { nodes { name location { name } } } } }"""
_START = """
mutation ($selector: SensorSelector!) { startSensor(sensorSelector: $selector) {
    ... on Sensor { name } ... on PythonError { message } ... on UnauthorizedError { message } } }"""
_TICKS = """
query ($selector: SensorSelector!) { sensorOrError(sensorSelector: $selector) { ... on Sensor {
    sensorState { ticks(limit: 50) { status skipReason } } } } }"""


def test_a_slow_copy_replaces_a_good_day_when_it_is_whole(
    tmp_path: Path, serve: Callable[..., AbstractContextManager[DagsterClient]]
) -> None:
    """No tick takes the head of the file; once it is whole, one run makes the day from it."""
    home, day = Home(tmp_path / "home"), Day(datetime.now(UTC).date()).plus(-1)
    home.write_sample(day, views=300)
    assert proxy_oa(home.path, "run", "--date", day.key).returncode == 0
    good = (home.data(day) / "proxy_results.csv").read_bytes()
    whole = tmp_path / "whole.csv"
    whole.write_bytes(b"".join(reversed(good.splitlines(keepends=True))) * (1 + 2_000_000 // len(good)))

    with serve(home, PROXY_OA_RESULTS_MIN_AGE="20", PROXY_OA_START_DATE=day.plus(-3).key) as client:
        sensor = selector(client, "new_results")
        assert "name" in client.ask(_START, selector=sensor)["startSensor"]
        arguments = [_COPY, whole, home.results(day), "15", "10"]
        with subprocess.Popen([sys.executable, "-c", *map(str, arguments)]) as copying:
            while copying.poll() is None:
                assert client.runs(tags=[{"key": "dagster/sensor_name", "value": "new_results"}]) == []
                assert (home.data(day) / "proxy_results.csv").read_bytes() == good
        (state,) = client.ask(_TICKS, selector=sensor)["sensorOrError"].values()
        reasons = [tick["skipReason"] or "" for tick in state["ticks"]]
        assert sum("until they stay unchanged" in reason for reason in reasons) >= 2
        by_sensor = [{"key": "dagster/sensor_name", "value": "new_results"}]
        wait_until(lambda: bool(client.runs(tags=by_sensor)), 300)
        (run,) = client.runs(tags=by_sensor)
        wait_until(lambda: client.status(run["runId"]) == "SUCCESS", 180)

    assert (home.data(day) / "proxy_results.csv").read_bytes() == whole.read_bytes()


def selector(client: DagsterClient, sensor: str) -> dict[str, str]:
    """Return what Dagster's API takes for a sensor."""
    (repository,) = client.ask(_REPOSITORIES)["repositoriesOrError"]["nodes"]
    return {
        "repositoryName": repository["name"],
        "repositoryLocationName": repository["location"]["name"],
        "sensorName": sensor,
    }
