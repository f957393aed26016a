"""Faults of a cluster's servers during an operation."""

import io
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from cluster_servers.running import Cluster
from support.cluster_home import ClusterHome
from support.home import SAMPLE_DAY, failures
from support.storyboard_days import DAY, comments, texts_of

from proxy_oa_assets.model.errors import StorageError, StorageUnreachableError, WarehouseUnreachableError
from proxy_oa_assets.model.tables import PROXY_STORYBOARD
from proxy_oa_assets.ranking.published_parts import copy_results, required_results
from proxy_oa_assets.resources.cluster.webhdfs import WebHdfs
from proxy_oa_assets.resources.cluster.webhdfs_reader import ResumingReader
from proxy_oa_assets.sql.query import Query

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

LINE = b"0123456789abcdef" * 64
READERS = 6


@pytest.fixture(scope="module")
def own_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Servers of this file alone, which its tests stop and start again."""
    with Cluster(tmp_path_factory.mktemp("own-cluster")) as servers:
        yield servers


@pytest.fixture
def own_home(own_cluster: Cluster, tmp_path: Path) -> Iterator[ClusterHome]:
    home = ClusterHome(tmp_path / "home", own_cluster.variables)
    yield home
    home.close()


def test_results_are_read_on_when_a_datanode_goes(
    own_home: ClusterHome, own_cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six readers in the middle of a file of 20 blocks; those of the dead DataNode continue at the other."""
    content = b"".join(b"%07d " % number + LINE for number in range(80_000))
    path = own_home.deployment.workspace.results(SAMPLE_DAY)
    own_home.deployment.hdfs.write(path, [content])
    resumed: list[int] = []
    check = ResumingReader._must_be_the_same
    monkeypatch.setattr(
        ResumingReader, "_must_be_the_same", lambda self: (resumed.append(self._position), check(self))
    )

    def copy(stream: io.BufferedIOBase) -> bytes:
        return b"".join(iter(lambda: stream.read(1 << 20), b""))

    opened = [own_home.deployment.hdfs.open(path) for _ in range(READERS)]
    streams = [context.__enter__() for context in opened]
    begun = [stream.read(1 << 20) for stream in streams]
    own_cluster.hdfs.datanodes[0].kill()
    try:
        with ThreadPoolExecutor(READERS) as pool:
            rest = list(pool.map(copy, streams))
    finally:
        for context in opened:
            context.__exit__(None, None, None)
    assert [first + then for first, then in zip(begun, rest, strict=True)] == [content] * READERS
    assert resumed
    # New readers succeed without an error.
    results = required_results(own_home.deployment.hdfs, path)
    assert copy_results(own_home.deployment.hdfs, results, tmp_path / "copy") == len(content)
    own_cluster.hdfs.datanodes[0].start()
    own_cluster.hdfs.wait_for_datanodes(2)


def test_a_namenode_that_restarts_is_waited_for(own_home: ClusterHome, own_cluster: Cluster) -> None:
    """A write that begins while it is down succeeds after the restart."""
    path = f"{own_home.deployment.workspace.huser}/restarted.txt"
    own_cluster.hdfs.namenode.stop()
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(own_home.deployment.hdfs.write, path, [b"there"])
        time.sleep(1)
        own_cluster.hdfs.start_namenode()
        own_cluster.hdfs.wait_for_datanodes(2)
        written.result()

    with own_home.deployment.hdfs.open(path) as stream:
        assert stream.read() == b"there"


def test_a_namenode_that_stays_away_is_a_clear_error(own_home: ClusterHome) -> None:
    """The message names the addresses, and the error is transient."""
    away = WebHdfs(url="http://127.0.0.1:9;http://localhost:9", attempts=2)

    with pytest.raises(StorageUnreachableError, match=r"127\.0\.0\.1:9, localhost:9") as caught:
        away.list_folder(own_home.deployment.workspace.huser)

    assert caught.value.transient


