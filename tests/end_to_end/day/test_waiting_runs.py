import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dagster as dg
from support.home import SAMPLE_DAY, Home


def waiting(instance: dg.DagsterInstance) -> list[str]:
    """Return what the runs say that they wait for."""
    entries = [entry for run in instance.get_runs() for entry in instance.all_logs(run.run_id)]
    return [entry.user_message for entry in entries if "Another run of" in entry.user_message]


def test_a_run_says_in_its_log_that_it_waits_for_another(embedded_home: Home, tmp_path: Path) -> None:
    """Once the other one has ended, it goes on by itself."""
    lock = embedded_home.deployment.workspace.lock(SAMPLE_DAY, "proxy_results")
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance, ThreadPoolExecutor(1) as pool:
        with lock:
            run = pool.submit(
                embedded_home.materialize, SAMPLE_DAY, assets=["proxy_results"], instance=instance
            )
            until = time.monotonic() + 120
            while not (said := waiting(instance)) and not run.done():
                assert time.monotonic() < until
                time.sleep(0.1)
            assert not run.done()

        assert run.result().success
    (line,) = said
    assert line.startswith(f"Another run of {SAMPLE_DAY} is at work on this asset, and this one waits until")
    assert line.endswith(f"it holds {lock.lock_file}")
