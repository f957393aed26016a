"""A real HiveServer2 over HTTP and TLS, with a login by password, and behind a gateway with tokens."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from cluster_servers.keystores import Keystore, keystore
from cluster_servers.log_in import PASSWORD, USER, log_in_settings
from cluster_servers.running import Cluster
from cluster_servers.thrift_server import ThriftServer, spark_home
from support.cluster_home import ClusterHome
from support.gateway import PATH, Gateway, forwarding
from support.home import check_evaluations, failures
from support.reached import current_user
from support.store_clock import skip
from support.storyboard_days import DAY, NEXT, comments, texts_of

from proxy_oa_assets.model.errors import WarehouseError
from proxy_oa_assets.model.tables import PROXY_STORYBOARD, TABLES
from proxy_oa_assets.sql.query import Query

pytestmark = pytest.mark.cluster

Login = Callable[..., list[tuple[object, ...]]]
TOKEN, RENEWED = "aaa.bbb.ccc", "ddd.eee.fff"


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Keystore:
    """The key of a server named `localhost` alone."""
    return keystore(tmp_path_factory.mktemp("keys"), ["dns:localhost"])


@pytest.fixture(scope="module")
def server(
    cluster: Cluster, key: Keystore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ThriftServer]:
    """A HiveServer2 over HTTP with one user, on the cluster's HDFS."""
    folder = tmp_path_factory.mktemp("sql")
    settings = {
        **log_in_settings(folder / "classes", spark_home() / "jars"),
        "spark.hadoop.hive.server2.transport.mode": "http",
        "spark.hadoop.hive.server2.use.SSL": "true",
        "spark.hadoop.hive.server2.keystore.path": str(key.path),
        "spark.hadoop.hive.server2.keystore.password": key.password,
        # Sessions write as the server's user, and not as the one who logged in.
        "spark.hadoop.hive.server2.enable.doAs": "false",
    }
    with ThriftServer(folder, cluster.hdfs.default_fs, settings) as server:
        yield server


@pytest.fixture
def by_password(server: ThriftServer, key: Keystore, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The settings that log in by password; the resource reads the password from the environment."""
    monkeypatch.setenv("IMPALA_PASSWORD", PASSWORD)
    return {
        "IMPALA_HOST": "localhost",
        "IMPALA_PORT": str(server.port),
        "IMPALA_HTTP_PATH": "/cliservice",
        "IMPALA_USE_SSL": "true",
        "IMPALA_CA_CERT": str(key.authority),
        "IMPALA_AUTH_MECHANISM": "LDAP",
        "IMPALA_USER": USER,
        "IMPALA_PASSWORD": "set",
    }


@pytest.fixture
def login(by_password: dict[str, str], tmp_path: Path) -> Login:
    """Return a function that logs in, with the given variables set, and returns the user."""
    return lambda **variables: current_user(tmp_path, **{**by_password, **variables})


@pytest.fixture
def gateway(
    server: ThriftServer, key: Keystore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Gateway]:
    """A gateway that takes the token of the environment."""
    monkeypatch.setenv("IMPALA_JWT", TOKEN)
    engine = f"https://localhost:{server.port}/cliservice"
    with forwarding(engine, (USER, PASSWORD), key.authority, tmp_path) as gateway:
        gateway.tokens = {TOKEN}
        yield gateway


def test_a_password_logs_in_over_http(login: Login):
    """By LDAP's name as by PLAIN's; statements run as the user who logged in."""
    assert login() == login(IMPALA_AUTH_MECHANISM="PLAIN") == [(USER,)]


def test_a_wrong_password_is_refused_once(login: Login, monkeypatch: pytest.MonkeyPatch, waits: list[float]):
    """No retries, which could lock the account; the message has the server's words, without the password."""
    wrong = "0penSesame-guess"
    monkeypatch.setenv("IMPALA_PASSWORD", wrong)
    with pytest.raises(WarehouseError, match=r"wrong user or password.*IMPALA_PASSWORD") as refused:
        login()
    assert waits == []
    assert not refused.value.transient
    assert wrong not in str(refused.value)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            {"IMPALA_HTTP_PATH": "elsewhere"},
            r"localhost:\d+/elsewhere doesn't answer as a HiveServer2",
        ),
        ({"IMPALA_HTTP_PATH": ""}, "IMPALA_HTTP_PATH"),
        ({"IMPALA_AUTH_MECHANISM": "NOSASL"}, r"Authorization header.*empty.*IMPALA_AUTH_MECHANISM"),
        ({"IMPALA_CA_CERT": ""}, "set IMPALA_CA_CERT to the file"),
        ({"IMPALA_HOST": "127.0.0.1"}, r"for another name .*IMPALA_HOST"),
        (
            {
                "IMPALA_USE_SSL": "false",
                "IMPALA_CA_CERT": "",
                "PROXY_OA_ALLOW_PLAINTEXT_SECRETS": "true",
            },
            "IMPALA_USE_SSL",
        ),
    ],
)
def test_a_setting_that_does_not_fit_is_named(
    login: Login, variables: dict[str, str], message: str, waits: list[float]
):
    """Path, protocol, login, certificate, name and TLS, each by the variable to change."""
    with pytest.raises(WarehouseError, match=message):
        login(**variables)
    assert len(waits) <= 3


