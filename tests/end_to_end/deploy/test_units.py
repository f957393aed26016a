import json
import socket
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path

import dagster as dg
import pytest
from support.deployed import HOME, SYSTEMD, VENV, Site, answers, awaited, free_port, unit
from support.programs import program

UNITS = ("proxy-oa-daemon", "proxy-oa-webserver")
SANDBOX = (
    *("NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectHome", "ProtectKernelModules"),
    *("ProtectKernelTunables", "ProtectControlGroups", "RestrictSUIDSGID", "RestrictNamespaces"),
)
# The lines in which the units differ.
OWN_LINES = {"ExecStart", "KillMode", "TimeoutStopSec"}

RELOAD = "mutation { reloadWorkspace { __typename } }"
pytestmark = pytest.mark.server


def graphql(port: int, query: str) -> str:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    body = json.dumps({"query": query})
    connection.request("POST", "/graphql", body, {"Content-Type": "application/json"})
    return connection.getresponse().read().decode()


def test_systemd_finds_no_fault_in_the_units(tmp_path: Path) -> None:
    """`systemd-analyze verify` prints nothing if the virtual environment exists."""
    for name in UNITS:
        text = (SYSTEMD / f"{name}.service").read_text(encoding="utf-8")
        (tmp_path / f"{name}.service").write_text(text.replace(VENV, sys.prefix), encoding="utf-8")

    done = subprocess.run(
        [
            program("systemd-analyze", "systemd"),
            "verify",
            "--man=no",
            *(tmp_path / f"{name}.service" for name in UNITS),
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_both_units_are_confined_in_the_same_way() -> None:
    """They share one private /tmp, which both must have enabled; only the home is writable."""
    daemon, webserver = (unit(name) for name in UNITS)

    assert {name: daemon["Service"][name] for name in SANDBOX} == dict.fromkeys(SANDBOX, "yes")
    assert (daemon["Service"]["ProtectSystem"], daemon["Service"]["ReadWritePaths"]) == ("strict", HOME)
    assert daemon["Service"]["UMask"] == "0077"
    for section in ("Service", "Install"):
        ours = {name: value for name, value in daemon[section].items() if name not in OWN_LINES}
        theirs = {name: value for name, value in webserver[section].items() if name not in OWN_LINES}
        assert ours == theirs
    assert daemon["Unit"]["JoinsNamespaceOf"] == "proxy-oa-webserver.service"
    assert webserver["Unit"]["JoinsNamespaceOf"] == "proxy-oa-daemon.service"


def test_the_web_server_answers_on_loopback_alone(webserver: int, site: Site) -> None:
    """Its unit's command serves the settings' code location; no file in the home is for other users."""
    loaded = graphql(
        webserver, "{ workspaceOrError { ... on Workspace { locationEntries { name loadStatus } } } }"
    )
    assert json.loads(loaded)["data"]["workspaceOrError"]["locationEntries"] == [
        {"name": "proxy_oa_assets.definitions", "loadStatus": "LOADED"}
    ]
    with socket.socket() as other, pytest.raises(ConnectionRefusedError):
        other.connect(("127.0.0.2", webserver))
    assert [path for path in site.home.rglob("*") if path.stat().st_mode & 0o077] == []


def test_the_daemon_s_heartbeats_are_in_history(site: Site) -> None:
    """Its unit's command runs what the document promises: queue, sensors, schedules, backfills, monitors."""
    needed = {"QUEUED_RUN_COORDINATOR", "SENSOR", "SCHEDULER", "BACKFILL", "MONITORING"}
    with (
        dg.DagsterInstance.from_config(str(site.home / "dagster")) as instance,
        site.started("proxy-oa-daemon") as process,
    ):
        awaited(process, "heartbeats", lambda: needed <= instance.get_daemon_heartbeats().keys())
        heartbeats = instance.get_daemon_heartbeats()

    assert {name: heartbeats[name].errors for name in needed} == {name: [] for name in needed}


def test_a_read_only_web_server_refuses_mutations(site: Site) -> None:
    """`--read-only` answers queries, and a mutation with an UnauthorizedError."""
    port = free_port()
    with site.started("proxy-oa-webserver", "--read-only", port=port) as process:
        awaited(process, "/server_info", lambda: answers(port))

        assert '"version": "' in graphql(port, "{ version }").replace('":"', '": "')
        assert "UnauthorizedError" in graphql(port, RELOAD)
