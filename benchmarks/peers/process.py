"""Run a command and print its cost as JSON: `python -m benchmarks.peers.process COMMAND...`.

A process starts with its parent's size as its peak, so the parent is this one, which is small.
"""

import json
import os
import subprocess
import sys
import time


def main() -> None:
    """Print processor and wall time in seconds, and the peak memory in MB; exit as the command does."""
    started = time.perf_counter()
    process = subprocess.Popen(sys.argv[1:], stdout=sys.stderr)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    memory = used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e6 / 1024)
    print(json.dumps({"processor": used.ru_utime + used.ru_stime, "wall": wall, "memory": memory}))
    sys.exit(process.returncode)


if __name__ == "__main__":
    main()
