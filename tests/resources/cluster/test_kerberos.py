import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from cluster_servers.hdfs_servers import USER, HdfsServers
from cluster_servers.kdc import Kdc
from cluster_servers.kerberized import java_options, kerberos_settings
from cluster_servers.keystores import Keystore
from support.reached import assert_a_file_comes_back, reached
from support.receiver import receiving

from proxy_oa_assets.model.errors import StorageError
from proxy_oa_assets.resources.cluster.webhdfs import WebHdfs

pytestmark = pytest.mark.cluster

TOKEN_SECONDS = 20
Reach = Callable[..., WebHdfs]
LogIn = Callable[[str], None]


@pytest.fixture(scope="module")
def tickets(kdc: Kdc) -> dict[str, str]:
    """The tickets of two users, as KRB5CCNAME names them."""
    return {user: kdc.ticket(user) for user in (USER, "guest")}


@pytest.fixture(scope="module")
def servers(
    kdc: Kdc, hdfs_key: Keystore, tickets: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HdfsServers]:
    """An HDFS that requires tickets, over TLS as Hadoop then demands."""
    kerberos = pytest.importorskip("requests_kerberos", reason="the extra kerberos isn't installed")
    servers = HdfsServers(
        tmp_path_factory.mktemp("hdfs"),
        settings={
            **kerberos_settings(kdc),
            "dfs.namenode.delegation.token.renew-interval": str(TOKEN_SECONDS * 1000),
        },
        environ=kdc.environ,
        key=hdfs_key,
        options=java_options(kdc.krb5_conf),
        auth=kerberos.HTTPKerberosAuth(),
    )
    with pytest.MonkeyPatch.context() as patch:
        # Starting requests the NameNode's state; each test has its own ticket, or none.
        patch.setenv("KRB5CCNAME", tickets[USER])
        with servers:
            yield servers


