import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from support.home import Home

from proxy_oa_assets.days import Day

DAY = Day.parse("2016-09-12")
KILLS = 50
LIMITS = (40, 400)

# Loads once, then forks a child per materialization; the parent kills each at a random moment.
DRIVER = """
import os, sys, time
from support.home import Home
from proxy_oa_assets.days import Day
from pathlib import Path
import dagster as dg

dg.DagsterInstance.ephemeral().dispose()  # loads what a child would load
home, day = Home(Path(sys.argv[1])), Day.parse(sys.argv[2])
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        os._exit(0 if home.materialize(day, limit=int(line)).success else 1)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def test_a_killed_run_leaves_each_table_wholly_old_or_wholly_new(tmp_path: Path) -> None:
    """SIGKILL at 50 random moments: every partition is one of two known ones, and the next run succeeds.

    The cluster's form has a test of its own, cluster/test_killed_writers.py.
    """
    home = Home(tmp_path / "home")
    home.write_sample(DAY)
    known = {name: set() for name in ("proxy_scores", "proxy_edge", "proxy_ingest_summary")}
    moments = random.Random(50)
    killed = replaced = 0

    with driver(home) as process:
        for limit in LIMITS:
            started = time.monotonic()
            start(process, limit)
            assert finished(process) == 0
            seconds = time.monotonic() - started
            before = home.parts(DAY)
            for name, content in before.items():
                known[name].add(content)
        for number in range(KILLS):
            child = start(process, LIMITS[number % 2])
            time.sleep(moments.uniform(0, seconds))
            with suppress(ProcessLookupError):  # it was done before its moment came
                os.kill(child, signal.SIGKILL)
            killed += finished(process) == -signal.SIGKILL
            for name, content in home.parts(DAY).items():
                assert content in known[name], f"{name} is torn after kill {number}"
            replaced += home.parts(DAY) != before
            before = home.parts(DAY)
        start(process, LIMITS[0])
        assert finished(process) == 0

    # Otherwise the moments were such that little was shown.
    assert killed > KILLS / 2
    assert replaced > KILLS / 10
    last = home.parts(DAY)
    assert home.materialize(DAY, limit=LIMITS[0]).success
    assert home.parts(DAY) == last
    assert not list((home.huser / "proxy/hive/oa").rglob("*.tmp"))


def driver(home: Home) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(home.path), DAY.key],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )


def start(process: subprocess.Popen[str], limit: int) -> int:
    """Have a child materialize the day; return its pid."""
    process.stdin.write(f"{limit}\n")
    process.stdin.flush()
    return int(process.stdout.readline())


def finished(process: subprocess.Popen[str]) -> int:
    """Wait for the child; return its exit code, or the signal's negative number."""
    return int(process.stdout.readline())
