"""The units of deploy/systemd and the reverse proxy of docs/operating.md, run for real on free ports."""

import base64
import configparser
import json
import os
import re
import shlex
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

import dagster as dg
import pytest
from dotenv import dotenv_values
from test_cli import proxy_oa

from proxy_oa_assets.bundled import bundled
from proxy_oa_assets.definitions import defs

PROJECT = Path(__file__).parents[1]
SYSTEMD = PROJECT / "deploy" / "systemd"
OPERATING = (PROJECT / "docs" / "operating.md").read_text(encoding="utf-8")
UNITS = ("proxy-oa-daemon", "proxy-oa-webserver")
VENV, HOME = "/opt/proxy-oa/venv", "/var/lib/proxy-oa"
SANDBOX = (
    *("NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectHome", "ProtectKernelModules"),
    *("ProtectKernelTunables", "ProtectControlGroups", "RestrictSUIDSGID", "RestrictNamespaces"),
)
# What the units differ in: everything else of their sections is the same.
OWN_LINES = {"ExecStart", "KillMode", "TimeoutStopSec"}

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
OPENSSL = shutil.which("openssl")
SYSTEMD_ANALYZE = shutil.which("systemd-analyze")
SITE = "https://proxy-oa.example.com"
RELOAD = "mutation { reloadWorkspace { __typename } }"


