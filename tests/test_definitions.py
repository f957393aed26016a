import os
import subprocess
import sys

RUNS_A_DAY = {"PIL", "duckdb", "hdfs", "impala", "numpy", "pandas", "pyarrow"}
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
