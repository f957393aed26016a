"""Real days, ranked on this machine and on a cluster."""

import shutil
from pathlib import Path

import pytest
from support.cluster_home import ClusterHome
from support.home import Home, failures

from proxy_oa_assets.model.day import Day

RAW = "user/spot/proxy/hive"


@pytest.mark.cluster
@pytest.mark.slow
@pytest.mark.parametrize("form", ["hdfs", "neutral/hdfs"])
def test_both_engines_rank_real_days_alike(form: str, cluster, test_data: Path, tmp_path: Path) -> None:
    """The results of DuckDB and HiveServer2 are the same, byte for byte, with the history of days before."""
    source = test_data / form / RAW
    days = sorted(
        Day.parse("-".join(path.parts[at][2:] for at in (-3, -2, -1))) for path in source.glob("*/*/*")
    )
    assert days
    embedded = Home(tmp_path / "embedded")
    shutil.copytree(source, embedded.huser / "proxy/hive", copy_function=shutil.copyfile)
    for path in embedded.root.rglob("*"):
        path.chmod(0o755)
    on_cluster = ClusterHome(tmp_path / "cluster", cluster.variables)
    try:
        on_cluster.upload(source, (on_cluster.huser / "proxy/hive").path)
        for day in days:
            for home in (embedded, on_cluster):
                assert failures(home.materialize(day, assets=["proxy_history", "ml_results"])) == {}
            assert embedded.results(day).read_bytes() == on_cluster.results(day).read_bytes(), day
    finally:
        on_cluster.close()
