"""Secrets go to their service and nowhere else: not into logs, events, figures, errors or files."""

import json
import logging
from base64 import b64encode

import dagster as dg
import pytest
from support.home import SAMPLE_DAY, Home
from support.reputation_server import Asked, Reply, answering

SECRET = "Tr0ub4dor-and-3-secrets"
# Itself, and as HTTP's basic authentication writes it.
FORMS = (SECRET, b64encode(f"analyst:{SECRET}".encode()).decode())

ENTRIES = {
    "fb": {"app_id": "1234", "app_secret_env": "THE_SECRET"},
    "gti": {"transport": "https", "user": "analyst", "password_env": "THE_SECRET", "client": {"cliid": "x"}},
    "misp": {"key_env": "THE_SECRET"},
    "urlhaus": {"key_env": "THE_SECRET"},
    "vt": {"key_env": "THE_SECRET", "per_minute": None},
    "webrisk": {"key_env": "THE_SECRET"},
}


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
}


@pytest.fixture
def every_log_line():
    """Switch every log level on; return all that is logged, tracebacks included."""
    lines: list[str] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    root, handler = logging.getLogger(), Keeping(0)
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


def _entry(kind: str, url: str) -> dict[str, object]:
    where = "server" if kind == "gti" else "url"
    return {"service": kind, where: url, **ENTRIES[kind]}


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize("kind", ENTRIES)
def test_no_log_line_error_or_file_has_a_secret(asking_of, every_log_line, tmp_path, kind, reply):
    """Whatever a service answers, its own secret sent back included."""
    with answering(REPLIES[reply]) as server:
        panel = asking_of(_entry(kind, server.url), THE_SECRET=SECRET)
        found = panel.look_up(["evil.example/a", "other.example/"])
        try:
            panel.trials()[kind]()
        except Exception as error:  # noqa: BLE001 - whatever it is, it has no secret
            _without_secrets(str(error), repr(error), repr(error.__cause__), repr(error.__context__))
    # It did go to the service.
    assert server.asked
    assert any(form in str(server.asked) for form in FORMS)
    _without_secrets(*every_log_line, str(found), repr(panel.__dict__))
    for file in (tmp_path / "state").rglob("*"):
        content = file.read_bytes() if file.is_file() else b""
        assert SECRET.encode() not in content


@pytest.mark.parametrize("reply", ["echoed", "refused"])
def test_nothing_that_dagster_keeps_has_a_secret(every_log_line, tmp_path, monkeypatch, reply):
    """A whole day in a history on disk: events, metadata, checks, run config, and every file of the home."""
    monkeypatch.setenv("THE_SECRET", SECRET)
    with answering(REPLIES[reply]) as server:
        services = [{**_entry(kind, server.url), "attempts": 1} for kind in ENTRIES]
        (tmp_path / "reputation.json").write_text(json.dumps({"services": services}))
        home = Home(tmp_path / "home", PROXY_OA_REPUTATION=str(tmp_path / "reputation.json"))
        home.write_sample(views=60)
        (tmp_path / "history").mkdir()
        with dg.DagsterInstance.local_temp(str(tmp_path / "history"), overrides=QUIET) as instance:
            result = home.materialize(SAMPLE_DAY, limit=20, instance=instance)
            events = [entry.to_json() for entry in instance.all_logs(result.run_id)]
    assert result.success
    assert server.asked
    _without_secrets(*every_log_line, *events)
    for file in tmp_path.rglob("*"):
        if file.is_file() and file.name != "reputation.json":
            assert SECRET.encode() not in file.read_bytes(), file
