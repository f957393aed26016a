"""Ingests that are killed, and two of one log at once."""

import gzip
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.home import Home
from support.ingested_log import ingested, squid_log

from proxy_oa_assets.ingest.ingesting import ingest_log
from proxy_oa_assets.ingest.open_log import LogFormat

# For each line of input it forks children, which at once ingest a log in a home; after so many seconds, if
# there are any, a child is killed.
DRIVER = """
import json, os, signal, sys, time
from pathlib import Path
import duckdb, pyarrow.parquet
from proxy_oa_assets.ingest import ingesting, open_log, reading, recognition
from proxy_oa_assets.resources.deployment import deployment
from proxy_oa_assets.settings import load_settings

def ingest(home, log):
    configured = deployment(load_settings(home))
    ingesting.ingest_log(Path(log), deployment=configured, log_format=open_log.LogFormat("squid"))

for line in sys.stdin:
    children = []
    for home, log, seconds in json.loads(line):
        if not (child := os.fork()):
            if seconds:
                signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
                signal.setitimer(signal.ITIMER_REAL, seconds)
            status = 1
            try:
                ingest(home, log)
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    began = time.monotonic()
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    print(json.dumps([codes, time.monotonic() - began]), flush=True)
"""
LOG = squid_log(3000)
# Within the second day, and within a line.
BEFORE = LOG[: LOG.index(b"\n", len(LOG) // 2) + 60]


class Driver:
    """The driver's process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def ingest(self, *children: tuple[Path, Path, float]) -> tuple[list[int], float]:
        """Ingest a log in each home at once; return the exit codes and how many seconds it took."""
        request = [(str(home), str(log), seconds) for home, log, seconds in children]
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        codes, seconds = json.loads(self.process.stdout.readline())
        return codes, seconds


@pytest.fixture(scope="module")
def driver():
    with subprocess.Popen(
        [sys.executable, "-c", DRIVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Driver(process)
        process.stdin.close()


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that has the log up to the middle of a line."""
    home = Home(tmp_path_factory.mktemp("before") / "home")
    home.path.mkdir()
    log = home.path / "access.log"
    log.write_bytes(BEFORE)
    ingest_log(log, deployment=home.deployment, log_format=LogFormat("squid"))
    log.write_bytes(LOG)
    return home.path


@pytest.fixture(scope="module")
def whole(before: Path, tmp_path_factory: pytest.TempPathFactory, driver: Driver) -> tuple[dict, float]:
    """What a home has after one undisturbed ingest of the rest, and how long that takes."""
    home = tmp_path_factory.mktemp("whole") / "home"
    shutil.copytree(before, home)
    codes, seconds = driver.ingest((home, home / "access.log", 0))
    assert codes == [0]
    found = ingested(Home(home))
    assert [rows.total() for rows, _, _ in found.values()] == [980, 980, 980]
    return found, seconds


@pytest.mark.parametrize("times", [5, pytest.param(50, marks=pytest.mark.slow)])
def test_a_killed_ingest_loses_and_doubles_nothing(times, before, whole, driver, tmp_path):
    """At any moment; the next run takes what is missing, and removes what the killed one left."""
    expected, seconds = whole
    moments = random.Random(15)
    killed = 0
    for number in range(times):
        home = tmp_path / str(number)
        shutil.copytree(before, home)
        moment = seconds * (number + moments.random()) / times
        ((code,), _) = driver.ingest((home, home / "access.log", moment))
        killed += code == -9
        assert driver.ingest((home, home / "access.log", 0))[0] == [0]
        assert ingested(Home(home)) == expected, f"killed after {moment} of {seconds} s"
        assert not list((home / "tmp").iterdir())
        shutil.rmtree(home)
    assert killed > times / 2


def test_ingests_at_once_take_a_log_once(before, whole, driver, tmp_path):
    """Of the same file, and of a compressed copy under another name, each with all of the log to read."""
    home = tmp_path / "home"
    shutil.copytree(before, home)
    (home / "copy.log.gz").write_bytes(gzip.compress(LOG))
    children = [(home, home / name, 0) for name in ("access.log", "copy.log.gz", "access.log")]
    assert driver.ingest(*children)[0] == [0, 0, 0]
    found = ingested(Home(home))
    for day, (rows, figures, rejects) in whole[0].items():
        assert found[day][:2] == (rows, figures)
        # The name of the log is the one that was faster.
        assert found[day][2] == rejects
