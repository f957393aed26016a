"""A cluster whose servers send back what they were sent: no artefact of a home has a secret."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support import echoing
from support.command import proxy_oa
from support.raw_server import handling

from proxy_oa_assets.investigation.notebook.session import StatusLine
from proxy_oa_assets.investigation.search import suspicious
from proxy_oa_assets.resources.deployment import deployment
from proxy_oa_assets.settings import load_settings

DAY = "2016-09-12"


@pytest.fixture(scope="module")
def variables() -> Iterator[dict[str, str]]:
    """The settings of a cluster whose NameNode and HiveServer2 echo."""
    with (
        handling(echoing.answering(echoing.name_node_of_locks)) as (hdfs, _),
        handling(echoing.SASL["bad"]) as (engine, _),
    ):
        yield {
            "PROXY_OA_DEPLOYMENT": "cluster",
            "HDFS_URL": hdfs,
            "HDFS_AUTH": "token",
            "IMPALA_HOST": "127.0.0.1",
            "IMPALA_PORT": engine.rpartition(":")[2],
            "IMPALA_AUTH_MECHANISM": "PLAIN",
            "PROXY_OA_ALLOW_PLAINTEXT_SECRETS": "true",
            # Another system's results are asked for at the NameNode first.
            "PROXY_OA_RANKING": "external",
            **echoing.SECRETS,
        }


def _revealing(folder: Path) -> list[Path]:
    return [
        file
        for file in folder.rglob("*")
        if file.is_file() and echoing.revealed(file.read_bytes().decode("utf-8", errors="replace"))
    ]


def test_no_file_or_output_of_a_run_has_a_secret(tmp_path: Path, variables: dict[str, str]) -> None:
    """A run fails at both servers, and its history, logs and output say why; so does `doctor`."""
    home = tmp_path / "home"
    done = proxy_oa(home, "run", "--date", DAY, "--verbose", **variables)
    assert done.returncode == 1
    assert "upstream of" in done.stderr
    assert "refused the login" in done.stderr
    doctor = proxy_oa(home, "doctor", **variables)
    assert "upstream of" in doctor.stdout
    assert "refused the login" in doctor.stdout
    assert echoing.revealed(done.stdout + done.stderr + doctor.stdout + doctor.stderr) == []
    assert _revealing(home) == []
    # What was searched is where Dagster keeps errors.
    events = [file for file in home.rglob("*.db") if b"upstream of" in file.read_bytes()]
    assert events


def test_no_notebook_shows_a_secret(
    tmp_path: Path, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line of status says what failed."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    configured, status = deployment(load_settings(tmp_path), patient=False), StatusLine()
    with status.during("Reading"):
        suspicious(DAY, deployment=configured)
    assert 'role="alert"' in status.widget.value
    assert "refused" in status.widget.value or "upstream" in status.widget.value
    assert echoing.revealed(status.widget.value) == []
