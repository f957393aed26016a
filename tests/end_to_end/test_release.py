"""What `make dist` builds, and the image's part of the checkout."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
PROJECT = Path(__file__).parents[2]
# Of any commit: zip knows no time before 1980.
TIME = "1795910400"


def _built(checkout: Path, dist: Path, umask: int) -> dict[str, bytes]:
    """Build a checkout as `make dist` does; return the archives by name."""
    subprocess.run(
        [sys.executable, "-m", "build", "--outdir", dist, checkout],
        env=os.environ | {"SOURCE_DATE_EPOCH": TIME, "PIP_CONSTRAINT": str(PROJECT / "constraints.txt")},
        umask=umask,
        check=True,
        capture_output=True,
    )
    return {path.name: path.read_bytes() for path in dist.iterdir()}


def _copied(names: list[str], folder: Path, umask: int) -> Path:
    subprocess.run(["mkdir", "-p", folder], umask=umask, check=True)
    archive = subprocess.run(
        ["tar", "-c", "--exclude=__pycache__", *names], cwd=PROJECT, capture_output=True, check=True
    )
    extract = ["tar", "-x", "-m", "--no-same-permissions"]
    subprocess.run(extract, cwd=folder, input=archive.stdout, umask=umask, check=True)
    return folder


def test_the_same_files_build_the_same_bytes_and_the_image_copies_enough_of_them(tmp_path: Path) -> None:
    """Neither a file's time nor its mode, nor the checkout's place, is in the archives."""
    listed = subprocess.run(["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=True)
    tracked = [name for name in listed.stdout.splitlines() if (PROJECT / name).exists()]
    first = _built(_copied(tracked, tmp_path / "a", 0o022), tmp_path / "first", 0o022)
    second = _built(_copied(tracked, tmp_path / "b", 0o077), tmp_path / "second", 0o077)

    assert len(first) == 2
    assert first == second

    dockerfile = (PROJECT / "deploy" / "container" / "Dockerfile").read_text(encoding="utf-8")
    copies = [line for line in dockerfile.splitlines() if line.startswith("COPY ") and "--from" not in line]
    sources = [name for line in copies for name in shlex.split(line)[1:-1]]
    ignored = (PROJECT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {line[1:] for line in ignored if line.startswith("!")} == set(sources)
    image = _built(_copied(sources, tmp_path / "c", 0o022), tmp_path / "third", 0o022)
    (wheel,) = [name for name in first if name.endswith(".whl")]
    assert image[wheel] == first[wheel]
