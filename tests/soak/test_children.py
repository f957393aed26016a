"""Children that a soak run forks. They fork from a process of their own: pytest's has threads."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import json, sys
from dataclasses import asdict
from pathlib import Path
from soak.children import Moment, run

home, kind = Path(sys.argv[1]), sys.argv[2]

def rename():
    for before, after in ("ab", "bc", "cd"):
        (home / before).rename(home / after)
    return "renamed"

def fail():
    raise ValueError("the reason")

def loop():
    while True:
        pass

(home / "a").touch()
work, moment = {
    "undisturbed": (rename, None),
    "at a call": (rename, Moment(call=2)),
    "in its work": (loop, Moment(seconds=0.02)),
    "by the clock": (loop, Moment(seconds=0.02, clock="wall")),
    "failing": (fail, None),
}[kind]
try:
    ended = run(work, environ={}, log=home / "log", moment=moment, home=home)
finally:
    print("parent")  # a child must not get here
print(json.dumps({**asdict(ended), "killed": ended.killed}))
"""


@pytest.mark.parametrize(
    ("kind", "killed", "left"),
    [
        ("undisturbed", False, "d"),
        ("at a call", True, "b"),
        ("in its work", True, "a"),
        ("by the clock", True, "a"),
        ("failing", False, "a"),
    ],
)
def test_a_child_is_killed_at_its_moment(tmp_path: Path, kind: str, killed: bool, left: str) -> None:
    """Before its second call, the first one is done; without a moment it ends, or says why it failed."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, tmp_path, kind],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    parent, ended = done.stdout.splitlines()
    found = json.loads(ended)
    assert (parent, found["killed"]) == ("parent", killed)
    assert (tmp_path / left).exists()
    assert (found["result"], found["calls"]) == (("renamed", 3) if kind == "undisturbed" else (None, 0))
    assert ("the reason" in found["error"]) is (kind == "failing")
