"""Several addresses in HDFS_URL: dead ones, a standby NameNode, and a failover."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cluster_servers.java_server import free_port
from cluster_servers.namenode_pair import NameNodePair
from support.reached import assert_a_file_comes_back, reached

from proxy_oa_assets.model.errors import StorageUnreachableError
from proxy_oa_assets.resources.cluster.webhdfs import WebHdfs

pytestmark = pytest.mark.cluster

Reach = Callable[..., WebHdfs]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NameNodePair]:
    """An HDFS with an active and a standby NameNode."""
    with NameNodePair(tmp_path_factory.mktemp("pair")) as pair:
        yield pair


@pytest.fixture
def reach(tmp_path: Path) -> Reach:
    """Return a function that returns the file store at the given addresses."""
    return lambda *urls: reached(tmp_path, HDFS_URL=";".join(urls)).hdfs


def test_a_dead_first_address_is_skipped(pair: NameNodePair, reach: Reach):
    """Writes, reads and listings go to the next one, which stays the first choice."""
    active, _ = pair.urls
    hdfs = reach(f"http://127.0.0.1:{free_port()}", active)

    assert_a_file_comes_back(hdfs, "/dead")

    assert hdfs._connected()._urls[0] == active


def test_a_standby_namenode_is_skipped(pair: NameNodePair, reach: Reach):
    """In any order of the addresses, after it has refused a request."""
    active, standby = pair.urls
    assert_a_file_comes_back(reach(standby, active), "/standby")
    assert_a_file_comes_back(reach(active, standby), "/standby")


def test_a_standby_namenode_alone_is_an_error(pair: NameNodePair):
    """The message names HDFS_URL; the error is transient, because this NameNode may become active."""
    with pytest.raises(StorageUnreachableError, match=r"state standby.*HDFS_URL") as caught:
        WebHdfs(url=pair.urls[1], attempts=1).status("/")
    assert caught.value.transient


def test_a_failover_is_waited_for(pair: NameNodePair, reach: Reach):
    """The active NameNode is killed: a reader continues, and a write succeeds after the failover."""
    content = b"the bytes of several blocks\n" * 500_000
    hdfs = reach(*pair.urls)
    hdfs.write("/over/read", [content])

    with hdfs.open("/over/read") as stream, ThreadPoolExecutor(1) as pool:
        begun = stream.read(1000)
        killed = pair.active
        pair.namenodes[killed].kill()
        written = pool.submit(hdfs.write, "/over/written", [b"there"])
        pair.activate(1 - killed)
        assert begun + stream.read() == content
        written.result()

    assert [status.name for status in hdfs.list_folder("/over")] == ["read", "written"]
    with hdfs.open("/over/written") as stream:
        assert stream.read() == b"there"
    # It starts as the standby.
    pair.namenodes[killed].start()
    pair.wait_for_datanodes(2)
