"""However Dagster is started, it is one code location with one history."""

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.command import proxy_oa
from support.dagster_client import DagsterClient
from support.home import SAMPLE_DAY, Home
from support.ui_server import served
from support.web_server import started

pytestmark = pytest.mark.server

BIN = Path(sys.executable).parent
CHECKOUT = Path(__file__).parents[3]
LOCATION = "proxy_oa_assets.definitions"
STARTS = {
    "workspace.yaml": ["dagster-webserver", "-w", "workspace.yaml"],
    "-m": ["dagster-webserver", "-m", LOCATION],
    "dg dev": ["dg", "dev"],
}
SENSORS = """
query { repositoriesOrError { ... on RepositoryConnection { nodes { name location { name }
    sensors { name sensorState { id selectorId status } } } } } }"""
START_SENSOR = """
mutation ($sensor: SensorSelector!) { startSensor(sensorSelector: $sensor) { ... on Sensor { name } } }"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The checkout without what a developer has in it, such as `.env` and homes."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    for name in (
        "pyproject.toml",
        "workspace.yaml",
        "proxy_conf.json",
        "notebook_templates",
        "proxy_oa_assets",
    ):
        (folder / name).symlink_to(CHECKOUT / name)
    return folder


def environment(home: Home, **variables: str) -> dict[str, str]:
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "HOME": str(home.path), "PROXY_OA_HOME": str(home.path), **variables}


def sensors(client: DagsterClient) -> dict[tuple[str, str], str]:
    """Return the status of each sensor, by its code location and its name."""
    found = client.ask(SENSORS)["repositoriesOrError"]["nodes"]
    return {
        (node["location"]["name"], sensor["name"]): sensor["sensorState"]["status"]
        for node in found
        for sensor in node["sensors"]
    }


@contextmanager
def serving(home: Home, checkout: Path, arguments: list[str]):
    variables = environment(home, DAGSTER_HOME=str(home.settings.dagster_home))
    with started(
        lambda port: [BIN / arguments[0], *arguments[1:], "-h", "127.0.0.1", "-p", str(port)],
        checkout,
        variables,
        "/server_info",
    ) as address:
        yield DagsterClient(address)


def test_a_sensor_that_is_switched_on_is_on_however_dagster_is_started(home: Home, checkout: Path) -> None:
    """`proxy-oa ui`, `workspace.yaml`, `-m` and `dg dev` are one code location and read one history."""
    with served(home.path) as address:
        client = DagsterClient(address)
        name = {"repositoryLocationName": LOCATION, "repositoryName": "__repository__"}
        client.ask(START_SENSOR, sensor={**name, "sensorName": "new_results"})
        assert sensors(client)[LOCATION, "new_results"] == "RUNNING"

    found = {}
    for start, arguments in STARTS.items():
        with serving(home, checkout, arguments) as client:
            found[start] = sensors(client).get((LOCATION, "new_results"))
    assert found == dict.fromkeys(STARTS, "RUNNING")


def test_dagster_s_own_command_writes_the_history_that_the_web_ui_shows(home: Home, checkout: Path) -> None:
    """After the line that `init-db` prints, its runs are in the home's history, and nothing warns."""
    home.write_sample(views=15)
    (line,) = [
        line.partition(": ")[2]
        for line in proxy_oa(home.path, "init-db").stdout.splitlines()
        if line.startswith("before Dagster's own commands")
    ]
    assert line == f"export PROXY_OA_HOME={home.path} DAGSTER_HOME={home.path / 'dagster'}"
    materialize = f"dagster asset materialize -m {LOCATION} --select '*' --partition {SAMPLE_DAY}"

    unset, named = (
        subprocess.run(
            ["/bin/sh", "-c", f"{first}{materialize}"],
            cwd=checkout,
            env=environment(home),
            capture_output=True,
            text=True,
            check=True,
        ).stderr
        for first in ("", f"{line}; ")
    )

    (warning,) = [line for line in unset.splitlines() if line.startswith("DAGSTER_HOME isn't set")]
    assert warning.endswith(f"export DAGSTER_HOME={home.path / 'dagster'}")
    assert "DAGSTER_HOME isn't set" not in named
    runs = subprocess.run(
        [BIN / "proxy-oa", "doctor"],
        cwd=checkout,
        env=environment(home),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 run" in runs.stdout