def test_a_datanode_whose_name_is_unknown_is_named(
    own_home: ClusterHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The most common failure of WebHDFS: a redirect to a name that only the cluster resolves."""
    path = f"{own_home.deployment.workspace.huser}/named.txt"
    own_home.deployment.hdfs.write(path, [b"content"])
    resolve = socket.getaddrinfo

    def without_datanodes(host: str, *arguments: object, **options: object) -> object:
        if host in ("127.0.0.2", "127.0.0.3"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", without_datanodes)
    hdfs = WebHdfs(url=own_home.deployment.hdfs.url, attempts=2)

    with (
        pytest.raises(
            StorageError, match=r"DataNode 127\.0\.0\.[23], a name that this machine can't resolve"
        ),
        hdfs.open(path) as stream,
    ):
        stream.read()


def test_an_engine_that_is_killed_in_a_statement_leaves_the_day(
    own_home: ClusterHome, own_cluster: Cluster
) -> None:
    """The old day stays whole; after the engine's restart the next replacement succeeds."""
    warehouse = own_home.deployment.impala
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("old"))
    slow = Query(
        "SELECT CAST(a.id AS STRING) AS p_threat, CAST(count(*) AS STRING) AS title, 'new' AS text "
        "FROM range(3000000) a JOIN range(30000) b ON a.id % 7 = b.id % 7 GROUP BY a.id"
    )
    with ThreadPoolExecutor(1) as pool:
        replacing = pool.submit(warehouse.replace_day, PROXY_STORYBOARD, DAY, slow)
        time.sleep(4)
        assert not replacing.done()
        own_cluster.sql.kill()
        with pytest.raises(WarehouseUnreachableError, match="IMPALA_HOST"):
            replacing.result()

    own_cluster.sql.start()
    assert texts_of(warehouse) == ["old"]
    assert warehouse.replace_day(
        PROXY_STORYBOARD, DAY, Query("SELECT p_threat, title, 'new' AS text FROM proxy_storyboard")
    )
    assert texts_of(warehouse) == ["new"]


def test_a_full_file_system_leaves_the_day(own_home: ClusterHome, own_cluster: Cluster) -> None:
    """A quota simulates a full disk: the failure has HDFS' reason, and the old day stays whole."""
    day = own_home.write_sample(views=15)
    assert own_home.materialize(day, limit=20).success
    before = own_home.parts(day)
    limit_space(own_cluster, own_home.deployment.workspace.huser, 1)
    try:
        failed = failures(own_home.materialize(day, limit=40))
    finally:
        limit_space(own_cluster, own_home.deployment.workspace.huser, -1)

    assert "quota" in failed["scored_connections"]
    assert own_home.parts(day) == before
    assert own_home.materialize(day, limit=40).success
    assert own_home.parts(day) != before


def test_a_folder_that_may_not_be_written_leaves_the_day(own_cluster: Cluster, tmp_path: Path) -> None:
    """The message names the folder, the user and the setting; the old day can still be read."""
    home = ClusterHome(tmp_path / "home", own_cluster.variables, HDFS_USER="analyst", IMPALA_USER="spot")
    warehouse = home.deployment.impala
    root = f"{own_cluster.hdfs.url}/webhdfs/v1{home.deployment.workspace.huser}"
    requests.put(f"{root}?op=MKDIRS&user.name=spot", timeout=10).raise_for_status()
    folder = f"{root}/proxy/hive/oa"
    requests.put(f"{folder}?op=MKDIRS&user.name=spot&permission=777", timeout=10).raise_for_status()
    requests.put(f"{folder}?op=SETPERMISSION&user.name=spot&permission=777", timeout=10).raise_for_status()
    storyboard = f"{folder}/storyboard?op=SETPERMISSION&user.name=spot&permission="
    requests.put(f"{storyboard}777", timeout=10).raise_for_status()
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("old"))
    # Version folders are created below the day's own, which the analyst owns by now.
    requests.put(
        f"{folder}/storyboard/y=2016/m=9/d=12?op=SETPERMISSION&user.name=spot&permission=555", timeout=10
    ).raise_for_status()

    with pytest.raises(StorageError, match=r"Permission denied: user=analyst.*HDFS_USER"):
        warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("new"))

    assert texts_of(warehouse) == ["old"]
    home.close()


def limit_space(cluster: Cluster, path: str, size: int) -> None:
    """Set a folder's space quota, in bytes; -1 removes it."""
    quota = f"{cluster.hdfs.url}/webhdfs/v1{path}?op=SETQUOTA&namespacequota=9223372036854775807"
    requests.put(f"{quota}&storagespacequota={size}&user.name=spot", timeout=10).raise_for_status()
