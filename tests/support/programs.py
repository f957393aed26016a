"""The programs that tests start; a test without one of them is skipped, and says which."""

import os
import shutil
from pathlib import Path

import pytest

# Where Debian has what only an administrator starts, and PostgreSQL's server, the newest first.
_POSTGRESQL = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
_PLACES = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin", *map(str, _POSTGRESQL)))


def program(name: str, package: str) -> Path:
    """Return a program's path; skip the test where it is missing, naming the package that has it."""
    found = shutil.which(name, path=_PLACES)
    if found is None:
        # A machine without Chromium, Java or a KDC runs the other tests; `.ci/run` installs them all, and
        # fails what would be skipped here (`--nothing-missing`).
        pytest.skip(f"{name} is missing, which these tests start; it is part of {package}")
    return Path(found)


def java_program(name: str) -> Path:
    """Return a program of Java's: of JAVA_HOME if it is set, else the one on the path."""
    beside = Path(os.environ["JAVA_HOME"], "bin", name) if os.environ.get("JAVA_HOME") else None
    if beside is not None and beside.exists():
        return beside
    return program(name, "a JDK 17 (JAVA_HOME names its folder)")
