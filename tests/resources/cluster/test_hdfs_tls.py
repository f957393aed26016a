from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cluster_servers.hdfs_servers import HdfsServers
from cluster_servers.keystores import Keystore
from support.reached import assert_a_file_comes_back, reached
from support.receiver import receiving
from urllib3.exceptions import InsecureRequestWarning

from proxy_oa_assets.model.errors import StorageError
from proxy_oa_assets.resources.hdfs import FileStore

Reach = Callable[..., FileStore]

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def servers(hdfs_key: Keystore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HdfsServers]:
    """An HDFS that speaks TLS alone."""
    with HdfsServers(tmp_path_factory.mktemp("hdfs"), key=hdfs_key) as servers:
        yield servers


@pytest.fixture
def reach(servers: HdfsServers, tmp_path: Path) -> Reach:
    """Return what gives the file system, with the given variables set."""
    return lambda **variables: reached(tmp_path, **{"HDFS_URL": servers.url, **variables}).hdfs


def test_a_file_goes_through_tls_to_its_datanodes_and_back(reach: Reach, hdfs_key: Keystore):
    """The authority's certificate verifies the NameNode and the DataNodes it redirects to."""
    hdfs = reach(HDFS_CA_CERT=str(hdfs_key.authority))
    assert_a_file_comes_back(hdfs, "/trusted")


def test_without_a_file_the_machine_decides(
    reach: Reach, hdfs_key: Keystore, monkeypatch: pytest.MonkeyPatch
):
    """An authority that the machine trusts needs no setting."""
    monkeypatch.setenv("SSL_CERT_FILE", str(hdfs_key.authority))
    hdfs = reach()
    hdfs.write("/machine/file", [b"trusted"])
    assert hdfs.status("/machine/file").length == 7


def test_an_unknown_authority_is_refused_at_once(reach: Reach, waits: list[float]):
    """No retries; the message names the setting for another authority."""
    with pytest.raises(StorageError, match=r"localhost.* set HDFS_CA_CERT to the file") as refused:
        reach().status("/")
    assert waits == []
    assert not refused.value.transient


def test_a_certificate_for_another_name_is_refused(reach: Reach, servers: HdfsServers, hdfs_key: Keystore):
    """The message names the setting for the server's name, not the one for certificates."""
    by_number = servers.url.replace("localhost", "127.0.0.1")
    with pytest.raises(StorageError, match=r"for another name .*127\.0\.0\.1.* HDFS_URL") as refused:
        reach(HDFS_URL=by_number, HDFS_CA_CERT=str(hdfs_key.authority)).status("/")
    assert "HDFS_CA_CERT" not in str(refused.value)


def test_unverified_certificates_are_a_choice(reach: Reach, servers: HdfsServers):
    """`unverified` takes any certificate, for any name; Python warns of it."""
    by_number = servers.url.replace("localhost", "127.0.0.1")
    hdfs = reach(HDFS_URL=by_number, HDFS_CA_CERT="unverified")
    with pytest.warns(InsecureRequestWarning):
        assert_a_file_comes_back(hdfs, "/unverified")


def test_https_to_a_server_without_tls_isn_t_a_certificate_error(reach: Reach):
    """The message doesn't suggest a certificate."""
    with receiving() as plain, pytest.raises(StorageError, match="doesn't speak TLS") as refused:
        reach(HDFS_URL=plain.url.replace("http:", "https:")).status("/")
    assert "HDFS_CA_CERT" not in str(refused.value)
