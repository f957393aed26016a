"""A network that parts a writer from a server; what was sent may or may not have arrived."""

import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from cluster_servers.running import Cluster
from support.cluster_home import ClusterHome
from support.relay import Relay, relaying
from support.store_clock import skip
from support.storyboard_days import DAY, NEXT, comments, texts_of

from proxy_oa_assets.model.errors import LockLostError, StorageUnreachableError, WarehouseUnreachableError
from proxy_oa_assets.model.tables import PROXY_STORYBOARD
from proxy_oa_assets.resources.cluster import hive_connection, webhdfs_errors
from proxy_oa_assets.resources.cluster.webhdfs import WebHdfs

pytestmark = pytest.mark.cluster


@pytest.fixture
def engine(cluster: Cluster) -> Iterator[Relay]:
    """The network to the engine."""
    with relaying(cluster.sql.port) as relay:
        yield relay


@pytest.fixture
def namenode(cluster: Cluster) -> Iterator[Relay]:
    """The network to the NameNode."""
    with relaying(urlsplit(cluster.hdfs.url).port) as relay:
        yield relay


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (hive_connection, webhdfs_errors):
        monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.5)


def leftovers(home: ClusterHome, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return how many of the day's versions outlive the next day's replacement, a day later."""
    with monkeypatch.context() as patch:
        skip(patch, 25 * 3600)
        home.deployment.impala.replace_day_with_frame(PROXY_STORYBOARD, NEXT, comments("another day"))
    folder = home.deployment.impala.tables().folder(PROXY_STORYBOARD, DAY)
    return len(home.deployment.hdfs.list_folder(folder)) - 1


@pytest.mark.parametrize(("delivered", "text"), [(False, "old"), (True, "new")])
def test_a_switch_whose_answer_never_comes_leaves_the_old_day_or_the_new_one(
    home: ClusterHome, engine: Relay, monkeypatch: pytest.MonkeyPatch, *, delivered: bool, text: str
) -> None:
    """The error names the engine, the statement and the setting; the next run replaces the day."""
    home.deployment.impala.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("old"))
    message = rf"127\.0\.0\.1:{engine.port} didn't answer within 5 s \(IMPALA_TIMEOUT\): ALTER TABLE"
    with closing(home.warehouse(port=engine.port, timeout=5)) as warehouse:
        engine.part("SET LOCATION", delivered=delivered)
        with pytest.raises(WarehouseUnreachableError, match=message) as caught:
            warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("new"))
        assert caught.value.transient
        engine.heal()

        assert texts_of(home.deployment.impala) == [text]
        warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("next"))

    assert texts_of(home.deployment.impala) == ["next"]
    assert leftovers(home, monkeypatch) == 0


def test_an_upload_to_a_namenode_that_is_cut_off_leaves_the_day(
    home: ClusterHome, namenode: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The uploaded file can't be renamed: the error names the path and the setting."""
    home.deployment.impala.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("old"))
    hdfs = WebHdfs(url=f"http://127.0.0.1:{namenode.port}", timeout=2, attempts=2)
    message = rf"part\.parquet: .*127\.0\.0\.1:{namenode.port} didn't answer within 2 s \(HDFS_TIMEOUT\)"
    with closing(home.warehouse(hdfs=hdfs)) as warehouse:
        namenode.part("op=RENAME", delivered=False)
        with pytest.raises(StorageUnreachableError, match=message):
            warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("new"))
        namenode.heal()

        assert texts_of(home.deployment.impala) == ["old"]
        warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("next"))

    assert texts_of(home.deployment.impala) == ["next"]
    assert leftovers(home, monkeypatch) == 0


def test_a_holder_that_is_cut_off_loses_its_lock(cluster: Cluster, namenode: Relay) -> None:
    """Another process gets it after the expiry; once the network heals, the first one must not write."""
    path, expiry = f"/user/spot/{uuid.uuid4().hex}/20160912", 2
    cut_off = WebHdfs(url=f"http://127.0.0.1:{namenode.port}", timeout=1, attempts=1, lock_expiry=expiry)
    other = WebHdfs(url=cluster.hdfs.url, lock_expiry=expiry)

    def work_on() -> None:
        with cut_off.lock(path) as still_held:
            still_held()
            namenode.part("op=SETTIMES", delivered=False)
            began = time.monotonic()
            with other.lock(path, patience=60) as others_still_held:
                assert time.monotonic() - began >= expiry / 2
                namenode.heal()
                with pytest.raises(LockLostError, match="the lock was lost"):
                    still_held()
                others_still_held()

    with pytest.raises(LockLostError, match="the lock was lost"):
        work_on()
    (file,) = other.list_folder(path)
    assert file.name == "free"
