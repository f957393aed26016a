"""Two homes, as of two machines, on one cluster."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest
from cluster_servers.running import Cluster
from support.cluster_home import ClusterHome
from support.home import failures

from proxy_oa_assets.model.errors import LockedError
from proxy_oa_assets.resources.cluster.impala_warehouse import ImpalaWarehouse

pytestmark = pytest.mark.cluster


@pytest.fixture
def other_home(home: ClusterHome, cluster: Cluster, tmp_path: Path) -> Iterator[ClusterHome]:
    """A home of another machine, on the same database and HDFS folder."""
    shared = {name: home.variables[name] for name in ("PROXY_OA_HUSER", "PROXY_OA_DBNAME")}
    with closing(ClusterHome(tmp_path / "other", cluster.variables, **shared)) as other:
        yield other


def test_one_day_s_asset_runs_on_one_machine_at_a_time(
    home: ClusterHome, other_home: ClusterHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both runs succeed, one after the other."""
    day = home.write_sample(views=5)
    spans: list[tuple[float, float]] = []
    replace_day = ImpalaWarehouse.replace_day

    def timed(self: ImpalaWarehouse, *given) -> int:
        began = time.monotonic()
        count = replace_day(self, *given)
        time.sleep(1)
        spans.append((began, time.monotonic()))
        return count

    monkeypatch.setattr(ImpalaWarehouse, "replace_day", timed)

    def run(machine: ClusterHome) -> dg.ExecuteInProcessResult:
        # Its SQLite connections can't be closed in another thread.
        with dg.DagsterInstance.ephemeral() as instance:
            return machine.materialize(day, assets=["ingest_summary"], instance=instance)

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(run, (home, other_home)))

    assert [failures(result) for result in results] == [{}, {}]
    (_, first_end), (second_start, _) = sorted(spans)
    assert first_end <= second_start


def test_another_machine_s_run_is_named(home: ClusterHome, other_home: ClusterHome) -> None:
    """A run that holds a day's asset keeps others from it, wherever they are."""
    day = home.write_sample(views=5)
    lock = home.deployment.workspace.lock(day, "ingest_summary")
    assert lock == other_home.deployment.workspace.lock(day, "ingest_summary")
    with (
        other_home.deployment.hdfs.lock(lock),
        pytest.raises(LockedError, match=r"by \S+'s process \d+ on "),
        home.deployment.hdfs.lock(lock, patience=1),
    ):
        pytest.fail("two hold the lock")
