"""Runs of the command line whose process is killed or interrupted, and those that wait for them."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import dagster as dg
import pytest
from support.home import Home

from proxy_oa_assets.defs.assets.daily import WAREHOUSE_POOL
from proxy_oa_assets.defs.automation.dead_runs import dead_runs
from proxy_oa_assets.model.day import Day

DAYS = [Day.parse(f"2016-09-{number}") for number in range(12, 17)]
FAILED, CANCELED = dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with days and a history."""
    home = Home(tmp_path / "home")
    for day in DAYS:
        home.write_sample(day, views=2)
    return home


@contextmanager
def history(home: Home) -> Iterator[dg.DagsterInstance]:
    home.settings.dagster_home.mkdir(exist_ok=True)
    with dg.DagsterInstance.from_config(str(home.settings.dagster_home)) as instance:
        yield instance


def start(
    home: Home, name: str, *arguments: str | Path, before: tuple[str, ...] = ()
) -> subprocess.Popen[str]:
    """Start a command of the virtual environment in the home, by another command before it."""
    return subprocess.Popen(
        [*before, Path(sys.executable).with_name(name), *arguments],
        cwd=home.path,
        env=home.environment() | {"DAGSTER_HOME": str(home.settings.dagster_home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run_day(home: Home, day: Day) -> subprocess.Popen[str]:
    return start(home, "proxy-oa", "run", "--date", day.key)


def run_in_background(home: Home, day: Day) -> subprocess.Popen[str]:
    """Start a run with signals ignored, as a shell starts background jobs."""
    before = ("sh", "-c", 'trap "" INT TERM; exec "$@"', "sh")
    return start(home, "proxy-oa", "run", "--date", day.key, before=before)


def hold(home: Home, day: Day, stack: ExitStack, asset: str = "ingest_summary") -> None:
    """Keep an asset's runs of a day waiting: by default one that has a slot of the warehouse's pool."""
    lock = home.deployment.workspace.lock(day, asset)
    stack.enter_context(home.deployment.hdfs.lock(lock, "testing"))


def slots(instance: dg.DagsterInstance) -> int:
    """Return how many slots of the pool are taken."""
    return len(instance.event_log_storage.get_concurrency_info(WAREHOUSE_POOL).claimed_slots)


def line_with(text: str, process: subprocess.Popen[str]) -> str:
    """Read what a process prints, up to the line with a text."""
    assert process.stdout
    return next(line for line in process.stdout if text in line)


def wait_until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + 240
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.2)


def statuses(instance: dg.DagsterInstance) -> list[dg.DagsterRunStatus]:
    return [run.status for run in instance.get_runs()]


def test_killed_runs_keep_no_slot(home: Home) -> None:
    """Four runs, killed in a step with a slot of the pool of four: the fifth runs, and they are failed."""
    assert run_day(home, DAYS[0]).wait(120) == 0
    with history(home) as instance, ExitStack() as held:
        for day in DAYS[:4]:
            hold(home, day, held)
        runs = [run_day(home, day) for day in DAYS[:4]]
        wait_until(lambda: slots(instance) == len(runs))
        for run in runs:
            run.kill()
            run.wait()

        assert run_day(home, DAYS[4]).wait(120) == 0

        assert statuses(instance).count(FAILED) == len(runs)
        assert slots(instance) == 0
        failed = next(run for run in instance.get_runs() if run.status is FAILED)
        (event,) = instance.all_logs(failed.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
        assert re.match(
            r"The run's process died: .+'s process \d+ on .+ since ", event.get_dagster_event().message
        )
    assert not list((home.settings.dagster_home / "running").iterdir())


def test_ctrl_c_ends_what_waits(home: Home) -> None:
    """A run that waits for a day's lock, and one for its slot: each names the holder, and ends at once.

    Also if they are started with both signals ignored.
    """
    with history(home) as instance, ExitStack() as held:
        instance.event_log_storage.set_concurrency_slots(WAREHOUSE_POOL, 1)
        hold(home, DAYS[0], held)
        first = run_in_background(home, DAYS[0])
        wait_until(lambda: slots(instance) == 1)
        second = run_in_background(home, DAYS[1])
        said = line_with("waits for a slot", second)
        assert re.search(
            rf"{DAYS[1]}  \w+ waits for a slot of the pool {WAREHOUSE_POOL}, held by 1 run: ", said
        )
        assert f"process {first.pid} on " in said

        waits = line_with(f"Waiting for another run of {DAYS[0]}: ", first)
        assert f"process {os.getpid()} on " in waits

        began = time.monotonic()
        second.send_signal(signal.SIGINT)
        assert second.wait(60) == 128 + signal.SIGINT
        first.send_signal(signal.SIGTERM)
        assert first.wait(60) == 128 + signal.SIGTERM
        assert time.monotonic() - began < 20  # a busy machine's; it takes two
        assert statuses(instance) == [CANCELED, CANCELED]
        assert instance.event_log_storage.get_concurrency_run_ids() == set()


def test_runs_of_dagster_s_command_are_marked_as_well(home: Home) -> None:
    """`dagster asset materialize`, killed: the sensor, which is on, marks its run as failed."""
    assert run_day(home, DAYS[0]).wait(120) == 0
    module = ["-m", "proxy_oa_assets.definitions"]
    with history(home) as instance, ExitStack() as held:
        hold(home, DAYS[1], held, "proxy_results")
        run = start(
            home,
            "dagster",
            "asset",
            "materialize",
            *module,
            "--select",
            "proxy_results",
            "--partition",
            DAYS[1].key,
        )
        wait_until(lambda: run.poll() is not None or list((home.settings.dagster_home / "running").iterdir()))
        evaluated = dead_runs(dg.build_sensor_context(instance))
        assert isinstance(evaluated, dg.SkipReason)
        assert evaluated.skip_message == "No run's process died"
        run.kill()
        run.wait()

        dead_runs(dg.build_sensor_context(instance))

        assert statuses(instance) == [FAILED, dg.DagsterRunStatus.SUCCESS]
    assert dead_runs.default_status is dg.DefaultSensorStatus.RUNNING
