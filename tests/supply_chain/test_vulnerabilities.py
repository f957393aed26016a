import json
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from supply_chain.vulnerabilities import main, unaccepted

# The fields that pip-audit reads of OSV's answer for Jinja2 2.11.2.
ADVISORY = {
    "id": "PYSEC-2021-66",
    "aliases": ["CVE-2020-28493", "GHSA-g3rq-g295-4j3m"],
    "summary": "ReDoS in urlize",
    "affected": [
        {
            "package": {"name": "jinja2", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.11.3"}]}],
        }
    ],
}


class _Advisories(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = (asked["package"]["name"].lower(), asked["version"]) == ("jinja2", "2.11.2")
        body = json.dumps({"vulns": [ADVISORY]} if known else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def osv_url() -> Iterator[str]:
    """Serve the one advisory as OSV does."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Advisories) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()
        thread.join()


def audit(folder: Path, pins: str, url: str, *options: str) -> int:
    (folder / "pins.txt").write_text(pins)
    (folder / "policy.toml").write_text("")
    files = ["--pins", str(folder / "pins.txt"), "--policy", str(folder / "policy.toml")]
    return main([*files, "--osv-url", url, *options])


def test_a_vulnerable_pin_fails_the_audit(
    tmp_path: Path, osv_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line names package, version, advisory and the version that fixes it; no other pin has one."""
    assert audit(tmp_path, "Jinja2==2.11.2\nclick==8.5.1\n", osv_url) == 1
    said = capsys.readouterr()
    assert said.err == "jinja2 2.11.2: PYSEC-2021-66, fixed in 2.11.3\n"
    assert said.out == "advisories of 2 packages: 1 to settle, 0 accepted\n"


def test_unreachable_advisories_are_no_clean_audit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The audit fails, and says that it audited nothing."""
    assert audit(tmp_path, "click==8.5.1\n", "http://127.0.0.1:9/v1/query") == 3
    assert capsys.readouterr().err.startswith("NOT AUDITED: ")


def test_a_caller_can_permit_an_audit_without_advisories(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a CI server without a route: it gets the line that says so."""
    assert audit(tmp_path, "click==8.5.1\n", "http://127.0.0.1:9/v1/query", "--unreachable", "warn") == 0
    assert "NOT AUDITED: " in capsys.readouterr().err


def test_pins_that_cannot_be_read_are_not_excused_as_unreachable_advisories(
    tmp_path: Path, osv_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No defect of the pins or of pip-audit passes in CI for want of a route."""
    assert audit(tmp_path, "click==8.5.1 or later\n", osv_url, "--unreachable", "warn") == 3
    assert "NOT AUDITED: " in capsys.readouterr().err


def found(*advisories: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"name": "jinja2", "version": "2.11.2", "vulns": [*advisories]}]


def test_an_accepted_advisory_passes_until_its_day() -> None:
    """By any of its names; a day later it fails, and so does its acceptance."""
    advisory = {"id": "PYSEC-2021-66", "aliases": ["CVE-2020-28493"], "fix_versions": ["2.11.3"]}
    accepted = [
        {"id": "CVE-2020-28493", "package": "jinja2", "reason": "unused", "until": date(2026, 12, 31)}
    ]

    assert not [*unaccepted(found(advisory), accepted, date(2026, 12, 31))]
    assert [*unaccepted(found(advisory), accepted, date(2027, 1, 1))] == [
        "CVE-2020-28493 of jinja2 was accepted until 2026-12-31: look at it again"
    ]
    assert [*unaccepted(found(advisory), [], date(2026, 12, 31))]
