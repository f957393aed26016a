"""`proxy-oa doctor` and `proxy-oa init-db` on a cluster, as commands."""

import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from cluster_servers.running import Cluster
from support.cluster_home import ClusterHome

from proxy_oa_assets.model.tables import PROXY_STORYBOARD

pytestmark = pytest.mark.cluster

CLUSTER_LINES = [
    *("settings", "conf", "hdfs", "hdfs files", "locks", "results", "start date", "earlier days", "logs"),
    *("sql engine", "database", "definitions", "tables", "partition", "killed writers", "ranking"),
    *("notebooks", "Sigma rules"),
    *("network context", "ranking lists", "history", "reputation"),
]


def proxy_oa(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return subprocess.run(
        [Path(sys.executable).with_name("proxy-oa"), *arguments],
        env=environ,
        cwd=environ["PROXY_OA_HOME"],
        capture_output=True,
        text=True,
        check=False,
    )


def lines_of(done: subprocess.CompletedProcess[str]) -> dict[str, tuple[str, str]]:
    """Return ok or FAIL, and the finding, by probe."""
    return {line[6:22].strip(): (line[:4].strip(), line[23:]) for line in done.stdout.splitlines()}


def test_a_working_cluster_passes(home: ClusterHome) -> None:
    """Each probe has its line and its time, and leaves nothing behind."""
    home.path.mkdir(parents=True, exist_ok=True)

    done = proxy_oa(home.environment(), "doctor")

    assert done.returncode == 0, done.stdout
    lines = lines_of(done)
    assert list(lines) == CLUSTER_LINES
    assert {state for state, _ in lines.values()} == {"ok"}
    assert "wrote, read back and dropped 1970-01-01 of proxy_storyboard" in lines["partition"][1]
    assert lines["sql engine"][1].endswith(" s)")
    tables = home.deployment.impala.tables()
    assert list((home.huser / PROXY_STORYBOARD.location).rglob("run=*")) == []
    with tables.connection.query(f"SHOW PARTITIONS {PROXY_STORYBOARD.name}") as result:
        assert list(result.rows) == []


def test_a_missing_database_is_reported_and_the_rest_skipped(cluster: Cluster, tmp_path: Path) -> None:
    """The line names the command that creates it; after that command, all probes pass."""
    name = f"t{uuid.uuid4().hex[:12]}"
    environ = {
        **environment_of(cluster, tmp_path),
        "PROXY_OA_HUSER": f"/user/spot/{name}",
        "PROXY_OA_DBNAME": name,
    }

    lines = lines_of(proxy_oa(environ, "doctor"))

    assert lines["database"][0] == "FAIL"
    assert (
        f"there is no database {name} (PROXY_OA_DBNAME); `proxy-oa init-db` creates" in lines["database"][1]
    )
    assert "definitions" not in lines
    created = proxy_oa(environ, "init-db")
    assert created.returncode == 0
    assert f"proxy_scores: created, /user/spot/{name}/proxy/hive/oa/suspicious" in created.stdout
    assert proxy_oa(environ, "doctor").returncode == 0


def test_unreachable_servers_are_named(cluster: Cluster, tmp_path: Path) -> None:
    """One line for HDFS, one for the engine, each with its address and its settings; exit code 1."""
    environ = {
        **environment_of(cluster, tmp_path),
        "HDFS_URL": "http://127.0.0.1:9",
        "IMPALA_PORT": "9",
        "HDFS_TIMEOUT": "2",
    }

    done = proxy_oa(environ, "doctor")

    lines = lines_of(done)
    assert done.returncode == 1
    assert {what for what, (state, _) in lines.items() if state == "FAIL"} == {"hdfs", "sql engine"}
    assert "127.0.0.1:9" in lines["hdfs"][1]
    assert "IMPALA_HOST" in lines["sql engine"][1]
    assert done.stderr == "2 to fix\n"


def environment_of(cluster: Cluster, folder: Path) -> dict[str, str]:
    """Return the environment of a new site on the servers."""
    home = folder / "home"
    home.mkdir()
    return {"PROXY_OA_DEPLOYMENT": "cluster", "PROXY_OA_HOME": str(home), **cluster.variables}
