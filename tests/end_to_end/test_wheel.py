import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from support.home import SAMPLE_DAY, Home

PROJECT = Path(__file__).parents[2]


def pip(environment: Path, *arguments: str | Path) -> str:
    """Run this interpreter's pip for another environment, which has no pip itself."""
    command = [sys.executable, "-m", "pip", "--python", environment, "--disable-pip-version-check"]
    return subprocess.run([*command, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and install it with its dependencies; return the environment."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", folder, PROJECT],
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv")
    # Compiling ten thousand files would take most of the test's time, and few of them are loaded.
    pip(folder / "venv", "install", "--quiet", "--no-compile", "-c", PROJECT / "constraints.txt", wheel)
    return folder / "venv"


def test_the_wheel_runs_a_day_from_another_folder(installed: Path, tmp_path: Path) -> None:
    """It contains the conf and the templates of notebooks and stories, and needs no checkout."""
    home = Home(tmp_path / "home")
    home.write_sample()

    def proxy_oa(*arguments: str) -> str:
        done = subprocess.run(
            [installed / "bin" / "proxy-oa", *arguments],
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
    """Production installs run-time dependencies only."""
    listed = pip(installed, "list", "--format=freeze")
    names = {line.partition("==")[0].lower() for line in listed.splitlines()}

    assert "proxy-oa-assets" in names
    assert not names & {"pytest", "ruff", "mypy", "hypothesis", "playwright", "jupyterlab"}


def test_the_wheel_has_its_bill_of_materials(installed: Path) -> None:
    """Where PEP 770 puts it; it names what pip installed with the wheel, at the same versions."""
    (found,) = installed.glob("lib/python*/site-packages/proxy_oa_assets-*.dist-info/sboms/*.cdx.json")
    bill = json.loads(found.read_text(encoding="utf-8"))
    packages = {each["purl"] for each in bill["components"] if each.get("purl", "").startswith("pkg:pypi/")}

    lines = (line.partition("==") for line in pip(installed, "list", "--format=freeze").splitlines())
    listed = {f"pkg:pypi/{name.lower().replace('_', '-')}@{version}" for name, _, version in lines}
    assert {purl for purl in listed if "/proxy-oa-assets@" not in purl} == packages
