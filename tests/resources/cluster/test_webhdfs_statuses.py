"""Statuses that a gateway before HDFS, or a server that starts, answers in no words of WebHDFS."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from support.http_servers import Quiet, serving_http

from proxy_oa_assets.model.errors import StorageError, StorageUnreachableError
from proxy_oa_assets.resources.cluster.webhdfs import WebHdfs

PAGE = b"<html><title>Service Unavailable</title></html>"
STATUS = b'{"FileStatus": {"type": "FILE", "length": 3, "modificationTime": 0, "pathSuffix": ""}}'


@contextmanager
def answering(*answers: tuple[int, bytes]) -> Iterator[tuple[str, list[str]]]:
    """Answer requests in turn, the last answer again and again; yield the address, and what was asked."""
    asked: list[str] = []

    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_GET(self):
            status, body = answers[min(len(asked), len(answers) - 1)]
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Type", "application/json" if body.startswith(b"{") else "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with serving_http(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as url:
        yield url, asked


@pytest.mark.parametrize("body", [b"", PAGE])
@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_status_that_passes_is_tried_again(status: int, body: bytes, waits: list[float]) -> None:
    """As often as a server that doesn't answer; the run retries the step later."""
    with (
        answering((status, body)) as (url, asked),
        pytest.raises(StorageUnreachableError, match=rf"can't serve now \(HTTP {status} ") as refused,
    ):
        WebHdfs(url=url, attempts=3).status("/file")
    assert url.removeprefix("http://") in str(refused.value)
    assert "HDFS_AUTH" not in str(refused.value)
    assert len(asked) == 3
    assert len(waits) == 2


def test_a_gateway_s_own_words_are_passed_on(waits: list[float]) -> None:
    """To their first line."""
    with (
        answering((502, b"no route to namenode\nat org.example")) as (url, _),
        pytest.raises(StorageUnreachableError, match=r"\(HTTP 502 Bad Gateway: no route to namenode\)"),
    ):
        WebHdfs(url=url, attempts=1).status("/file")
    assert waits == []


def test_a_gateway_that_is_well_again_costs_nothing(waits: list[float]) -> None:
    """The request that is tried again has its answer."""
    with answering((503, b""), (200, STATUS)) as (url, asked):
        found = WebHdfs(url=url, attempts=2).status("/file")
    assert found is not None
    assert found.length == 3
    assert (len(asked), len(waits)) == (2, 1)


def test_another_namenode_is_asked(waits: list[float]) -> None:
    """Without a pause."""
    with answering((503, b"")) as (first, asked), answering((200, STATUS)) as (second, others):
        found = WebHdfs(url=f"{first};{second}", attempts=1).status("/file")
    assert found is not None
    assert (len(asked), len(others), waits) == (1, 1, [])


def test_a_refusal_without_a_reason_names_its_server(waits: list[float]) -> None:
    """It isn't tried again."""
    with answering((403, b"")) as (url, asked), pytest.raises(StorageError, match="HDFS_AUTH") as refused:
        WebHdfs(url=url, attempts=3).status("/file")
    assert f"{url} refused without a reason" in str(refused.value)
    assert (len(asked), waits) == (1, [])
