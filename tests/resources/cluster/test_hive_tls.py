from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cluster_servers.keystores import Keystore, keystore
from cluster_servers.thrift_server import USER, ThriftServer
from support.reached import current_user

from proxy_oa_assets.model.errors import WarehouseError

pytestmark = pytest.mark.cluster

Login = Callable[..., list[tuple[object, ...]]]


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Keystore:
    """The key of a server named `localhost` alone."""
    return keystore(tmp_path_factory.mktemp("keys"), ["dns:localhost"])


@pytest.fixture(scope="module")
def server(key: Keystore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThriftServer]:
    """A HiveServer2 that speaks TLS."""
    folder = tmp_path_factory.mktemp("sql")
    settings = {
        "spark.hadoop.hive.server2.use.SSL": "true",
        "spark.hadoop.hive.server2.keystore.path": str(key.path),
        "spark.hadoop.hive.server2.keystore.password": key.password,
    }
    with ThriftServer(folder, f"file://{folder}", settings) as server:
        yield server


@pytest.fixture
def login(server: ThriftServer, tmp_path: Path) -> Login:
    """Return a function that logs in, with the given variables set, and returns the user."""

    def login(**variables: str) -> list[tuple[object, ...]]:
        reach = {"IMPALA_HOST": "localhost", "IMPALA_PORT": str(server.port), "IMPALA_USE_SSL": "true"}
        return current_user(tmp_path, **{**reach, **variables})

    return login


def test_a_server_is_trusted_by_the_certificate_of_its_authority(login: Login, key: Keystore):
    """IMPALA_CA_CERT is the authority's file, not the server's."""
    assert login(IMPALA_CA_CERT=str(key.authority)) == [(USER,)]


def test_without_a_file_the_machine_decides(login: Login, key: Keystore, monkeypatch: pytest.MonkeyPatch):
    """An authority that the machine trusts needs no setting."""
    monkeypatch.setenv("SSL_CERT_FILE", str(key.authority))
    assert login() == [(USER,)]


def test_an_unknown_authority_is_refused_at_once(login: Login, waits: list[float]):
    """No retries; the message names the setting for another authority."""
    with pytest.raises(WarehouseError, match="set IMPALA_CA_CERT to the file") as refused:
        login()
    assert waits == []
    assert not refused.value.transient


def test_a_certificate_for_another_name_is_refused(login: Login, key: Keystore):
    """The message names the setting for the server's name, not the one for certificates."""
    with pytest.raises(WarehouseError, match=r"for another name .*127\.0\.0\.1.*IMPALA_HOST") as refused:
        login(IMPALA_HOST="127.0.0.1", IMPALA_CA_CERT=str(key.authority))
    assert "IMPALA_CA_CERT" not in str(refused.value)


def test_unverified_certificates_are_a_choice(login: Login):
    """`unverified` takes any certificate, for any name."""
    assert login(IMPALA_HOST="127.0.0.1", IMPALA_CA_CERT="unverified") == [(USER,)]


def test_a_server_that_speaks_tls_is_not_reached_without(login: Login):
    """The message names IMPALA_USE_SSL."""
    with pytest.raises(WarehouseError, match="IMPALA_USE_SSL"):
        login(IMPALA_USE_SSL="false", IMPALA_TIMEOUT="3")
