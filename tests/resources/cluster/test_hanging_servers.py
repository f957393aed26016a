"""Servers that accept a connection and never respond, or stop in the middle of a response."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from support.http_servers import Quiet, serving_http
from support.raw_server import handling
from support.reached import current_user, reached

from proxy_oa_assets.model.errors import StorageUnreachableError, WarehouseUnreachableError
from proxy_oa_assets.resources.cluster import hive_connection, webhdfs_errors

CONTENT = b"".join(b"%06d\n" % number for number in range(100_000))


@dataclass(frozen=True)
class Silent:
    """A server that never responds, and the list that grows by one with each connection."""

    port: int
    taken: list[float]


@pytest.fixture
def silent() -> Iterator[Silent]:
    over = threading.Event()
    with handling(lambda _: over.wait()) as (url, taken):
        yield Silent(urlsplit(url).port, taken)
        over.set()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limit the patience to less than a timeout."""
    for module in (hive_connection, webhdfs_errors):
        monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.5)


@pytest.mark.usefixtures("hurried")
def test_a_namenode_that_hangs_is_named_with_its_setting(silent: Silent, tmp_path: Path):
    """Two attempts; the error is transient."""
    hdfs = reached(tmp_path, HDFS_URL=f"http://127.0.0.1:{silent.port}", HDFS_TIMEOUT="1").hdfs
    began = time.monotonic()
    message = rf"hdfs:///a: 127\.0\.0\.1:{silent.port} .* 1 s \(HDFS_TIMEOUT\)"
    with pytest.raises(StorageUnreachableError, match=message) as caught:
        hdfs.status("/a")
    assert time.monotonic() - began < 10
    assert len(silent.taken) == 2
    assert caught.value.transient


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize(
    "log_in",
    [
        {},
        {"IMPALA_AUTH_MECHANISM": "PLAIN"},
        {"IMPALA_USE_SSL": "true", "IMPALA_CA_CERT": "unverified"},
    ],
    ids=["at the session", "at the log-in", "at the TLS handshake"],
)
def test_an_engine_that_hangs_is_named_with_its_setting(
    silent: Silent, tmp_path: Path, log_in: dict[str, str]
):
    """Two attempts, without retries of impyla's own; the error is transient."""
    where = {"IMPALA_HOST": "127.0.0.1", "IMPALA_PORT": str(silent.port), "IMPALA_TIMEOUT": "1"}
    began = time.monotonic()
    message = rf"127\.0\.0\.1:{silent.port} .* 1 s \(IMPALA_TIMEOUT\): SELECT"
    with pytest.raises(WarehouseUnreachableError, match=message) as caught:
        current_user(tmp_path, **where, **log_in)
    assert time.monotonic() - began < 10
    assert len(silent.taken) == 2
    assert caught.value.transient


def test_a_file_whose_server_stalls_is_read_on_where_it_stalled(tmp_path: Path):
    """The bytes before the stall aren't requested again, and none is missing or duplicated."""
    with stalling() as (url, offsets):
        hdfs = reached(tmp_path, HDFS_URL=url, HDFS_TIMEOUT="1").hdfs
        with hdfs.open("/file") as stream:
            assert stream.read() == CONTENT
    first, second = offsets
    assert first == 0
    assert second > len(CONTENT) // 3


@contextmanager
def stalling() -> Iterator[tuple[str, list[int]]]:
    """Serve a file by WebHDFS, and stall once in the middle; yield the address, and where reads begin."""
    offsets: list[int] = []
    done = threading.Event()

    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_GET(self):
            query = parse_qs(urlsplit(self.path).query)
            if query["op"] == ["GETFILESTATUS"]:
                status = {"length": len(CONTENT), "modificationTime": 1, "type": "FILE"}
                self._answer(json.dumps({"FileStatus": status}).encode())
                return
            offsets.append(int(query.get("offset", ["0"])[0]))
            rest = CONTENT[offsets[-1] :]
            self._answer(rest, rest[: len(rest) // 2] if len(offsets) == 1 else rest)
            if len(offsets) == 1:
                done.wait()

        def _answer(self, whole: bytes, sent: bytes | None = None) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(whole)))
            self.end_headers()
            self.wfile.write(whole if sent is None else sent)

    with serving_http(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as url:
        try:
            yield url, offsets
        finally:
            done.set()
