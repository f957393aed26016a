import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from support.home import SAMPLE_DAY, Home

PROJECT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and install it with its dependencies; return the environment's folder of commands."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", folder, PROJECT],
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", with_pip=True)
    commands = folder / "venv" / "bin"
    install = [commands / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, "-c", PROJECT / "constraints.txt", wheel], check=True)
    return commands


def test_the_wheel_runs_a_day_from_another_folder(installed: Path, tmp_path: Path) -> None:
    """It carries the conf and the templates of notebooks and stories, and needs nothing of the checkout."""
    home = Home(tmp_path / "home")
    home.write_sample()

    def proxy_oa(*arguments: str) -> str:
        done = subprocess.run(
            [installed / "proxy-oa", *arguments],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "PROXY_OA_HOME": str(home.path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "30 rows" in proxy_oa("run", "--date", SAMPLE_DAY.key, "--limit", "30")
    assert "story.html" in proxy_oa("story", "--date", SAMPLE_DAY.key)
    notebook = home.path / "ipynb" / "proxy" / SAMPLE_DAY.folder / "Edge_Investigation.ipynb"
    assert SAMPLE_DAY.key in json.dumps(json.loads(notebook.read_text(encoding="utf-8")))


def test_the_wheel_brings_no_test_and_no_development_tool(installed: Path) -> None:
    """What runs in production has what it needs, and no more."""
    listed = subprocess.run(
        [installed / "python", "-m", "pip", "list", "--format=freeze"],
        capture_output=True,
        text=True,
        check=True,
    )
    names = {line.partition("==")[0].lower() for line in listed.stdout.splitlines()}

    assert "proxy-oa-assets" in names
    assert not names & {"pytest", "ruff", "mypy", "hypothesis", "playwright", "jupyterlab"}
