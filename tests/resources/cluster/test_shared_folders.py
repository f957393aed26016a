"""Folders in which the engine's user and ours write, set up as in docs/cluster.md."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from cluster_servers.hdfs_servers import USER, HdfsServers
from cluster_servers.thrift_server import ThriftServer
from support.cluster_home import ClusterHome
from support.store_clock import skip
from support.storyboard_days import DAY, comments, texts_of

from proxy_oa_assets.model.tables import PROXY_STORYBOARD
from proxy_oa_assets.sql.query import Query

pytestmark = pytest.mark.cluster

OURS, ENGINES, GROUP = "analyst", "impala", "oa"
MEMBERS = {
    "hadoop.user.group.static.mapping.overrides": f"{USER}={USER};{OURS}={GROUP};{ENGINES}={GROUP}",
    # Spark impersonates a user even if that is its own.
    f"hadoop.proxyuser.{ENGINES}.hosts": "*",
    f"hadoop.proxyuser.{ENGINES}.groups": "*",
}
# Impala, too, writes as its own user.
IN_ITS_OWN_NAME = {"spark.hadoop.hive.server2.enable.doAs": "false"}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[HdfsServers, ThriftServer]]:
    """An HDFS in which neither is a superuser, and an engine that writes as its own user."""
    folder = tmp_path_factory.mktemp("shared")
    with HdfsServers(folder / "hdfs", settings=MEMBERS) as hdfs:
        for path in ("/warehouse", "/tmp"):
            as_super_user(hdfs, path, op="MKDIRS", permission="1777")
        with ThriftServer(folder / "sql", hdfs.default_fs, IN_ITS_OWN_NAME, ENGINES) as sql:
            yield hdfs, sql


@pytest.fixture
def home(servers: tuple[HdfsServers, ThriftServer], tmp_path: Path) -> Iterator[ClusterHome]:
    """A home whose tables' folder is its group's."""
    hdfs, sql = servers
    variables = {
        "PROXY_OA_HUSER": "/user/shared",
        "HDFS_URL": hdfs.url,
        "HDFS_USER": OURS,
        "IMPALA_HOST": "127.0.0.1",
        "IMPALA_PORT": str(sql.port),
        "PROXY_OA_SQL_ENGINE": "hive",
    }
    shared = "/user/shared/proxy/hive/oa"
    as_super_user(hdfs, shared, op="MKDIRS")
    acl = f"group:{GROUP}:rwx,default:group:{GROUP}:rwx"
    as_super_user(hdfs, shared, op="MODIFYACLENTRIES", aclspec=acl)
    home = ClusterHome(tmp_path / "home", variables)
    yield home
    home.close()


def as_super_user(hdfs: HdfsServers, path: str, **question: str) -> None:
    query = {"user.name": USER, **question}
    requests.put(f"{hdfs.url}/webhdfs/v1{path}", params=query, timeout=20).raise_for_status()


def versions(home: ClusterHome) -> dict[str, str]:
    """Return the owner of each of the day's versions."""
    client, hdfs = home.deployment.hdfs._connected(), home.deployment.hdfs
    folder = home.deployment.impala.tables().folder(PROXY_STORYBOARD, DAY)
    files = [file for run in hdfs.list_folder(folder) for file in hdfs.list_folder(run.path)]
    return {file.path: client.status(file.path)["owner"] for file in files if file.length}


def test_a_group_with_a_default_acl_serves_both(home: ClusterHome, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each writes versions of a day, reads and replaces the other's, and our user removes old ones."""
    warehouse = home.deployment.impala
    again = Query("SELECT p_threat, title, concat(text, ', again') AS text FROM proxy_storyboard")
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("ours"))
    warehouse.replace_day(PROXY_STORYBOARD, DAY, again)
    warehouse.replace_day(PROXY_STORYBOARD, DAY, again)
    assert texts_of(warehouse) == ["ours, again, again"]
    assert sorted(versions(home).values()) == [OURS, ENGINES, ENGINES]

    skip(monkeypatch, warehouse.keep_seconds + 1)
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY.plus(1), comments("another day"))

    assert list(versions(home).values()) == [ENGINES]
    assert texts_of(warehouse) == ["ours, again, again"]


def test_a_replaced_file_keeps_its_mode(home: ClusterHome, servers: tuple[HdfsServers, ThriftServer]) -> None:
    """A feedback file that a site closed to others stays closed."""
    hdfs, _ = servers
    path = "/user/shared/proxy/hive/oa/closed"
    home.deployment.hdfs.write(path, [b"old"])
    as_super_user(hdfs, path, op="SETPERMISSION", permission="640")

    home.deployment.hdfs.write(path, [b"new"])

    with home.deployment.hdfs.open(path) as stream:
        assert stream.read() == b"new"
    status = requests.get(
        f"{hdfs.url}/webhdfs/v1{path}", params={"op": "GETFILESTATUS", "user.name": USER}, timeout=30
    )
    assert status.json()["FileStatus"]["permission"] == "640"
