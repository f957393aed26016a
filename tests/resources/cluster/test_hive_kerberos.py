import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cluster_servers.kdc import Kdc
from cluster_servers.kerberized import hive_http_settings, hive_settings
from cluster_servers.thrift_server import ThriftServer
from support.reached import current_user

from proxy_oa_assets.model.errors import WarehouseError, WarehouseUnreachableError

pytestmark = pytest.mark.cluster

Login = Callable[..., list[tuple[object, ...]]]
USER = "analyst"


@pytest.fixture(scope="module")
def ticket(kdc: Kdc) -> str:
    """A user's ticket, as KRB5CCNAME names it."""
    pytest.importorskip("kerberos", reason="the extra kerberos isn't installed")
    return kdc.ticket(USER)


@pytest.fixture(scope="module")
def server(kdc: Kdc, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThriftServer]:
    """A HiveServer2 that requires tickets."""
    folder = tmp_path_factory.mktemp("sql")
    with ThriftServer(folder, f"file://{folder}", hive_settings(kdc)) as server:
        yield server


@pytest.fixture
def login(ticket: str, server: ThriftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Login:
    """Return a function that logs in by ticket, with the given variables set, and returns the user."""
    monkeypatch.setenv("KRB5CCNAME", ticket)
    return lambda **variables: current_user(tmp_path, **{**reach(server), **variables})


def reach(server: ThriftServer) -> dict[str, str]:
    return {
        "IMPALA_HOST": "localhost",
        "IMPALA_PORT": str(server.port),
        "IMPALA_AUTH_MECHANISM": "GSSAPI",
        "IMPALA_KERBEROS_SERVICE_NAME": "hive",
    }


def test_a_ticket_logs_in(login: Login):
    """Statements run as the ticket's user; IMPALA_USER has no effect."""
    assert login() == [(USER,)]
    assert login(IMPALA_USER="another") == [(USER,)]


def test_without_a_ticket_kinit_is_named(login: Login, monkeypatch: pytest.MonkeyPatch, waits: list[float]):
    """No retries; the message has Kerberos' own reason."""
    monkeypatch.setenv("KRB5CCNAME", "FILE:/nowhere")
    with pytest.raises(WarehouseError, match=r"hive@localhost \(No Kerberos cred.*\); run kinit") as refused:
        login()
    assert waits == []
    assert not refused.value.transient


def test_a_ticket_that_has_expired_asks_for_kinit(
    login: Login, kdc: Kdc, monkeypatch: pytest.MonkeyPatch, waits: list[float]
):
    """No retries; the message has Kerberos' own reason."""
    monkeypatch.setenv("KRB5CCNAME", kdc.ticket("brief", "2s"))
    time.sleep(3)
    with pytest.raises(WarehouseError, match=r"hive@localhost \(.*expired.*\); run kinit") as refused:
        login()
    assert waits == []
    assert not refused.value.transient


@pytest.mark.parametrize(
    ("variables", "service"),
    [
        ({"IMPALA_KERBEROS_SERVICE_NAME": "impala"}, "impala@localhost"),
        ({"IMPALA_HOST": "127.0.0.1"}, "hive@127.0.0.1"),
    ],
)
def test_a_server_that_kerberos_does_not_know_is_named(login: Login, variables: dict[str, str], service: str):
    """The message names both settings that make up the server's name."""
    message = rf"{service} \(Server .* not found in Kerberos database\).*SERVICE_NAME and IMPALA_HOST"
    with pytest.raises(WarehouseError, match=message) as refused:
        login(**variables)
    assert not refused.value.transient


def test_a_password_is_refused(login: Login):
    """The message names the setting of the mechanism."""
    with pytest.raises(WarehouseError, match=r"PLAIN.*IMPALA_AUTH_MECHANISM"):
        login(IMPALA_AUTH_MECHANISM="PLAIN")


def test_a_server_that_requires_tickets_is_unreachable_without(login: Login):
    """The message names IMPALA_AUTH_MECHANISM."""
    with pytest.raises(WarehouseUnreachableError, match="IMPALA_AUTH_MECHANISM"):
        login(IMPALA_AUTH_MECHANISM="NOSASL", IMPALA_TIMEOUT="3")


def test_a_ticket_logs_in_over_http(
    login: Login, kdc: Kdc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waits: list[float]
):
    """The service is HTTP's by default; a ticket that has expired asks for kinit, without retries."""
    folder = tmp_path / "sql"
    with ThriftServer(folder, f"file://{folder}", hive_http_settings(kdc)) as server:
        over_http = {
            "IMPALA_PORT": str(server.port),
            "IMPALA_HTTP_PATH": "cliservice",
            "IMPALA_KERBEROS_SERVICE_NAME": "",
        }
        assert login(**over_http) == [(USER,)]
        monkeypatch.setenv("KRB5CCNAME", kdc.ticket("briefer", "2s"))
        time.sleep(3)
        with pytest.raises(WarehouseError, match=r"HTTP@localhost \(.*expired.*\); run kinit"):
            login(**over_http)
    assert waits == []


@pytest.mark.slow
def test_a_server_that_requires_kerberos_encryption_isn_t_unreachable(
    ticket: str, kdc: Kdc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Encryption by Kerberos is beyond impyla; the message names the server's setting."""
    monkeypatch.setenv("KRB5CCNAME", ticket)
    settings = {**hive_settings(kdc), "spark.hadoop.hive.server2.thrift.sasl.qop": "auth-conf"}
    with (
        ThriftServer(tmp_path / "sql", f"file://{tmp_path}", settings) as server,
        pytest.raises(WarehouseError, match=r"hive\.server2\.thrift\.sasl\.qop.*impyla can't") as refused,
    ):
        current_user(tmp_path, **reach(server))
    assert not refused.value.transient
