"""Writers of a day that are killed at random moments."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from support.cluster_home import ClusterHome
from support.store_clock import skip
from support.storyboard_days import DAY, comments, texts_of

from proxy_oa_assets.model.tables import PROXY_STORYBOARD, TABLES

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

KILLS = 50
ROWS = {"few": 30, "many": 60}

# Loads once, then forks a child per replacement: by a frame and by a SELECT in turn.
DRIVER = """
import os, sys
from proxy_oa_assets.resources.deployment import configured_deployment
from support.storyboard_days import DAY, comments
from proxy_oa_assets.sql.day_tables import Query
from proxy_oa_assets.model.tables import PROXY_STORYBOARD

import pandas, pyarrow.parquet, dagster
for line in sys.stdin:
    kind, text, rows = line.split()
    child = os.fork()
    if child == 0:
        warehouse = configured_deployment().impala
        if kind == "frame":
            warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments(*[text] * int(rows)))
        else:
            select = f"SELECT 'x' AS p_threat, 'y' AS title, '{text}' AS text FROM range({rows})"
            warehouse.replace_day(PROXY_STORYBOARD, DAY, Query(select))
        os._exit(0)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def test_a_killed_writer_leaves_the_day_wholly_old_or_wholly_new(
    home: ClusterHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGKILL at 50 random moments: the day is one of two versions each time, and the next writer succeeds.

    Their versions are removed when due.
    """
    warehouse = home.deployment.impala
    moments = random.Random(50)
    killed = replaced = 0
    with driver(home) as process:
        seconds = {}
        for kind in ("frame", "select") * 3:  # the server is slow at first
            started = time.monotonic()
            start(process, kind, "few")
            assert finished(process) == 0
            seconds[kind] = time.monotonic() - started
        before = version(home)
        for number in range(KILLS):
            kind, text = ("frame", "select")[number % 2], ("few", "many")[number // 2 % 2]
            child = start(process, kind, text)
            time.sleep(moments.uniform(0, 1.15 * seconds[kind]))
            with suppress(ProcessLookupError):  # it was done before its moment came
                os.kill(child, signal.SIGKILL)
            killed += finished(process) == -signal.SIGKILL
            now = version(home)
            replaced += now != before
            before = now
        start(process, "select", "many")
        assert finished(process) == 0

    assert texts_of(warehouse) == ["many"] * ROWS["many"]
    # Otherwise the moments were such that little was shown.
    assert killed > KILLS / 2
    assert replaced > KILLS / 10
    skip(monkeypatch, 25 * 3600)
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY.plus(1), comments("another day"))
    tables = warehouse.tables()
    assert len(home.deployment.hdfs.list_folder(tables.folder(PROXY_STORYBOARD, DAY))) == 1
    with tables.connection.query("SHOW TABLES") as result:
        assert sorted(row[1] for row in result.rows) == sorted(TABLES)


def version(home: ClusterHome) -> str:
    """Return the day's version; all of its rows have that one."""
    texts = texts_of(home.deployment.impala)
    assert texts == [texts[0]] * ROWS[texts[0]]
    return texts[0]


def driver(home: ClusterHome) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=home.path.parent,
        env={**home.environment(), "PYTHONPATH": str(Path(__file__).parents[2])},
    )


def start(process: subprocess.Popen[str], kind: str, text: str) -> int:
    """Replace the day in a child; return its pid."""
    process.stdin.write(f"{kind} {text} {ROWS[text]}\n")
    process.stdin.flush()
    return int(process.stdout.readline())


def finished(process: subprocess.Popen[str]) -> int:
    """Wait for the child; return its exit code, or the signal's negative number."""
    return int(process.stdout.readline())