@pytest.fixture
def log_in(tickets: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> LogIn:
    """Return a function that gives a user's ticket to this process."""
    return lambda user: monkeypatch.setenv("KRB5CCNAME", tickets[user])


@pytest.fixture(autouse=True)
def _no_ticket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRB5CCNAME", "FILE:/nowhere")


@pytest.fixture
def reach(servers: HdfsServers, hdfs_key: Keystore, tmp_path: Path) -> Reach:
    """Return a function that returns the file store, on a new session, with the given variables set."""
    every = {"HDFS_URL": servers.url, "HDFS_AUTH": "kerberos", "HDFS_CA_CERT": str(hdfs_key.authority)}
    return lambda **variables: reached(tmp_path, **{**every, **variables}).hdfs


def test_a_ticket_permits_writing_and_reading(reach: Reach, log_in: LogIn):
    """A file goes through a DataNode and back, and belongs to the ticket's user."""
    log_in(USER)
    hdfs = reach()
    assert_a_file_comes_back(hdfs, "/kerberos")
    assert hdfs._connected().status("/kerberos/file")["owner"] == USER


def test_a_session_may_start_with_any_request(reach: Reach, log_in: LogIn):
    """A refusal authenticates the server, too, also as the first response of a session."""
    log_in(USER)
    assert reach().status("/nowhere/at/all") is None
    assert reach().list_folder("/nowhere/at/all") == []
    with pytest.raises(StorageError, match="/nowhere"), reach().open("/nowhere") as stream:
        stream.read()


def test_a_missing_permission_is_reported_in_full(reach: Reach, log_in: LogIn):
    """The message has the server's own text."""
    log_in("guest")
    with pytest.raises(StorageError, match=r"Permission denied.*guest"):
        reach().write("/not-for-guests/file", [b""])


def test_without_a_ticket_kinit_is_named(reach: Reach, waits: list[float]):
    """No retries; the message has Kerberos' own reason."""
    with pytest.raises(StorageError, match=r"HTTP@localhost \(.*credential.*\); run kinit") as refused:
        reach().status("/")
    assert waits == []
    assert not refused.value.transient


def test_a_login_by_name_alone_is_refused(reach: Reach):
    """The message names HDFS_AUTH and its other values."""
    with pytest.raises(StorageError, match=r"HDFS_AUTH.*kerberos"):
        reach(HDFS_AUTH="insecure").status("/")


def test_a_server_without_authentication_is_refused(reach: Reach, log_in: LogIn):
    """A response without Kerberos is refused, with any status."""
    log_in(USER)
    with receiving() as impostor, pytest.raises(StorageError, match="HDFS_AUTH=kerberos") as refused:
        reach(HDFS_URL=impostor.url)._request("/", lambda client: client._session.post(impostor.url, json={}))
    assert not refused.value.transient
    with receiving() as refusing, pytest.raises(StorageError, match="HDFS_AUTH"):
        reach(HDFS_URL=refusing.url).make_folder("/refused/with/501")


def test_threads_of_a_session_log_in_one_by_one(reach: Reach, log_in: LogIn):
    """The first requests of a session may be concurrent."""
    log_in(USER)
    for _ in range(5):
        hdfs = reach()
        with ThreadPoolExecutor(8) as pool:
            assert all(status.is_folder for status in pool.map(hdfs.status, ["/"] * 16))


def test_a_delegation_token_needs_no_ticket(
    reach: Reach, log_in: LogIn, servers: HdfsServers, monkeypatch: pytest.MonkeyPatch
):
    """A client with the token writes and reads as its user."""
    log_in(USER)
    monkeypatch.setenv("HDFS_TOKEN", new_token(reach()._connected()._session, servers))
    monkeypatch.setenv("KRB5CCNAME", "FILE:/nowhere/else")
    hdfs = reach(HDFS_AUTH="token", HDFS_TOKEN="set")
    assert_a_file_comes_back(hdfs, "/token")
    assert hdfs._connected().status("/token/file")["owner"] == USER


@pytest.mark.parametrize("kind", ["none", "cancelled"])
def test_an_invalid_token_is_refused(
    reach: Reach, log_in: LogIn, servers: HdfsServers, monkeypatch: pytest.MonkeyPatch, kind: str
):
    """The message names the setting, without the token."""
    token = "bm90LWEtdG9rZW4"
    if kind == "cancelled":
        log_in(USER)
        session = reach()._connected()._session
        token = new_token(session, servers)
        cancel = {"op": "CANCELDELEGATIONTOKEN", "token": token}
        session.put(f"{servers.url}/webhdfs/v1/", params=cancel, timeout=20).raise_for_status()
    monkeypatch.setenv("HDFS_TOKEN", token)
    with pytest.raises(StorageError, match="set HDFS_TOKEN") as refused:
        reach(HDFS_AUTH="token", HDFS_TOKEN="set").status("/")
    assert token not in str(refused.value)


def test_a_token_that_expires_in_a_run_leaves_the_file(
    reach: Reach, log_in: LogIn, servers: HdfsServers, monkeypatch: pytest.MonkeyPatch
):
    """It expires during an upload: the old content stays, and the message has the reason and the setting."""
    log_in(USER)
    issued = time.monotonic()
    token = new_token(reach()._connected()._session, servers)
    monkeypatch.setenv("HDFS_TOKEN", token)
    hdfs = reach(HDFS_AUTH="token", HDFS_TOKEN="set")
    hdfs.write("/expiring/file", [b"old"])

    def slow() -> Iterator[bytes]:
        yield b"new"
        time.sleep(issued + TOKEN_SECONDS + 1 - time.monotonic())
        yield b"newer"

    with pytest.raises(StorageError, match=r"/expiring/file: .*expired.*set HDFS_TOKEN") as refused:
        hdfs.write("/expiring/file", slow())

    assert not refused.value.transient
    assert token not in str(refused.value)
    with reach().open("/expiring/file") as stream:
        assert stream.read() == b"old"


def test_a_ticket_that_has_expired_asks_for_kinit(reach: Reach, kdc: Kdc, monkeypatch: pytest.MonkeyPatch):
    """A session that has begun goes on; the next one is refused with Kerberos' reason."""
    monkeypatch.setenv("KRB5CCNAME", kdc.ticket("brief", "4s"))
    hdfs = reach()
    assert hdfs.status("/").is_folder
    time.sleep(5)
    assert hdfs.status("/").is_folder
    with pytest.raises(StorageError, match=r"HTTP@localhost \(.*expired.*\); run kinit") as refused:
        reach().status("/")
    assert not refused.value.transient


def new_token(session: requests.Session, servers: HdfsServers) -> str:
    query = {"op": "GETDELEGATIONTOKEN", "renewer": USER}
    response = session.get(f"{servers.url}/webhdfs/v1/", params=query, timeout=20)
    return response.json()["Token"]["urlString"]
