"""Upgrades from earlier states of the project, each installed as it was, and a step back."""

import json
import os
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
from support.command import proxy_oa
from support.home import Home

from proxy_oa_assets.investigation.score import threats
from proxy_oa_assets.investigation.storyboard import storyboard
from proxy_oa_assets.model.day import Day

pytestmark = pytest.mark.slow
PROJECT = Path(__file__).parents[2]
LAST = Day.parse("2016-09-12")
DAYS = {LAST.plus(-2).key, LAST.plus(-1).key, LAST.key}
URI = "203.0.113.66/invoice_2291.pdf.exe"
TABLES = ("proxy_scores", "proxy_edge", "proxy_ingest_summary", "proxy_storyboard", "proxy_timeline")
# The commits, and what an analyst imports there.
EARLIER = {
    "0.1.0": ("8a9d39b2fa6639e413415de10487787edbc0af4d", "scoring"),
    "before logs and ranking": ("9d5f7017c677fbb02f5beb9b2bfa3cc5df41dce8", "score"),
}
ANALYST = """
from proxy_oa_assets.investigation.{module} import score
from proxy_oa_assets.investigation.storyboard import save_storyboard
score("{day}", 1, "{uri}")
save_storyboard("{day}", "{uri}", "Invoice", "A dropper, mailed as an invoice")
"""

Run = Callable[..., str]


@pytest.fixture
def earlier():
    path = Path("/tmp/pytest-of-root/pytest-1052/test_an_upgrade_keeps_days_his0/home")
    def run(program, *arguments):
        env = Path("/tmp/w/rel/venv-8a9d39b")
        done = subprocess.run([env / "bin" / program, *arguments], cwd=path.parent, env={"PROXY_OA_HOME": str(path), "DAGSTER_HOME": str(path / "dagster"), "PATH": f"{env / 'bin'}:{os.environ['PATH']}"}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
    return Home(path, PROXY_OA_START_DATE="2016-09-10"), run


def _dagster(home: Home, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "dagster", *arguments],
        # Dagster's command lists by the working folder, too, what is switched on; its web UI doesn't.
        cwd=home.path.parent,
        env=home.environment() | {"DAGSTER_HOME": str(home.path / "dagster")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_an_upgrade_keeps_days_history_switches_and_analysts_work_and_a_step_back_reads_them(
    earlier: tuple[Home, Run],
) -> None:
    """The commands are those of docs/operating.md, "Upgrading"."""
    home, run_earlier = earlier
    before = {name: home.rows(name, LAST) for name in TABLES}
    notebook = home.deployment.workspace.notebooks(LAST) / "Advanced_Mode.ipynb"
    edited = notebook.read_bytes()

    assert "Storage schema state after migration" in _dagster(home, "instance", "migrate")
    assert "proxy_history: " in proxy_oa(home.path, "init-db").stdout
    doctor = proxy_oa(home.path, "doctor").stdout
    assert "proxy_history lacks 2016-09-10 to 2016-09-12" in doctor
    definitions = ("-m", "proxy_oa_assets.definitions")
    assert "Sensor: new_results [RUNNING]" in _dagster(home, "sensor", "list", *definitions)
    assert "Schedule: proxy_day_daily [RUNNING]" in _dagster(home, "schedule", "list", *definitions)
    with dg.DagsterInstance.from_config(str(home.path / "dagster")) as instance:
        for asset in ("proxy_results", "scored_connections", "edge_details", "ingest_summary", "notebooks"):
            assert instance.get_materialized_partitions(dg.AssetKey(asset)) == DAYS, asset

    for day in sorted(DAYS):
        done = proxy_oa(home.path, "run", "--date", day)
        assert done.returncode == 0, done.stderr

    assert {name: home.rows(name, LAST) for name in TABLES} == before
    assert threats(LAST, deployment=home.deployment)["fulluri"].tolist() == [URI]
    assert storyboard(LAST, deployment=home.deployment)["title"].tolist() == ["Invoice"]
    assert notebook.read_bytes() == edited
    assert notebook.with_name("Advanced_Mode.new.ipynb").exists()
    assert "proxy_history has all" in proxy_oa(home.path, "doctor").stdout

    run_earlier("proxy-oa", "run", "--date", LAST.key)
    assert {name: home.rows(name, LAST) for name in TABLES} == before
