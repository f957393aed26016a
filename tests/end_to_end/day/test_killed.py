import os
import random
import signal
import subprocess
import sys
from pathlib import Path

from support.home import Home

from proxy_oa_assets.model.day import Day

DAY = Day.parse("2016-09-12")
KILLS = 50
LIMITS = (40, 400)

# Loads once, then forks a child per materialization. A child's end comes after a time of work, not of the
# clock: on a busy machine every moment would be an early one. Nothing handles the timer's signal, so the
# kernel ends the child at once, as SIGKILL does.
DRIVER = """
import os, signal, sys
from support.home import Home
from proxy_oa_assets.model.day import Day
from pathlib import Path
import dagster as dg

dg.DagsterInstance.ephemeral().dispose()  # loads what a child would load
home, day = Home(Path(sys.argv[1])), Day.parse(sys.argv[2])
for line in sys.stdin:
    limit, moment = line.split()
    child = os.fork()
    if child == 0:
        assert signal.getsignal(signal.SIGPROF) is signal.SIG_DFL
        signal.setitimer(signal.ITIMER_PROF, float(moment))
        os._exit(0 if home.materialize(day, limit=int(limit)).success else 1)
    _, status, used = os.wait4(child, 0)
    print(os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, flush=True)
"""


def test_a_killed_run_leaves_each_table_wholly_old_or_wholly_new(tmp_path: Path) -> None:
    """Killed at 50 random moments: every partition is one of two known ones, and the next run succeeds.

    tests/resources/cluster/test_killed_writers.py tests the same on a cluster.
    """
    home = Home(tmp_path / "home")
    home.write_sample(DAY)
    known = {name: set() for name in ("proxy_scores", "proxy_edge", "proxy_ingest_summary")}
    moments = random.Random(50)
    killed = replaced = 0

    with driver(home) as process:
        for limit in LIMITS:
            status, seconds = run(process, limit)
            assert status == 0
            before = home.parts(DAY)
            for name, content in before.items():
                known[name].add(content)
        for number in range(KILLS):
            status, _ = run(process, LIMITS[number % 2], killed_after=moments.uniform(0.01, seconds))
            killed += status == -signal.SIGPROF
            for name, content in home.parts(DAY).items():
                assert content in known[name], f"{name} is torn after kill {number}"
            replaced += home.parts(DAY) != before
            before = home.parts(DAY)
        assert run(process, LIMITS[0])[0] == 0

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
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )


def run(process: subprocess.Popen[str], limit: int, *, killed_after: float = 0) -> tuple[int, float]:
    """Have a child materialize the day; return its exit code (negative: a signal) and its seconds of work."""
    process.stdin.write(f"{limit} {killed_after}\n")
    process.stdin.flush()
    status, seconds = process.stdout.readline().split()
    return int(status), float(seconds)
