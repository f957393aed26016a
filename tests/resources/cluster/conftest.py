from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster_servers.kdc import Kdc
from cluster_servers.keystores import Keystore, keystore
from cluster_servers.running import Cluster
from support.cluster_home import ClusterHome

from proxy_oa_assets.model.network import retrying


@pytest.fixture
def home(cluster: Cluster, tmp_path: Path) -> Iterator[ClusterHome]:
    """A database and a folder in HDFS for a test alone."""
    home = ClusterHome(tmp_path / "home", cluster.variables)
    yield home
    home.close()


@pytest.fixture(scope="session")
def hdfs_key(tmp_path_factory: pytest.TempPathFactory) -> Keystore:
    """The key of a NameNode called `localhost` alone, and of the DataNodes by their numbers."""
    return keystore(tmp_path_factory.mktemp("keys"), ["dns:localhost", "ip:127.0.0.2", "ip:127.0.0.3"])


@pytest.fixture(scope="module")
def kdc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kdc]:
    """A realm of its own, which is this process' until the file's tests are over."""
    with Kdc(tmp_path_factory.mktemp("kdc")) as kdc, pytest.MonkeyPatch.context() as patch:
        patch.setenv("KRB5_CONFIG", str(kdc.krb5_conf))
        yield kdc


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let pauses before another try pass at once; return how long, in seconds, each was to be."""
    waited: list[float] = []
    monkeypatch.setitem(retrying.__kwdefaults__, "sleep", waited.append)
    return waited
