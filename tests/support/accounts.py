"""Processes of other accounts of this machine, for homes that several people use."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
# Accounts and a group that Debian brings; nothing runs as them.
OWNER, ANALYST, GROUP = 3, 5, 60
NO_ACCOUNTS = "no other accounts"


@dataclass(frozen=True)
class Account:
    """A user who is in the group, with an umask, and works in a home."""

    uid: int
    umask: int
    home: Path
    python: str
    # Further variables of the account's environment.
    variables: Mapping[str, str] = field(default_factory=dict)

    def python_says(self, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a program in Python."""
        environment = {
            "PATH": os.defpath,
            "PYTHONPATH": os.pathsep.join((str(CHECKOUT), sysconfig.get_path("purelib"))),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": "/nonexistent",
            "TMPDIR": str(self.home.parent / "tmp"),
            "PROXY_OA_HOME": str(self.home),
            **self.variables,
        }
        return subprocess.run(
            [self.python, "-c", code, *arguments],
            user=self.uid,
            group=self.uid,
            extra_groups=[GROUP],
            umask=self.umask,
            env=environment,
            cwd=self.home.parent,
            capture_output=True,
            text=True,
            check=False,
        )

    def proxy_oa(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command `proxy-oa`."""
        return self.python_says("from proxy_oa_assets.cli.main import entry; entry()", *arguments)

    def investigates(self, expression: str):
        """Return the value, as JSON has it, of an expression over the functions that notebooks call."""
        done = self.python_says(
            "import json\n"
            "from proxy_oa_assets.investigation.score import *\n"
            "from proxy_oa_assets.investigation.search import *\n"
            "from proxy_oa_assets.investigation.storyboard import *\n"
            "from proxy_oa_assets.investigation.reset import *\n"
            f"print(json.dumps({expression}, default=str))"
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@contextmanager
def folder_for_all() -> Iterator[Path]:
    """Yield a folder that every account may enter, with a `tmp`: pytest's own is its owner's alone."""
    folder = Path(tempfile.mkdtemp(prefix="proxy_oa_accounts_"))
    folder.chmod(0o755)
    (folder / "tmp").mkdir()
    (folder / "tmp").chmod(0o1777)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def python_for_all() -> str:
    """Return a Python that other accounts may run, with this environment's packages; skip where none is."""
    if os.geteuid() != 0:
        pytest.skip(f"{NO_ACCOUNTS}: only root can start their processes")
    packages = sysconfig.get_path("purelib")
    for python in (sys.executable, f"/usr/bin/python{sys.version_info[0]}.{sys.version_info[1]}"):
        try:
            done = subprocess.run(
                [python, "-c", "import duckdb, proxy_oa_assets"],
                user=ANALYST,
                group=ANALYST,
                extra_groups=[],
                env={"PYTHONPATH": os.pathsep.join((str(CHECKOUT), packages))},
                cwd="/",
                capture_output=True,
                check=False,
            )
        except OSError:
            continue
        if done.returncode == 0:
            return python
    return pytest.skip(f"{NO_ACCOUNTS}: none may run a Python with the packages of this one")
