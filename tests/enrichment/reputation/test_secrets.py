"""Secrets go to their service and nowhere else: not into logs, events, figures, errors or files."""

import json
import logging
import socket
import struct
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import dagster as dg
import pytest
from support.home import SAMPLE_DAY, Home
from support.raw_server import handling, request_of
from support.remote_services import ENTRIES, SECRET, SECRET_ENV, entry
from support.reputation_server import Asked, Reply, answering

from proxy_oa_assets.enrichment.reputation.client import ReputationClient
from proxy_oa_assets.model.errors import ProxyOaError

# Itself, and as HTTP's basic authentication writes it.
FORMS = (SECRET, b64encode(f"analyst:{SECRET}".encode()).decode())


def _echo(asked: Asked) -> Reply:
    """Return all that was sent, as a careless server's error page does."""
    return Reply(
        {"error": {"code": dict(asked.headers), "message": asked.body.decode(), "target": asked.target}}
    )


def _as_keys(_: Asked) -> Reply:
    """Return an answer that is as documented, but for a key that is the secret and has no text."""
    return Reply({"data": {"attributes": {"last_analysis_stats": STATS, "categories": {SECRET: 1}}}})


STATS = {"malicious": 0, "suspicious": 0}
QUIET = {"telemetry": {"enabled": False}}
REPLIES = {
    "echoed": _echo,
    "echoed as keys": _as_keys,
    "refused": lambda asked: Reply(_echo(asked).content, 401),
    "broken": lambda asked: Reply(_echo(asked).content, 500),
    "redirected": lambda _: Reply(b"", 302, {"Location": f"/?key={SECRET}"}),
    "garbage": lambda asked: Reply(asked.body + str(asked.headers).encode()),
    "half": lambda asked: Reply(json.dumps(_echo(asked).content).encode()[:-9]),
    "too many": lambda asked: Reply(_echo(asked).content, 429, {"Retry-After": "1"}),
}


def _resetting(connection: socket.socket) -> None:
    request_of(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _silent(connection: socket.socket) -> None:
    request_of(connection)
    time.sleep(2)


def _dripping(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + request_of(connection))
    for _ in range(40):
        connection.sendall(b" ")
        time.sleep(0.05)


def _endless(connection: socket.socket) -> None:
    head = request_of(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
    while True:
        connection.sendall(head * 1000)


@contextmanager
def _refusing() -> Iterator[tuple[str, None]]:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{unused.getsockname()[1]}", None


Fault = Callable[[], AbstractContextManager[tuple[str, object]]]


@pytest.fixture
def faults(untrusted) -> dict[str, Fault]:
    """Return a server for each fault of a connection."""
    return {
        "refused": _refusing,
        "reset": lambda: handling(_resetting),
        "silent": lambda: handling(_silent),
        "dripping": lambda: handling(_dripping),
        "endless": lambda: handling(_endless),
        "untrusted": lambda: handling(_silent, untrusted),
    }


@pytest.fixture(params=["refused", "reset", "silent", "dripping", "endless", "untrusted"])
def fault(request: pytest.FixtureRequest, faults: dict[str, Fault]) -> Fault:
    """One of them."""
    return faults[request.param]


@pytest.fixture
def every_log_line():
    """Switch every log level on; return all that is logged, tracebacks included."""
    lines: list[str] = []

    class Recorder(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    root, handler = logging.getLogger(), Recorder(0)
    before = {
        name: logging.getLogger(name).level for name in ("", "urllib3", "requests", "urllib3.connectionpool")
    }
    for name in before:
        logging.getLogger(name).setLevel(1)
    root.addHandler(handler)
    yield lines
    root.removeHandler(handler)
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


def _without_secrets(*texts: str) -> None:
    for text in texts:
        for form in FORMS:
            assert form not in text


def _assert_lookups_reveal_no_secret(
    client: ReputationClient, kind: str, lines: list[str], folder: Path
) -> None:
    """Look up values, probe as `doctor` does, and search all results for the secret."""
    found = client.look_up(["evil.example/a", "other.example/"])
    try:
        client.probes()[kind]()
    except ProxyOaError as error:
        _without_secrets(str(error), repr(error), repr(error.__cause__), repr(error.__context__))
    _without_secrets(*lines, str(found), repr(client.__dict__))
    for file in (folder / "state").rglob("*"):
        content = file.read_bytes() if file.is_file() else b""
        assert SECRET.encode() not in content


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize("kind", ENTRIES)
def test_no_log_line_error_or_file_has_a_secret(client_of, every_log_line, tmp_path, kind, reply):
    """For any response, including one that sends the secret back."""
    with answering(REPLIES[reply]) as server:
        client = client_of(entry(kind, server.url), **{SECRET_ENV: SECRET})
        _assert_lookups_reveal_no_secret(client, kind, every_log_line, tmp_path)
    # It did go to the service.
    assert server.asked
    assert any(form in str(server.asked) for form in FORMS)


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("kind", ENTRIES)
def test_no_connection_fault_reveals_a_secret(client_of, every_log_line, tmp_path, fault, kind):
    """The errors of `requests` and urllib3 name URLs, and can quote the response."""
    with fault() as (url, _):
        client = client_of({**entry(kind, url), "timeout": 0.3, "attempts": 2}, **{SECRET_ENV: SECRET})
        _assert_lookups_reveal_no_secret(client, kind, every_log_line, tmp_path)
        (stats,) = client.look_up(["evil.example/"]).stats.values()
        assert stats.errors


def _assert_a_day_keeps_no_secret(folder: Path, services: list[dict[str, object]], lines: list[str]) -> None:
    """Make a day in a history on disk: events, metadata, checks, run config, and every file of the home."""
    (folder / "reputation.json").write_text(json.dumps({"services": services}))
    home = Home(folder / "home", PROXY_OA_REPUTATION=str(folder / "reputation.json"))
    home.write_sample(views=60)
    (folder / "history").mkdir()
    with dg.DagsterInstance.local_temp(str(folder / "history"), overrides=QUIET) as instance:
        result = home.materialize(SAMPLE_DAY, limit=20, instance=instance)
        events = [logged.to_json() for logged in instance.all_logs(result.run_id)]
    assert result.success
    _without_secrets(*lines, *events)
    for file in folder.rglob("*"):
        if file.is_file() and file.name != "reputation.json":
            assert SECRET.encode() not in file.read_bytes(), file


@pytest.mark.parametrize("reply", ["echoed", "refused"])
def test_dagster_s_records_have_no_secret(every_log_line, tmp_path, monkeypatch, reply):
    """Whether a service answers or refuses."""
    monkeypatch.setenv(SECRET_ENV, SECRET)
    with answering(REPLIES[reply]) as server:
        services = [{**entry(kind, server.url), "attempts": 1} for kind in ENTRIES]
        _assert_a_day_keeps_no_secret(tmp_path, services, every_log_line)
    assert server.asked


def test_dagster_s_records_of_a_fault_have_no_secret(every_log_line, tmp_path, monkeypatch, faults):
    """Each service has another fault of its connection."""
    monkeypatch.setenv(SECRET_ENV, SECRET)
    with ExitStack() as opened:
        urls = [opened.enter_context(fault())[0] for fault in faults.values()]
        services = [
            {**entry(kind, url), "timeout": 0.3, "attempts": 1}
            for kind, url in zip(ENTRIES, urls, strict=True)
        ]
        _assert_a_day_keeps_no_secret(tmp_path, services, every_log_line)
