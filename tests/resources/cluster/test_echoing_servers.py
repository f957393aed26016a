"""What a cluster's server sends back of a secret is in no error of ours, no cause of one, and no log line."""

import logging
import traceback
from collections.abc import Callable, Iterator

import pytest
from support import echoing
from support.raw_server import handling

from proxy_oa_assets.model.errors import ProxyOaError, StorageError, WarehouseError
from proxy_oa_assets.resources.cluster.impala_warehouse import ImpalaWarehouse
from proxy_oa_assets.resources.cluster.webhdfs import WebHdfs


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our secrets, in the environment."""
    for name, secret in echoing.SECRETS.items():
        monkeypatch.setenv(name, secret)


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """Every line that is logged, with every level on."""
    lines: list[str] = []

    class Recorder(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    root, recorder = logging.getLogger(), Recorder(0)
    before = root.level
    root.setLevel(1)
    root.addHandler(recorder)
    yield lines
    root.removeHandler(recorder)
    root.setLevel(before)


def _read(hdfs: WebHdfs) -> object:
    with hdfs.open("/file") as stream:
        return stream.read()


OPERATIONS: dict[str, Callable[[WebHdfs], object]] = {
    "status": lambda hdfs: hdfs.status("/file"),
    "list": lambda hdfs: hdfs.list_folder("/folder"),
    "write": lambda hdfs: hdfs.write("/file", [b"a"]),
    "open": _read,
    "delete": lambda hdfs: hdfs.delete("/file"),
}


def _error_of(operation: Callable[[], object]) -> ProxyOaError:
    with pytest.raises(ProxyOaError) as caught:
        operation()
    error = caught.value
    assert echoing.revealed("".join(traceback.format_exception(error))) == []
    assert echoing.revealed(f"{error!r} {error.__cause__!r}") == []
    return error


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("answer", echoing.HTTP)
def test_no_error_quotes_the_token(answer: str, logged: list[str]) -> None:
    """All answers of a NameNode, or of a gateway before it, to the request are errors of storage."""
    handler = echoing.answering(echoing.HTTP[answer])
    with handling(handler) as (url, requests):
        hdfs = WebHdfs(url=url, auth="token", token_env="HDFS_TOKEN", attempts=1, timeout=2)
        for operation in OPERATIONS.values():
            assert isinstance(_error_of(lambda operation=operation: operation(hdfs)), StorageError)
    assert requests
    assert echoing.revealed("\n".join(logged)) == []


@pytest.mark.usefixtures("waits")
def test_a_status_line_that_is_the_request_is_not_quoted_either() -> None:
    """Python's `http.client` quotes the line."""
    with handling(echoing.as_status_line) as (url, _):
        error = _error_of(
            lambda: WebHdfs(url=url, auth="token", token_env="HDFS_TOKEN", attempts=1).status("/file")
        )
    assert "BadStatusLine" in str(error)


def test_the_rest_of_a_server_s_words_is_passed_on() -> None:
    """They say what is wrong."""
    with handling(echoing.answering(echoing.HTTP["the target"])) as (url, _):
        error = _error_of(
            lambda: WebHdfs(url=url, auth="token", token_env="HDFS_TOKEN", attempts=1).status("/file")
        )
    assert "upstream /webhdfs/v1/file?delegation=***&op=GETFILESTATUS failed" in str(error)


def test_a_datanode_finds_the_token_that_a_namenode_gave_in_no_error() -> None:
    """It isn't one of ours: it is known from the redirect alone, and quoted without its name."""

    def answer(_: str, target: str) -> tuple[str, str, str]:
        if "op=GETFILESTATUS" in target:
            return "200 OK", "", '{"FileStatus": {"length": 9, "modificationTime": 1, "type": "FILE"}}'
        if "delegation=" not in target:
            return "307 Away", f"Location: {target}&delegation=a-datanode-s-token\r\n", ""
        return "403 No", "", f"expired: {echoing.token_of(target)}"

    with handling(echoing.answering(answer)) as (url, _), pytest.raises(StorageError) as caught:
        _read(WebHdfs(url=url, attempts=1))
    text = "".join(traceback.format_exception(caught.value))
    assert "expired: ***" in text
    assert "a-datanode-s-token" not in text


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("answer", echoing.SASL)
def test_no_error_quotes_the_password(answer: str, logged: list[str]) -> None:
    """A HiveServer2 that sends the login back, at any step of it; all are errors of the warehouse."""
    with handling(echoing.SASL[answer]) as (url, connections):
        warehouse = ImpalaWarehouse(
            hdfs=WebHdfs(url="http://127.0.0.1:9"),
            host="127.0.0.1",
            port=int(url.rpartition(":")[2]),
            auth_mechanism="PLAIN",
            password_env="IMPALA_PASSWORD",
            timeout=2,
        )
        error = _error_of(lambda: warehouse.tables().connection.run("SELECT 1"))
    assert isinstance(error, WarehouseError)
    assert connections
    assert echoing.revealed("\n".join(logged)) == []


@pytest.mark.parametrize(
    "lengths", ["Content-Length: 9\r\nContent-Length: 8\r\n", "Content-Length: 9, 8\r\n"]
)
def test_two_lengths_of_an_answer_are_named(lengths: str) -> None:
    """Not a traceback of `requests`: the message has the server, both lengths, and what to look at."""
    handler = echoing.answering(lambda *_: ("200 OK", lengths, "{}"))
    with handling(handler) as (url, _), pytest.raises(StorageError) as caught:
        WebHdfs(url=url, attempts=1).status("/file")
    assert url.removeprefix("http://") in str(caught.value)
    assert "(9, 8)" in str(caught.value)
    assert "HDFS_URL" in str(caught.value)
