import os
import stat
import subprocess
from pathlib import Path

import pytest
from support.command import proxy_oa

from proxy_oa_assets.cli.history import prepare_history
from proxy_oa_assets.model.files import temporary_name
from proxy_oa_assets.settings import load_settings

NO_SERVER = """\
storage:
  postgres:
    postgres_db:
      hostname: 127.0.0.1
      port: 1
      username: proxy_oa
      password: s3cret
      db_name: dagster
      scheme: postgresql+psycopg2
"""


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (NO_SERVER, "Connection refused"),
        ("storage:\n  sqlight: {}\n", "sqlight"),
        ("storage: [\n", "pars"),
    ],
)
def test_a_history_that_cannot_be_opened_is_one_sentence(tmp_path: Path, content: str, reason: str) -> None:
    """It names dagster.yaml and the reason, with the exit code of a setting that can't be used."""
    home = tmp_path / "home"
    (home / "dagster").mkdir(parents=True)
    (home / "dagster" / "dagster.yaml").write_text(content, encoding="utf-8")

    run = proxy_oa(home, "run", "--date", "2016-09-12")

    assert run.returncode == 2
    assert "Traceback" not in run.stderr
    message = run.stderr.splitlines()[-1]
    assert message.startswith("proxy-oa: Dagster's history can't be opened as ")
    assert "dagster.yaml" in message
    assert reason in message
    assert "s3cret" not in run.stderr


def test_doctor_names_a_history_that_cannot_be_opened(tmp_path: Path) -> None:
    """The line about history fails like any other, and the rest is tried all the same."""
    home = tmp_path / "home"
    (home / "dagster").mkdir(parents=True)
    (home / "dagster" / "dagster.yaml").write_text(NO_SERVER, encoding="utf-8")

    done = proxy_oa(home, "doctor")

    assert done.returncode == 1
    assert "FAIL  history" in done.stdout
    assert "ok    tables" in done.stdout


@pytest.mark.parametrize("mask", [0o000, 0o002, 0o022])
def test_the_history_is_its_owner_s_alone(tmp_path: Path, mask: int) -> None:
    """With any umask; a folder that was opened stays open, and `doctor` says so."""
    before = os.umask(mask)
    try:
        history = prepare_history(load_settings(tmp_path / "home"))
        assert stat.S_IMODE(history.stat().st_mode) == 0o700
        history.chmod(0o750)
        assert stat.S_IMODE(prepare_history(load_settings(tmp_path / "home")).stat().st_mode) == 0o750
    finally:
        os.umask(before)


def test_doctor_names_a_history_that_others_can_open(tmp_path: Path) -> None:
    """It works all the same."""
    history = prepare_history(load_settings(tmp_path))
    assert "chmod 700" not in proxy_oa(tmp_path, "doctor").stdout
    history.chmod(0o755)
    assert "other users can open it, which chmod 700 ends" in proxy_oa(tmp_path, "doctor").stdout


def test_what_a_killed_process_left_beside_the_history_s_configuration_is_removed(tmp_path: Path) -> None:
    """By the process that writes the configuration next."""
    settings = load_settings(tmp_path / "home")
    settings.dagster_home.mkdir(parents=True)
    ended = subprocess.run(["sh", "-c", "echo $$"], capture_output=True, text=True, check=True).stdout.strip()
    left = settings.dagster_home / temporary_name().replace(f"-{os.getpid()}-", f"-{ended}-")
    left.touch()
    prepare_history(settings)
    assert not left.exists()
    assert (settings.dagster_home / "dagster.yaml").exists()
