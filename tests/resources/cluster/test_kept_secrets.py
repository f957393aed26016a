"""Errors and reprs of the cluster's resources contain no secrets."""

import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from support.raw_server import handling, request_of

from proxy_oa_assets.model.errors import StorageError, StorageUnreachableError
from proxy_oa_assets.resources.cluster.impala_warehouse import ImpalaWarehouse
from proxy_oa_assets.resources.cluster.webhdfs import WebHdfs

TOKEN, PASSWORD = "t0ken-of-the-tests", "passw0rd-of-the-tests"


def _texts(error: BaseException) -> str:
    """Return an error with its causes, as Dagster stores it."""
    return "".join(traceback.format_exception(error))


def test_a_token_is_in_no_reason_behind_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is in the URL of each request, and `requests` repeats the URL in its error."""
    monkeypatch.setenv("HDFS_TOKEN", TOKEN)
    hdfs = WebHdfs(url="http://127.0.0.1:9", auth="token", token_env="HDFS_TOKEN", attempts=1)
    with pytest.raises(StorageUnreachableError, match=r"127\.0\.0\.1:9 doesn't answer") as caught:
        hdfs.status("/user/spot")
    assert TOKEN not in _texts(caught.value)


@pytest.mark.parametrize("modified", [[1], [1, 2]], ids=["the same file", "another file"])
def test_a_token_that_a_namenode_gave_for_a_datanode_is_in_none_either(modified: list[int]) -> None:
    """It is in the URL of the redirect, whichever way the client logs in."""
    with _sending_to_a_datanode(modified) as url, pytest.raises(StorageError) as caught:
        _read(WebHdfs(url=url, attempts=1), "/file")
    assert TOKEN not in _texts(caught.value)


def test_an_error_without_a_token_keeps_its_reason() -> None:
    """The cause has the message of `requests`."""
    with pytest.raises(StorageUnreachableError) as caught:
        WebHdfs(url="http://127.0.0.1:9", attempts=1).status("/user/spot")
    assert "Max retries exceeded" in _texts(caught.value)


def test_the_text_of_a_resource_has_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """The repr of a resource, or of its connection, may be logged."""
    monkeypatch.setenv("HDFS_TOKEN", TOKEN)
    monkeypatch.setenv("IMPALA_PASSWORD", PASSWORD)
    hdfs = WebHdfs(url="http://127.0.0.1:9", auth="token", token_env="HDFS_TOKEN", attempts=1)
    warehouse = ImpalaWarehouse(
        hdfs=hdfs, host="localhost", auth_mechanism="LDAP", password_env="IMPALA_PASSWORD"
    )
    with pytest.raises(StorageUnreachableError):
        hdfs.status("/")
    text = f"{warehouse!r} {warehouse.tables().connection.server!r}"
    assert "127.0.0.1:9" in text
    assert TOKEN not in text
    assert PASSWORD not in text


def test_secrets_are_read_from_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its `.env` is enough; the process' environment isn't changed."""
    for name in ("HDFS_TOKEN", "IMPALA_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".env").write_text(f"HDFS_TOKEN={TOKEN}\nIMPALA_PASSWORD={PASSWORD}\n", encoding="utf-8")
    requested: list[bytes] = []
    with handling(lambda connection: requested.append(request_of(connection))) as (url, _):
        hdfs = WebHdfs(url=url, auth="token", token_env="HDFS_TOKEN", home=str(tmp_path), attempts=1)
        with pytest.raises(StorageUnreachableError):
            hdfs.status("/")
    warehouse = ImpalaWarehouse(
        hdfs=hdfs, host="localhost", password_env="IMPALA_PASSWORD", home=str(tmp_path)
    )

    assert f"delegation={TOKEN}".encode() in requested[0]
    assert warehouse.tables().connection.server.password == PASSWORD
    assert not {"HDFS_TOKEN", "IMPALA_PASSWORD"} & os.environ.keys()


def _read(hdfs: WebHdfs, path: str) -> bytes:
    with hdfs.open(path) as stream:
        return stream.read()


@contextmanager
def _sending_to_a_datanode(modified: list[int]) -> Iterator[str]:
    """Serve as a NameNode whose DataNode is down; `modified` are the file's successive times."""
    times = list(modified)

    def respond(connection) -> None:
        query = parse_qs(urlsplit(request_of(connection).split()[1].decode()).query)
        if query["op"] == ["OPEN"]:
            head, body = f"307 Away\r\nLocation: http://127.0.0.1:9/file?op=OPEN&delegation={TOKEN}", ""
        else:
            changed = times.pop(0) if len(times) > 1 else times[0]
            status = f'{{"length": 9, "modificationTime": {changed}, "type": "FILE"}}'
            head, body = "200 OK", f'{{"FileStatus": {status}}}'
        connection.sendall(
            f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()
        )

    with handling(respond) as (url, _):
        yield url
