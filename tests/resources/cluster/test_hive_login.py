from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cluster_servers.log_in import PASSWORD, USER, log_in_settings
from cluster_servers.thrift_server import ThriftServer, spark_home
from support.reached import current_user

from proxy_oa_assets.model.errors import WarehouseError

pytestmark = pytest.mark.cluster

Login = Callable[..., list[tuple[object, ...]]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThriftServer]:
    """A HiveServer2 with one user."""
    folder = tmp_path_factory.mktemp("sql")
    settings = log_in_settings(folder / "classes", spark_home() / "jars")
    with ThriftServer(folder, f"file://{folder}", settings) as server:
        yield server


@pytest.fixture
def login(server: ThriftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Login:
    """Return a function that logs in, with the given variables set, and returns the user."""

    def login(**variables: str) -> list[tuple[object, ...]]:
        reach = {"IMPALA_HOST": "127.0.0.1", "IMPALA_PORT": str(server.port), "IMPALA_USER": USER}
        reach["PROXY_OA_ALLOW_PLAINTEXT_SECRETS"] = "true"
        # The resource reads the password from the environment.
        if "IMPALA_PASSWORD" in variables:
            monkeypatch.setenv("IMPALA_PASSWORD", variables["IMPALA_PASSWORD"])
        return current_user(tmp_path, **{**reach, **variables})

    return login


@pytest.mark.parametrize("mechanism", ["PLAIN", "LDAP"])
def test_the_right_password_logs_in(login: Login, mechanism: str):
    """Statements run as the user who logged in; a password may contain `;`, `$` and spaces."""
    assert login(IMPALA_AUTH_MECHANISM=mechanism, IMPALA_PASSWORD=PASSWORD) == [(USER,)]


@pytest.mark.parametrize("mechanism", ["PLAIN", "LDAP"])
def test_a_wrong_password_is_refused_at_once(login: Login, mechanism: str, waits: list[float]):
    """No retries, which could lock the account; the message names the settings, without the password."""
    wrong = "0penSesame-guess"
    with pytest.raises(WarehouseError, match=r"IMPALA_USER.*IMPALA_PASSWORD") as refused:
        login(IMPALA_AUTH_MECHANISM=mechanism, IMPALA_PASSWORD=wrong)
    assert waits == []
    assert not refused.value.transient
    assert wrong not in every_text(refused.value)


def test_a_wrong_user_is_refused(login: Login):
    """With another user's password."""
    with pytest.raises(WarehouseError, match="IMPALA_USER"):
        login(IMPALA_AUTH_MECHANISM="PLAIN", IMPALA_PASSWORD=PASSWORD, IMPALA_USER="another")


@pytest.mark.parametrize("mechanism", ["PLAIN", "LDAP"])
def test_a_missing_password_is_refused(login: Login, mechanism: str):
    """No default password is sent."""
    with pytest.raises(WarehouseError, match="IMPALA_PASSWORD"):
        login(IMPALA_AUTH_MECHANISM=mechanism)


def test_a_server_that_requires_a_login_is_unreachable_without(login: Login):
    """The message names IMPALA_AUTH_MECHANISM."""
    with pytest.raises(WarehouseError, match="IMPALA_AUTH_MECHANISM"):
        login(IMPALA_TIMEOUT="3")


def every_text(error: BaseException | None) -> str:
    texts = []
    while error is not None:
        texts.append(f"{error!r} {error}")
        error = error.__cause__ or error.__context__
    return " ".join(texts)
