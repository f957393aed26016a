"""Servers of a cluster that hang, as in a long garbage collection, and continue."""

from contextlib import closing

import pytest
from cluster_servers.running import Cluster
from support.cluster_home import ClusterHome
from support.storyboard_days import DAY, comments, texts_of

from proxy_oa_assets.model.errors import StorageUnreachableError, WarehouseUnreachableError
from proxy_oa_assets.model.tables import PROXY_STORYBOARD
from proxy_oa_assets.resources.cluster import hive_connection, webhdfs_errors
from proxy_oa_assets.resources.cluster.webhdfs import WebHdfs

pytestmark = pytest.mark.cluster


SECONDS = 3


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limit the patience to less than a timeout, so that the second attempt is the last."""
    for module in (hive_connection, webhdfs_errors):
        monkeypatch.setattr(module, "PATIENCE_SECONDS", 2)


@pytest.fixture
def hdfs(home: ClusterHome) -> WebHdfs:
    return WebHdfs(url=home.deployment.hdfs.url, timeout=SECONDS)


def assert_replacements_go_on(home: ClusterHome) -> None:
    """The day is the old one, and the next replacement succeeds."""
    warehouse = home.deployment.impala
    assert texts_of(warehouse) == ["old"]
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("new"))
    assert texts_of(warehouse) == ["new"]


def test_an_engine_that_hangs_leaves_the_day(home: ClusterHome, cluster: Cluster):
    """The error names the statement and the setting."""
    home.deployment.impala.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("old"))

    message = r" 3 s \(IMPALA_TIMEOUT\): DESCRIBE"
    with (
        closing(home.warehouse(timeout=SECONDS)) as warehouse,
        cluster.sql.hanging(),
        pytest.raises(WarehouseUnreachableError, match=message) as caught,
    ):
        warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("never seen"))

    assert caught.value.transient
    assert_replacements_go_on(home)


def test_a_namenode_that_hangs_leaves_the_day(home: ClusterHome, hdfs: WebHdfs, cluster: Cluster):
    """The error names the path and the setting."""
    home.deployment.impala.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("old"))

    message = r"hdfs:///user/.* 3 s \(HDFS_TIMEOUT\)"
    with (
        closing(home.warehouse(hdfs=hdfs)) as warehouse,
        cluster.hdfs.namenode.hanging(),
        pytest.raises(StorageUnreachableError, match=message) as caught,
    ):
        warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("never seen"))

    assert caught.value.transient
    assert_replacements_go_on(home)


def test_a_datanode_that_hangs_is_named(home: ClusterHome, hdfs: WebHdfs, cluster: Cluster):
    """Both DataNodes hang in the middle of a file: the error names them, not the NameNode."""
    path = f"{home.deployment.workspace.huser}/large"
    home.deployment.hdfs.write(path, [b"0123456789abcdef" * (1 << 20)])
    first, second = cluster.hdfs.datanodes
    message = r"127\.0\.0\.[23]:\d+ .* 3 s \(HDFS_TIMEOUT\); is that DataNode up"
    with (
        pytest.raises(StorageUnreachableError, match=message),
        hdfs.open(path) as stream,
        first.hanging(),
        second.hanging(),
    ):
        stream.read()
    cluster.hdfs.wait_for_datanodes(2)
