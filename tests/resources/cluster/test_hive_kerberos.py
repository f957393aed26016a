from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cluster_servers.kdc import Kdc
from cluster_servers.kerberized import hive_settings
from cluster_servers.thrift_server import ThriftServer
from support.reached import asked

from proxy_oa_assets.model.errors import WarehouseError, WarehouseUnreachableError

pytestmark = pytest.mark.cluster

Ask = Callable[..., list[tuple[object, ...]]]
USER = "analyst"


@pytest.fixture(scope="module")
def ticket(kdc: Kdc) -> str:
    """A user's ticket, as KRB5CCNAME names it."""
    pytest.importorskip("kerberos", reason="the extra kerberos isn't installed")
    return kdc.ticket(USER)


@pytest.fixture(scope="module")
def server(kdc: Kdc, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThriftServer]:
    """A HiveServer2 that asks for tickets."""
    folder = tmp_path_factory.mktemp("sql")
    with ThriftServer(folder, f"file://{folder}", hive_settings(kdc)) as server:
        yield server


@pytest.fixture
def ask(ticket: str, server: ThriftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Return what asks the server, by ticket, who we are, with the given variables set."""
    monkeypatch.setenv("KRB5CCNAME", ticket)
    return lambda **variables: asked(tmp_path, **{**reach(server), **variables})


def reach(server: ThriftServer) -> dict[str, str]:
    return {
        "IMPALA_HOST": "localhost",
        "IMPALA_PORT": str(server.port),
        "IMPALA_AUTH_MECHANISM": "GSSAPI",
        "IMPALA_KERBEROS_SERVICE_NAME": "hive",
    }


def test_who_has_a_ticket_is_let_in(ask: Ask):
    """Statements run in the name that the ticket has, whatever IMPALA_USER says."""
    assert ask() == [(USER,)]
    assert ask(IMPALA_USER="somebody") == [(USER,)]


def test_without_a_ticket_kinit_is_named(ask: Ask, monkeypatch: pytest.MonkeyPatch, waits: list[float]):
    """Waiting gets no ticket; Kerberos' own reason is told, too."""
    monkeypatch.setenv("KRB5CCNAME", "FILE:/nowhere")
    with pytest.raises(WarehouseError, match=r"hive@localhost \(No Kerberos cred.*\); run kinit") as refused:
        ask()
    assert waits == []
    assert not refused.value.transient


@pytest.mark.parametrize(
    ("variables", "service"),
    [
        ({"IMPALA_KERBEROS_SERVICE_NAME": "impala"}, "impala@localhost"),
        ({"IMPALA_HOST": "127.0.0.1"}, "hive@127.0.0.1"),
    ],
)
def test_a_server_that_kerberos_does_not_know_is_named(ask: Ask, variables: dict[str, str], service: str):
    """Both settings that make up its name are told."""
    told = rf"{service} \(Server .* not found in Kerberos database\).*SERVICE_NAME and IMPALA_HOST"
    with pytest.raises(WarehouseError, match=told) as refused:
        ask(**variables)
    assert not refused.value.transient


def test_a_password_lets_nobody_in(ask: Ask):
    """The message names the setting that says how to log in."""
    with pytest.raises(WarehouseError, match=r"PLAIN.*IMPALA_AUTH_MECHANISM"):
        ask(IMPALA_AUTH_MECHANISM="PLAIN")


def test_a_server_that_asks_for_tickets_is_not_reached_without(ask: Ask):
    """Who forgets IMPALA_AUTH_MECHANISM is told of it."""
    with pytest.raises(WarehouseUnreachableError, match="IMPALA_AUTH_MECHANISM"):
        ask(IMPALA_AUTH_MECHANISM="NOSASL", IMPALA_TIMEOUT="3")


@pytest.mark.slow
def test_a_server_that_wants_kerberos_to_encrypt_is_told_from_one_that_is_away(
    ticket: str, kdc: Kdc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """That is impyla's limit; the message says what to set on the server."""
    monkeypatch.setenv("KRB5CCNAME", ticket)
    settings = {**hive_settings(kdc), "spark.hadoop.hive.server2.thrift.sasl.qop": "auth-conf"}
    with (
        ThriftServer(tmp_path / "sql", f"file://{tmp_path}", settings) as server,
        pytest.raises(WarehouseError, match=r"hive\.server2\.thrift\.sasl\.qop.*impyla can't") as refused,
    ):
        asked(tmp_path, **reach(server))
    assert not refused.value.transient
