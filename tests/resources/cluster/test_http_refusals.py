"""Responses of gateways, and of other web servers, to an engine's client over HTTP."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support.http_servers import Quiet, serving_http
from support.raw_server import handling
from support.reached import current_user

from proxy_oa_assets.model.errors import WarehouseError, WarehouseUnreachableError

PAGE = b"<!DOCTYPE html><html><title>Sign in</title></html>"
Ask = Callable[..., list[tuple[object, ...]]]


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Return a function that asks the engine at a URL for the user, by password."""
    monkeypatch.setenv("IMPALA_PASSWORD", "open sesame")

    def ask(url: str, **variables: str) -> list[tuple[object, ...]]:
        reach = {
            "IMPALA_HOST": "127.0.0.1",
            "IMPALA_PORT": str(urlsplit(url).port),
            "IMPALA_HTTP_PATH": "gateway/hive",
            "IMPALA_AUTH_MECHANISM": "LDAP",
            "IMPALA_PASSWORD": "set",
            "PROXY_OA_ALLOW_PLAINTEXT_SECRETS": "true",
        }
        return current_user(tmp_path, **{**reach, **variables})

    return ask


@contextmanager
def answering(status: int, body: bytes = PAGE) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Answer every POST; yield the address, and the paths and headers of what was sent."""
    sent: list[dict[str, str]] = []

    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            sent.append({"path": self.path, **self.headers})
            self.send_response(status)
            self.send_header("Location", "https://sso.example/login")
            self.send_header("Retry-After", "3600")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with serving_http(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as url:
        yield url, sent


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (302, r"redirects to another address \(HTTP 302 Found\).*IMPALA_HTTP_PATH"),
        (400, r"doesn't answer as a HiveServer2 \(HTTP 400 Bad Request\); set IMPALA_HTTP_PATH"),
        (401, r"refused the login \(HTTP 401 Unauthorized\): SELECT.*IMPALA_USER and IMPALA_PASSWORD"),
        (403, r"forbids this user's access \(HTTP 403 Forbidden\)"),
        (404, r"doesn't answer as a HiveServer2 \(HTTP 404 Not Found\); set IMPALA_HTTP_PATH"),
        (413, r"refused \(HTTP 413 Request Entity Too Large\): SELECT"),
        (200, r"doesn't answer as a HiveServer2 \(.*\).*IMPALA_HTTP_PATH"),
    ],
)
def test_a_status_that_lasts_is_refused_at_once(ask: Ask, status: int, message: str, waits: list[float]):
    """One request; the message names the address with its path, and what to set."""
    with answering(status) as (url, sent), pytest.raises(WarehouseError, match=message) as refused:
        ask(url)
    assert f"{url}/gateway/hive " in str(refused.value)
    assert not refused.value.transient
    assert len(sent) == 1
    assert waits == []


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_status_that_passes_is_tried_again(ask: Ask, status: int, waits: list[float]):
    """Four attempts with our pauses, if the gateway asks for others, too; the run retries the step later."""
    message = rf"can't serve now \(HTTP {status} .*\): SELECT.*is the engine behind it up"
    with answering(status) as (url, sent), pytest.raises(WarehouseUnreachableError, match=message):
        ask(url)
    assert len(sent) == 4
    assert max(waits) <= 5


def test_a_gateway_s_own_words_are_passed_on(ask: Ask):
    """Text is, to its first line; a page for people isn't."""
    said = b"Authentication Error: no such user\n\tat org.example.Gateway"
    with answering(401, said) as (url, _), pytest.raises(WarehouseError) as refused:
        ask(url)
    assert "(HTTP 401 Unauthorized: Authentication Error: no such user)" in str(refused.value)
    assert "org.example" not in str(refused.value)


def test_a_token_s_refusal_names_its_setting(ask: Ask, monkeypatch: pytest.MonkeyPatch):
    """The token is sent as a bearer's, and the message is without it."""
    monkeypatch.setenv("IMPALA_JWT", "aaa.bbb.ccc")
    token = {"IMPALA_AUTH_MECHANISM": "JWT", "IMPALA_JWT": "set"}
    with (
        answering(401) as (url, sent),
        pytest.warns(Warning, match="without SSL/TLS"),
        pytest.raises(WarehouseError, match="set IMPALA_JWT to a token") as refused,
    ):
        ask(url, **token)
    assert [request["Authorization"] for request in sent] == ["Bearer aaa.bbb.ccc"]
    assert "aaa.bbb.ccc" not in str(refused.value)


def test_a_proxy_of_the_environment_is_not_sent_the_login(ask: Ask, monkeypatch: pytest.MonkeyPatch):
    """The cluster is reached directly, as HDFS is."""
    with answering(404) as (proxy, seen), answering(403) as (url, sent):
        monkeypatch.setenv("http_proxy", proxy)
        with pytest.raises(WarehouseError, match="HTTP 403"):
            ask(url)
    assert len(sent) == 1
    assert seen == []


def test_a_gateway_that_hangs_is_named_with_the_setting(ask: Ask, waits: list[float]):
    """HTTP of impyla has no time-out of its own."""
    with (
        handling(lambda _: time.sleep(5)) as (url, taken),
        pytest.raises(
            WarehouseUnreachableError, match=r"gateway/hive didn't answer .* 1 s \(IMPALA_TIMEOUT\)"
        ),
    ):
        ask(url, IMPALA_TIMEOUT="1")
    assert len(taken) == len(waits) + 1


@pytest.mark.parametrize("variables", [{}, {"IMPALA_HTTP_PATH": ""}], ids=["over HTTP", "binary"])
def test_a_port_of_another_protocol_is_named(ask: Ask, variables: dict[str, str], waits: list[float]):
    """A response that is no HTTP, and HTTP where the binary protocol is expected."""
    answer = b"HTTP/1.1 400 Bad Request\r\n\r\n" if variables else b"\x80\x01\x00\x02\x00\x00\x00\x00"

    def respond(connection) -> None:
        connection.recv(1 << 16)
        connection.sendall(answer)

    with handling(respond) as (url, _), pytest.raises(WarehouseError, match="IMPALA_HTTP_PATH"):
        ask(url, **{"IMPALA_AUTH_MECHANISM": "NOSASL", **variables})
    assert len(waits) <= 3
