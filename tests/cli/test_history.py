from pathlib import Path

import pytest
from support.command import proxy_oa

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
