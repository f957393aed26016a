from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cluster_servers.log_in import PASSWORD, USER, log_in_settings
from cluster_servers.thrift_server import ThriftServer, spark_home
from support.reached import asked

from proxy_oa_assets.model.errors import WarehouseError

pytestmark = pytest.mark.cluster

Ask = Callable[..., list[tuple[object, ...]]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThriftServer]:
    """A HiveServer2 that knows one user."""
    folder = tmp_path_factory.mktemp("sql")
    settings = log_in_settings(folder / "classes", spark_home() / "jars")
    with ThriftServer(folder, f"file://{folder}", settings) as server:
        yield server


@pytest.fixture
def ask(server: ThriftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Return what asks the server who we are, with the given variables set."""

    def ask(**variables: str) -> list[tuple[object, ...]]:
        reach = {"IMPALA_HOST": "127.0.0.1", "IMPALA_PORT": str(server.port), "IMPALA_USER": USER}
        reach["PROXY_OA_ALLOW_PLAINTEXT_SECRETS"] = "true"
        # The resource reads the password from the environment.
        if "IMPALA_PASSWORD" in variables:
            monkeypatch.setenv("IMPALA_PASSWORD", variables["IMPALA_PASSWORD"])
        return asked(tmp_path, **{**reach, **variables})

    return ask


@pytest.mark.parametrize("mechanism", ["PLAIN", "LDAP"])
def test_the_right_password_lets_in(ask: Ask, mechanism: str):
    """Statements run in the name of who logged in, and a password may hold `;`, `$` and spaces."""
    assert ask(IMPALA_AUTH_MECHANISM=mechanism, IMPALA_PASSWORD=PASSWORD) == [(USER,)]


@pytest.mark.parametrize("mechanism", ["PLAIN", "LDAP"])
def test_a_wrong_password_is_refused_at_once(ask: Ask, mechanism: str, waits: list[float]):
    """Trying again could lock the account; the message names the settings, and doesn't tell the password."""
    wrong = "0penSesame-guess"
    with pytest.raises(WarehouseError, match=r"IMPALA_USER.*IMPALA_PASSWORD") as refused:
        ask(IMPALA_AUTH_MECHANISM=mechanism, IMPALA_PASSWORD=wrong)
    assert waits == []
    assert not refused.value.transient
    assert wrong not in every_text(refused.value)


def test_a_wrong_user_is_refused(ask: Ask):
    """The password of somebody else lets nobody in."""
    with pytest.raises(WarehouseError, match="IMPALA_USER"):
        ask(IMPALA_AUTH_MECHANISM="PLAIN", IMPALA_PASSWORD=PASSWORD, IMPALA_USER="somebody")


@pytest.mark.parametrize("mechanism", ["PLAIN", "LDAP"])
def test_a_missing_password_is_refused(ask: Ask, mechanism: str):
    """Where none is set, none of our own making lets in."""
    with pytest.raises(WarehouseError, match="IMPALA_PASSWORD"):
        ask(IMPALA_AUTH_MECHANISM=mechanism)


def test_a_server_that_asks_for_a_log_in_is_not_reached_without(ask: Ask):
    """Who forgets IMPALA_AUTH_MECHANISM is told of it."""
    with pytest.raises(WarehouseError, match="IMPALA_AUTH_MECHANISM"):
        ask(IMPALA_TIMEOUT="3")


def every_text(error: BaseException | None) -> str:
    texts = []
    while error is not None:
        texts.append(f"{error!r} {error}")
        error = error.__cause__ or error.__context__
    return " ".join(texts)
