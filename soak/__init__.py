"""Soak runs: an operation is killed, or what it stands on fails, many times. They share what tests use."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))
