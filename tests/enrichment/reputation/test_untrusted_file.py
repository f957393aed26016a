"""End to end: which reputation files may name a program that `proxy-oa reputation` runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FILE = """
[[services]]
service = "gti"
transport = "restclient"
server = "gti.example.net"
client = {{ cliid = "7" }}
user = "analyst"
password_env = "GTI_PASSWORD"
restclient = "{program}"
"""


@pytest.fixture
def reputation(tmp_path: Path):
    """Return a function that runs `proxy-oa reputation` in a folder whose reputation file names a program."""
    folder = tmp_path / "folder"
    folder.mkdir()
    program = folder / "restclient"
    program.write_text(f'#!/bin/sh\ntouch {tmp_path / "ran"}\necho \'{{"a": [{{"rep": 127}}]}}\'\n')
    program.chmod(0o755)
    (folder / "reputation.toml").write_text(FILE.format(program=program))

    def run(dotenv: str, **variables: str) -> subprocess.CompletedProcess[str]:
        (folder / ".env").write_text(dotenv)
        given = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PROXY_OA_HOME": str(tmp_path / "home")}
        return subprocess.run(
            [Path(sys.executable).with_name("proxy-oa"), "reputation", "evil.example/"],
            cwd=folder,
            env={**given, "GTI_PASSWORD": "secret", **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_a_file_that_the_working_folder_chose_runs_no_program(reputation, tmp_path):
    """Its `.env` can be anyone's: the file is refused, naming the setting, and the program isn't run."""
    done = reputation("PROXY_OA_REPUTATION=reputation.toml\n")
    assert done.returncode != 0
    for named in ("reputation.toml", "restclient", "PROXY_OA_REPUTATION"):
        assert named in done.stderr
    assert not (tmp_path / "ran").exists()


def test_a_file_that_the_environment_names_runs_its_program(reputation, tmp_path):
    """The same file, named by the user who starts the command."""
    done = reputation("", PROXY_OA_REPUTATION="reputation.toml")
    assert (done.returncode, (tmp_path / "ran").exists()) == (0, True), done.stderr
    assert "High 3" in done.stdout