def unit(name: str) -> configparser.ConfigParser:
    """Return the sections of a unit; no line occurs twice in one of them."""
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(SYSTEMD / f"{name}.service", encoding="utf-8")
    return parser


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@dataclass(frozen=True)
class Site:
    """A home as the document sets it up, with the environment of the example file."""

    home: Path
    environment: dict[str, str]

    @contextmanager
    def started(self, name: str, *more: str, port: int = 0) -> Iterator[subprocess.Popen[bytes]]:
        """Run a unit's ExecStart with this interpreter's environment, this home, and the given port."""
        service = unit(name)["Service"]
        command = [
            str(port) if word == "3000" else word
            for word in shlex.split(service["ExecStart"].replace(VENV, sys.prefix))
        ]
        with (self.home.parent / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [*command, *more],
                cwd=self.home,
                env=self.environment,
                umask=int(service["UMask"], 8),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            # Its code servers are in its process group.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def awaited(process: subprocess.Popen[bytes], what: str, ready: Callable[[], bool]) -> None:
    """Wait until a process is ready, for as long as it runs; at most two minutes."""
    for _ in range(240):
        assert process.poll() is None, f"{process.args!r} has ended"
        if ready():
            return
        time.sleep(0.5)
    raise AssertionError(f"no {what} after two minutes")


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/server_info", timeout=5):
            return True
    except OSError:
        return False


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    home = tmp_path_factory.mktemp("deploy") / "home"
    (home / "dagster").mkdir(parents=True, mode=0o700)
    home.chmod(0o700)
    shutil.copy(bundled("dagster.yaml"), home / "dagster")
    (home / "dagster" / "dagster.yaml").chmod(0o600)
    example = dotenv_values(SYSTEMD / "proxy-oa.env.example")
    return Site(
        home,
        {"PATH": os.environ["PATH"], "HOME": str(home)}
        | {name: (value or "").replace(HOME, str(home)) for name, value in example.items()},
    )


@pytest.fixture(scope="module")
def webserver(site: Site) -> Iterator[int]:
    """The web server's unit at work; its port."""
    port = free_port()
    with site.started("proxy-oa-webserver", port=port) as process:
        awaited(process, "/server_info", lambda: answers(port))
        yield port


def graphql(port: int, query: str) -> str:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    body = json.dumps({"query": query})
    connection.request("POST", "/graphql", body, {"Content-Type": "application/json"})
    return connection.getresponse().read().decode()


@pytest.mark.skipif(SYSTEMD_ANALYZE is None, reason="no systemd-analyze is installed")
def test_systemd_finds_no_fault_in_the_units(tmp_path: Path) -> None:
    """With the virtual environment at hand `systemd-analyze verify` has nothing to say."""
    for name in UNITS:
        text = (SYSTEMD / f"{name}.service").read_text(encoding="utf-8")
        (tmp_path / f"{name}.service").write_text(text.replace(VENV, sys.prefix), encoding="utf-8")

    done = subprocess.run(
        [str(SYSTEMD_ANALYZE), "verify", "--man=no", *(tmp_path / f"{name}.service" for name in UNITS)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_both_units_are_confined_in_the_same_way() -> None:
    """They share one private /tmp, for which both need one of their own; the home alone is writable."""
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


def test_the_example_s_variables_are_settings() -> None:
    """Each PROXY_OA_ variable in the example and the document is one that settings.py reads."""
    settings = (PROJECT / "proxy_oa_assets" / "settings.py").read_text(encoding="utf-8")
    example = (SYSTEMD / "proxy-oa.env.example").read_text(encoding="utf-8")

    named = set(re.findall(r"\bPROXY_OA_[A-Z_]+", example + OPERATING))

    assert {name for name in named if f'"{name}"' not in settings} == set()


def test_the_document_s_jobs_and_automation_are_defined() -> None:
    """Names of jobs, sensors and schedules in the document are real."""
    repository = defs.get_repository_def()
    automation = {sensor.name for sensor in repository.sensor_defs}
    automation |= {schedule.name for schedule in repository.schedule_defs}

    assert {"new_results", "proxy_day_daily", "yesterday_check"} <= automation
    assert "recheck_days" in repository.job_names
    for name in (*automation, "recheck_days"):
        assert f"`{name}`" in OPERATING


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
    """Its unit's command runs what the document needs it for: queue, sensors, schedules, backfills, watch."""
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


@dataclass(frozen=True)
class Proxy:
    """nginx with the document's configuration, reached by TLS."""

    plain_port: int
    port: int
    certificate: Path

    def request(
        self, path: str, *, password: str | None = "s3cret", method: str = "GET", **headers: str
    ) -> tuple[int, str]:
        """Return status and body of a request as user `analyst`; without a password as nobody."""
        trusted = ssl.create_default_context(cafile=str(self.certificate))
        trusted.check_hostname = False
        connection = HTTPSConnection("127.0.0.1", self.port, timeout=60, context=trusted)
        sent = {name.replace("_", "-"): value for name, value in headers.items()} | {
            "Host": SITE.removeprefix("https://")
        }
        if password is not None:
            sent["Authorization"] = "Basic " + base64.b64encode(f"analyst:{password}".encode()).decode()
        connection.request(method, path, headers=sent)
        answer = connection.getresponse()
        # A connection that has been upgraded has no end to read to.
        return answer.status, "" if answer.status == 101 else answer.read().decode()


@pytest.fixture(scope="module")
def proxy(webserver: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    if NGINX is None or OPENSSL is None:
        pytest.skip("no nginx, or no openssl, is installed")
    folder = tmp_path_factory.mktemp("nginx")
    subprocess.run(
        [
            *(OPENSSL, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=proxy-oa.example.com", "-keyout", folder / "proxy-oa.key"),
            *("-out", folder / "proxy-oa.crt"),
        ],
        capture_output=True,
        check=True,
    )
    hashed = subprocess.run(
        [OPENSSL, "passwd", "-6", "s3cret"], capture_output=True, text=True, check=True
    ).stdout
    (folder / "proxy-oa.users").write_text(f"analyst:{hashed}", encoding="utf-8")
    plain_port, port = free_port(), free_port()
    (block,) = re.findall(r"^```nginx\n(.*?)^```$", OPERATING, re.DOTALL | re.MULTILINE)
    for shown, ours in (
        ("listen 80;", f"listen 127.0.0.1:{plain_port};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("http://127.0.0.1:3000;", f"http://127.0.0.1:{webserver};"),
        ("/etc/nginx/", f"{folder}/"),
    ):
        assert shown in block
        block = block.replace(shown, ours)
    temporary = "\n".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    # Root's workers would become a user who can't enter pytest's folder.
    user = "user root;" if os.geteuid() == 0 else ""
    main = f"{user}\ndaemon off;\npid {folder}/pid;\nevents {{}}\n"
    (folder / "nginx.conf").write_text(
        f"{main}http {{\naccess_log off;\n{temporary}\n{block}}}\n", encoding="utf-8"
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [NGINX, "-c", folder / "nginx.conf", "-p", folder, "-e", folder / "error.log"],
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        awaited(process, "nginx", lambda: accepts(port))
        yield Proxy(plain_port, port, folder / "proxy-oa.crt")
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def accepts(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_the_proxy_lets_nobody_in_without_a_password(proxy: Proxy) -> None:
    """401 for every path without one or with a wrong one; 200 with it; plain HTTP is sent to TLS."""
    for path in ("/", "/graphql", "/server_info"):
        assert proxy.request(path, password=None)[0] == 401
        assert proxy.request(path, password="wrong")[0] == 401

    assert proxy.request("/server_info")[0] == 200
    assert proxy.request("/", Accept="text/html")[0] == 200
    plain = HTTPConnection("127.0.0.1", proxy.plain_port, timeout=60)
    plain.request("GET", "/runs", headers={"Host": SITE.removeprefix("https://")})
    moved = plain.getresponse()
    assert (moved.status, moved.getheader("Location")) == (301, f"{SITE}/runs")


def test_the_proxy_passes_websockets_of_its_own_site(proxy: Proxy) -> None:
    """The handshake is answered with 101; without a password with 401, for another site's page with 403."""
    handshake = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec_WebSocket_Version": "13",
        "Sec_WebSocket_Key": base64.b64encode(bytes(16)).decode(),
        "Sec_WebSocket_Protocol": "graphql-ws",
    }

    assert proxy.request("/graphql", Origin=SITE, **handshake)[0] == 101
    assert proxy.request("/graphql", Origin=SITE, password=None, **handshake)[0] == 401
    assert proxy.request("/graphql", Origin="https://evil.example", **handshake)[0] == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": SITE, "Sec_Fetch_Site": "same-origin"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": f"{SITE}.evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
    ],
)
def test_the_proxy_refuses_mutations_that_another_site_s_page_sends(
    proxy: Proxy, headers: dict[str, str], status: int
) -> None:
    """Dagster takes a mutation by GET, to which a browser adds the password wherever the page is from."""
    address = "/graphql?query=mutation%7BreloadWorkspace%7B__typename%7D%7D"

    assert proxy.request(address, **headers)[0] == status


def test_the_document_s_shell_blocks_name_real_commands(tmp_path: Path) -> None:
    """Each `proxy-oa` subcommand in the document is one that the program has."""
    blocks = "\n".join(re.findall(r"^```sh\n(.*?)^```$", OPERATING, re.DOTALL | re.MULTILINE))
    help_text = proxy_oa(tmp_path / "home", "--help").stdout

    named = set(re.findall(r"\bproxy-oa (init-db|doctor|demo|ui|run|reset)\b", blocks))

    assert {"demo", "doctor", "init-db", "ui"} <= named
    for name in named:
        assert re.search(rf"^  {name} ", help_text, re.MULTILINE)
