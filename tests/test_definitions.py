import os
import subprocess
import sys
from pathlib import Path

RUNS_A_DAY = {"PIL", "duckdb", "hdfs", "impala", "numpy", "pandas", "pyarrow", "requests"}
LOADED = "import sys, proxy_oa_assets.definitions; print(*sys.modules)"


def test_the_definitions_load_without_what_only_running_a_day_takes(tmp_path):
    """Each validation, each run's worker and each `proxy-oa` loads the definitions: half a second is much."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        env={**os.environ, "PROXY_OA_HOME": str(tmp_path)},
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
        env={"PATH": "/nowhere", "PYTHONPATH": str(Path(__file__).parent), "PROXY_OA_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    made, *loaded = done.stdout.split()
    assert made == "True"
    assert "duckdb" in loaded
    assert not {"hdfs", "impala", "thrift"} & set(loaded)
