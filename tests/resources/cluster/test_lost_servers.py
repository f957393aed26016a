"""Servers that are lost between the steps of a day's replacement."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from cluster_servers.hdfs_servers import DATANODE_HOSTS
from cluster_servers.running import Cluster
from support.cluster_home import ClusterHome
from support.store_clock import skip
from support.storyboard_days import DAY, NEXT, comments, texts_of

from proxy_oa_assets.model.errors import WarehouseUnreachableError
from proxy_oa_assets.model.tables import PROXY_STORYBOARD
from proxy_oa_assets.resources.cluster.cluster_tables import ClusterTables
from proxy_oa_assets.resources.cluster.day_versions import Version
from proxy_oa_assets.resources.cluster.webhdfs import WebHdfs

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def own_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Servers of this file alone, which its tests kill."""
    with Cluster(tmp_path_factory.mktemp("own-cluster")) as servers:
        yield servers


@pytest.fixture
def own_home(own_cluster: Cluster, tmp_path: Path) -> Iterator[ClusterHome]:
    with closing(ClusterHome(tmp_path / "home", own_cluster.variables)) as home:
        home.deployment.impala.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("old"))
        yield home


def versions(home: ClusterHome) -> int:
    """Return how many versions of the day there are in HDFS."""
    folder = home.deployment.impala.tables().folder(PROXY_STORYBOARD, DAY)
    return len(home.deployment.hdfs.list_folder(folder))


class Upload:
    """The pieces of a file, in the middle of which something happens once."""

    def __init__(self, content: bytes, happens: Callable[[], None]) -> None:
        self._content, self._happens = content, [happens]

    def __iter__(self) -> Iterator[bytes]:
        middle = len(self._content) // 2
        yield self._content[:middle]
        while self._happens:
            self._happens.pop()()
        yield self._content[middle:]


def test_an_engine_that_dies_between_upload_and_switch_leaves_the_old_day(
    own_home: ClusterHome, own_cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the engine; after its restart the day can be replaced, and the upload is removed."""
    warehouse, switch = own_home.deployment.impala, ClusterTables._switch

    def die(tables: ClusterTables, version: Version, *, is_known: bool) -> None:
        own_cluster.sql.kill()
        switch(tables, version, is_known=is_known)

    with monkeypatch.context() as patch:
        patch.setattr(ClusterTables, "_switch", die)
        message = rf"127\.0\.0\.1:{own_cluster.sql.port} is unreachable.*ALTER TABLE.*IMPALA_HOST"
        with pytest.raises(WarehouseUnreachableError, match=message) as caught:
            warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("new"))
    assert caught.value.transient
    assert versions(own_home) == 2

    own_cluster.sql.start()
    assert texts_of(warehouse) == ["old"]
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("next"))
    assert texts_of(warehouse) == ["next"]
    skip(monkeypatch, 25 * 3600)
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, NEXT, comments("another day"))
    assert versions(own_home) == 1


def test_a_datanode_that_dies_in_an_upload_is_replaced_by_another(
    own_home: ClusterHome, own_cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The upload starts again at the other DataNode, and the day is the new one."""
    warehouse, send, write = own_home.deployment.impala, requests.Session.send, WebHdfs.write
    hosts: list[str] = []

    def noted(session: requests.Session, request: requests.PreparedRequest, **named) -> requests.Response:
        hosts.append(urlsplit(request.url).hostname)
        return send(session, request, **named)

    def kill() -> None:
        own_cluster.hdfs.datanodes[DATANODE_HOSTS.index(hosts[-1])].kill()

    def write_slowly(hdfs: WebHdfs, path: str, chunks: list[bytes]) -> None:
        write(hdfs, path, Upload(b"".join(chunks), kill))

    with monkeypatch.context() as patch:
        patch.setattr(requests.Session, "send", noted)
        patch.setattr(WebHdfs, "write", write_slowly)
        warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments(*["new"] * 1000))

    assert texts_of(warehouse) == ["new"] * 1000
    dead = next(datanode for datanode in own_cluster.hdfs.datanodes if not datanode.running)
    dead.start()
    own_cluster.hdfs.wait_for_datanodes(2)
    # Neither a temporary file nor a half of it is left in the version's folder.
    names = [file.name for file in (own_home.huser / PROXY_STORYBOARD.day_folder(DAY)).rglob("*.parquet*")]
    assert names == ["part.parquet"] * 2
