import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cluster_servers.hdfs_servers import HdfsServers
from cluster_servers.keystores import Keystore, keystore
from support.reached import reached
from support.receiver import receiving
from urllib3.exceptions import InsecureRequestWarning

from proxy_oa_assets.errors import StorageError
from proxy_oa_assets.resources.hdfs import HdfsResource

Reach = Callable[..., HdfsResource]

pytestmark = pytest.mark.cluster

CONTENT = b"what goes through a DataNode, too\n" * 200_000


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Keystore:
    """The key of a NameNode called `localhost` alone, and of the DataNodes by their numbers."""
    names = ["dns:localhost", "ip:127.0.0.2", "ip:127.0.0.3"]
    return keystore(tmp_path_factory.mktemp("keys"), names)


@pytest.fixture(scope="module")
def servers(key: Keystore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HdfsServers]:
    """An HDFS that speaks TLS alone."""
    servers = HdfsServers(tmp_path_factory.mktemp("hdfs"), key=key)
    try:
        servers.start()
        yield servers
    finally:
        servers.stop()


@pytest.fixture
def reach(servers: HdfsServers, tmp_path: Path) -> Reach:
    """Return what gives the file system, with the given variables set."""
    return lambda **variables: reached(tmp_path, **{"HDFS_URL": servers.url, **variables}).hdfs


def test_a_file_goes_through_tls_to_its_datanodes_and_back(reach: Reach, key: Keystore):
    """The authority's certificate is good for the NameNode and for whom it sends us to."""
    hdfs = reach(HDFS_CA_CERT=str(key.authority))
    hdfs.write("/trusted/file", [CONTENT])
    with hdfs.open("/trusted/file") as stream:
        assert stream.read() == CONTENT
    assert [status.length for status in hdfs.list_folder("/trusted")] == [len(CONTENT)]


def test_without_a_file_the_machine_decides(reach: Reach, key: Keystore, monkeypatch: pytest.MonkeyPatch):
    """An authority that the machine trusts needs no setting, as with the SQL engine."""
    monkeypatch.setenv("SSL_CERT_FILE", str(key.authority))
    hdfs = reach()
    hdfs.write("/machine/file", [b"trusted"])
    assert hdfs.status("/machine/file").length == 7


def test_an_unknown_authority_is_refused_at_once(reach: Reach):
    """Waiting doesn't change a certificate; the message names the setting that does."""
    began = time.monotonic()
    with pytest.raises(StorageError, match=r"localhost.* set HDFS_CA_CERT to the file") as refused:
        reach().status("/")
    assert time.monotonic() - began < 2
    assert not refused.value.transient


def test_a_certificate_for_another_name_is_refused(reach: Reach, servers: HdfsServers, key: Keystore):
    """Who has some server's key is not every server; the message says that the name is at fault."""
    by_number = servers.url.replace("localhost", "127.0.0.1")
    with pytest.raises(StorageError, match=r"for another name .*127\.0\.0\.1.* HDFS_URL") as refused:
        reach(HDFS_URL=by_number, HDFS_CA_CERT=str(key.authority)).status("/")
    assert "HDFS_CA_CERT" not in str(refused.value)


def test_unverified_certificates_are_a_choice(reach: Reach, servers: HdfsServers):
    """`unverified` takes any certificate, for any name; Python warns of it."""
    by_number = servers.url.replace("localhost", "127.0.0.1")
    hdfs = reach(HDFS_URL=by_number, HDFS_CA_CERT="unverified")
    with pytest.warns(InsecureRequestWarning):
        hdfs.write("/unverified/file", [CONTENT])
    with pytest.warns(InsecureRequestWarning), hdfs.open("/unverified/file") as stream:
        assert stream.read() == CONTENT


def test_https_to_a_server_without_tls_is_told_from_a_bad_certificate(reach: Reach):
    """No certificate helps where none was shown."""
    with receiving() as plain, pytest.raises(StorageError, match="doesn't speak TLS") as refused:
        reach(HDFS_URL=plain.url.replace("http:", "https:")).status("/")
    assert "HDFS_CA_CERT" not in str(refused.value)
