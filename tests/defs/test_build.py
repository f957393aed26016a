import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import proxy_oa_assets

RUNS_A_DAY = {"PIL", "duckdb", "hdfs", "impala", "numpy", "pandas", "pyarrow", "requests"}
LOADED = "import sys, proxy_oa_assets.definitions; print(*sys.modules)"
CLUSTER = "proxy_oa_assets.resources.cluster"
OF_A_CLUSTER = {"hdfs", "impala", "thrift"}


@pytest.mark.parametrize("logs", ["", "/var/log/squid/access.log*"])
def test_the_definitions_load_without_what_only_running_a_day_takes(tmp_path, logs):
    """Each validation, each run's worker and each `proxy-oa` loads the definitions: half a second is much."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        env={**os.environ, "PROXY_OA_HOME": str(tmp_path), "PROXY_OA_LOGS": logs},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert "proxy_oa_assets.definitions" in loaded
    assert not loaded & RUNS_A_DAY


def test_a_day_on_one_machine_takes_nothing_of_a_cluster(tmp_path):
    """Neither impyla nor hdfs is loaded while a day is made, and no Java is on the path."""
    program = (
        "import sys; from pathlib import Path; from support.home import Home; "
        f"home = Home(Path({str(tmp_path / 'home')!r})); day = home.write_sample(views=15); "
        "print(home.materialize(day).success, *sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={
            "PATH": "/nowhere",
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "PROXY_OA_HOME": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    made, *loaded = done.stdout.split()
    assert made == "True"
    assert "duckdb" in loaded
    assert not OF_A_CLUSTER & set(loaded)


def test_only_what_is_for_a_cluster_loads_its_packages(tmp_path):
    """Every other module: what analysts call, notebooks' widgets, the story, checks, services, the sample."""
    found = pkgutil.walk_packages(proxy_oa_assets.__path__, "proxy_oa_assets.")
    modules = {module.name for module in found if not module.name.startswith(CLUSTER)}
    assert {
        "proxy_oa_assets.investigation.score",
        "proxy_oa_assets.investigation.notebook.edge_investigation",
    } < modules
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, {', '.join(sorted(modules))}; print(*sys.modules)"],
        env={"PATH": "/nowhere", "PROXY_OA_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert modules <= loaded
    assert not [name for name in loaded if name.startswith(CLUSTER)]
    assert not OF_A_CLUSTER & loaded
