"""Dagster's history in PostgreSQL, set up as docs/operating.md shows it."""

import os
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
from support.command import proxy_oa
from support.home import SAMPLE_DAY, Home
from support.programs import program

from proxy_oa_assets.model.files import bundled

OPERATING = Path(__file__).parents[2] / "docs" / "operating.md"
# PostgreSQL refuses to run as root; Debian's package brings this user.
SERVICE_USER = "postgres"


@dataclass(frozen=True)
class Server:
    """A test's PostgreSQL server, with the role and the database that the document creates."""

    programs: Path
    folder: Path
    port: int
    password: str

    @property
    def variables(self) -> dict[str, str]:
        """The variables that the document's dagster.yaml reads."""
        return {
            "DAGSTER_PG_HOST": "127.0.0.1",
            "DAGSTER_PG_PORT": str(self.port),
            "DAGSTER_PG_PASSWORD": self.password,
        }

    def run(self, name: str, *arguments: str) -> str:
        """Run one of PostgreSQL's programs as the server's own user."""
        as_user = ["runuser", "-u", SERVICE_USER, "--"] if os.geteuid() == 0 else []
        done = subprocess.run(
            [*as_user, self.programs / name, *arguments],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "PGHOST": str(self.folder), "PGPORT": str(self.port)},
            stdin=subprocess.DEVNULL,
            # A pipe would stay open for as long as the server that pg_ctl leaves behind.
            stdout=(self.folder / "output").open("wb"),
            stderr=subprocess.STDOUT,
            check=False,
        )
        said = (self.folder / "output").read_text(encoding="utf-8")
        assert done.returncode == 0, said
        return said

    def rows(self, statement: str) -> list[str]:
        """Return the rows of a query, columns separated by `|`."""
        return self.run("psql", "-d", "dagster", "-Atc", statement).splitlines()


@pytest.fixture
def server() -> Iterator[Server]:
    programs = program("initdb", "PostgreSQL's server").resolve().parent
    # Not below pytest's folder, which only its owner may enter.
    folder = Path(tempfile.mkdtemp(prefix="proxy_oa_pg_"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, SERVICE_USER)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = Server(programs, folder, port, secrets.token_hex(12))
        data, options = folder / "data", f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -F"
        server.run("initdb", "-D", str(data), "--auth-local=trust", "--auth-host=scram-sha-256")
        try:
            server.run("pg_ctl", "-D", str(data), "-o", options, "-l", str(folder / "log"), "-w", "start")
            server.run("createuser", "proxy_oa")
            alter = f"ALTER ROLE proxy_oa PASSWORD '{server.password}'"
            server.run("psql", "-d", "postgres", "-qc", alter)
            server.run("createdb", "--owner", "proxy_oa", "dagster")
            yield server
        finally:
            stop(server, data)
    finally:
        shutil.rmtree(folder)


def stop(server: Server, data: Path) -> None:
    """Stop the server if it runs, and wait until it has ended."""
    pid_file = data / "postmaster.pid"
    if pid_file.exists():
        server.run("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
    for _ in range(100):
        if not pid_file.exists():
            return
        time.sleep(0.1)
    raise AssertionError(f"PostgreSQL in {data} does not end")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home whose dagster.yaml is the shipped one with the document's block at its end."""
    home = Home(tmp_path / "home")
    home.write_sample()
    (block,) = re.findall(
        r"^```yaml\n(storage:\n.*?)^```$", OPERATING.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    history = home.path / "dagster"
    history.mkdir()
    shipped = bundled("deploy/dagster.yaml").read_text(encoding="utf-8")
    (history / "dagster.yaml").write_text(f"{shipped}\n{block}", encoding="utf-8")
    return home


def test_a_day_s_history_is_in_postgresql_alone(
    server: Server, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run and its materializations are found there by Dagster and by SQL; no SQLite file is made."""
    history = home.path / "dagster"
    variables = {**server.variables, "DAGSTER_HOME": str(history)}

    done = proxy_oa(home.path, "run", "--date", SAMPLE_DAY.key, **variables)

    assert done.returncode == 0, done.stderr
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with dg.DagsterInstance.from_config(str(history)) as instance:
        (run,) = instance.get_runs()
        assert run.status is dg.DagsterRunStatus.SUCCESS
        scored = instance.fetch_materializations(dg.AssetKey("scored_connections"), limit=5).records
        assert [record.partition_key for record in scored] == [SAMPLE_DAY.key]
    assert server.rows("SELECT run_id, status FROM runs") == [f"{run.run_id}|SUCCESS"]
    materialized = server.rows(
        "SELECT asset_key, partition FROM event_logs WHERE dagster_event_type = 'ASSET_MATERIALIZATION'"
    )
    assert f'["scored_connections"]|{SAMPLE_DAY.key}' in materialized
    assert [path for path in history.rglob("*") if ".db" in path.name] == []


def test_a_refused_password_is_an_error(server: Server, home: Home) -> None:
    """Nothing falls back to SQLite when the password is wrong."""
    history = home.path / "dagster"
    variables = {**server.variables, "DAGSTER_HOME": str(history), "DAGSTER_PG_PASSWORD": "wrong"}

    done = proxy_oa(home.path, "run", "--date", SAMPLE_DAY.key, **variables)

    assert done.returncode != 0
    assert 'password authentication failed for user "proxy_oa"' in done.stderr
    assert [path for path in history.rglob("*") if ".db" in path.name] == []