def test_a_day_runs_through_a_gateway(gateway: Gateway, cluster: Cluster, tmp_path: Path):
    """By token and TLS, from init-db to the checks; the gateway's cookie comes back with every request."""
    home = ClusterHome(tmp_path / "home", {**cluster.variables, **gateway.variables(TOKEN)})
    day = home.write_sample(views=15)

    result = home.materialize(day)

    assert failures(result) == {}
    assert check_evaluations(result)["every_connection_has_edges"].passed
    first, *others = gateway.cookies
    assert first == ""
    assert {*others} == {"", "KNOXSESSIONID=of-the-tests"}
    home.close()


def test_a_token_that_expires_in_a_replacement_leaves_the_day(
    gateway: Gateway, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The gateway refuses from the day's INSERT on: the old day stays, and the next token is taken up."""
    again = Query("SELECT p_threat, title, concat(text, ', again') AS text FROM proxy_storyboard")
    home = ClusterHome(tmp_path / "home", {**cluster.variables, **gateway.variables(TOKEN)})
    warehouse = home.deployment.impala
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("old"))

    def expire(body: bytes) -> None:
        if b"INSERT OVERWRITE TABLE proxy_storyboard_run_" in body:
            gateway.tokens.clear()

    gateway.before = expire
    message = (
        rf"https://localhost:{gateway.port}/{PATH} refused the login "
        r"\(HTTP 401 Unauthorized: Bearer token has expired.*\).*set IMPALA_JWT"
    )
    with pytest.raises(WarehouseError, match=message) as refused:
        warehouse.replace_day(PROXY_STORYBOARD, DAY, again)
    assert not refused.value.transient
    assert TOKEN not in str(refused.value)

    gateway.before, gateway.tokens = (lambda _: None), {RENEWED}
    monkeypatch.setenv("IMPALA_JWT", RENEWED)
    with closing(home.warehouse()) as renewed:
        assert texts_of(renewed) == ["old"]
        renewed.replace_day(PROXY_STORYBOARD, DAY, again)
        assert texts_of(renewed) == ["old, again"]
        # The staging table that couldn't be dropped goes with its version.
        skip(monkeypatch, 25 * 3600)
        renewed.replace_day_with_frame(PROXY_STORYBOARD, NEXT, comments("another day"))
        with renewed.tables().connection.query("SHOW TABLES") as result:
            assert sorted(row[1] for row in result.rows) == sorted(TABLES)


def test_an_unknown_token_is_refused_at_once(gateway: Gateway, tmp_path: Path, waits: list[float]):
    """The message names the setting."""
    gateway.tokens = {RENEWED}
    with pytest.raises(WarehouseError, match="set IMPALA_JWT to a token"):
        current_user(tmp_path, **gateway.variables(TOKEN))
    assert waits == []
