"""Programs that tests start; a test whose program is missing is skipped."""

import os
import shutil
from pathlib import Path

import pytest

# Debian's folders of administrators' programs and of PostgreSQL's server, newest first.
_POSTGRESQL = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
_PLACES = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin", *map(str, _POSTGRESQL)))


def program(name: str, package: str) -> Path:
    """Return a program's path; skip the test where it is missing, naming the package that has it."""
    found = shutil.which(name, path=_PLACES)
    if found is None:
        # `.ci/run` installs every program, and fails this skip with `--nothing-missing`.
        pytest.skip(f"{name} is missing; it is part of {package}")
    return Path(found)


def java_program(name: str) -> Path:
    """Return a program of the JDK in JAVA_HOME, or else on the path."""
    beside = Path(os.environ["JAVA_HOME"], "bin", name) if os.environ.get("JAVA_HOME") else None
    if beside is not None and beside.exists():
        return beside
    return program(name, "a JDK 17 (JAVA_HOME names its folder)")
