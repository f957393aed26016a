import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.dagster_client import ASSETS, DagsterClient, wait_until
from support.home import SAMPLE_DAY, Home

from proxy_oa_assets.model.day import Day

pytestmark = pytest.mark.server


def run_day(home: Home, day: Day, *options: str) -> subprocess.Popen[str]:
    """Start `proxy-oa run` for a day."""
    return subprocess.Popen(
        [Path(sys.executable).with_name("proxy-oa"), "run", "--date", day.key, *options],
        cwd=home.path,
        env={"PATH": os.environ["PATH"], "HOME": str(home.path), "PROXY_OA_HOME": str(home.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def exports(home: Home, day: Day) -> dict[str, bytes]:
    """Return the day's exported files by name."""
    return {path.name: path.read_bytes() for path in sorted(home.data(day).glob("*.tsv"))}


def test_runs_of_one_day_at_once_leave_what_a_single_run_leaves(tmp_path: Path) -> None:
    """Four commands for one day side by side all succeed; tables and exports are those of one run."""
    home = Home(tmp_path / "home")
    home.write_sample(SAMPLE_DAY, views=300)

    runs = [run_day(home, SAMPLE_DAY) for _ in range(4)]
    outputs = [run.communicate(timeout=180)[0] for run in runs]

    assert [run.returncode for run in runs] == [0] * 4, "\n".join(outputs)
    made = home.parts(SAMPLE_DAY), exports(home, SAMPLE_DAY)
    assert home.materialize(SAMPLE_DAY).success
    assert (home.parts(SAMPLE_DAY), exports(home, SAMPLE_DAY)) == made


def test_runs_with_different_limits_leave_one_of_both_and_no_mixture(tmp_path: Path) -> None:
    """Each asset of a day is made by one run at a time, from the upstream asset as it is then."""
    home = Home(tmp_path / "home")
    home.write_sample(SAMPLE_DAY, views=300)

    runs = [run_day(home, SAMPLE_DAY, "--limit", limit) for limit in ("20", "400") * 2]
    outputs = [run.communicate(timeout=180)[0] for run in runs]

    assert {run.returncode for run in runs} <= {0, 1}, "\n".join(outputs)
    made = home.parts(SAMPLE_DAY), exports(home, SAMPLE_DAY)
    possible = []
    for limit in (20, 400):
        assert home.materialize(SAMPLE_DAY, limit=limit).success
        possible.append((home.parts(SAMPLE_DAY), exports(home, SAMPLE_DAY)))
    assert made in possible


def test_a_run_beside_a_backfill_leaves_what_a_single_run_leaves(
    shared_home: Home, client: DagsterClient
) -> None:
    """`proxy-oa run` for days that a backfill is making concurrently."""
    days = [Day.parse(f"2026-10-{number:02d}") for number in range(21, 25)]
    for day in days:
        shared_home.write_sample(day, views=300)

    backfill = client.backfill({asset: [day.key for day in days] for asset in ASSETS})
    wait_until(lambda: any(run["status"] == "STARTED" for run in client.runs_of(backfill)))
    runs = [run_day(shared_home, day) for day in days[:2]]
    outputs = [run.communicate(timeout=240)[0] for run in runs]
    wait_until(lambda: client.backfill_status(backfill).startswith(("COMPLETED", "FAILED")), 300)

    assert client.backfill_status(backfill) == "COMPLETED_SUCCESS"
    assert [run.returncode for run in runs] == [0, 0], "\n".join(outputs)
    for day in days:
        made = shared_home.parts(day), exports(shared_home, day)
        assert shared_home.materialize(day).success
        assert (shared_home.parts(day), exports(shared_home, day)) == made
