"""Large files are streamed, not held in memory."""

import subprocess
import sys
from itertools import repeat

import pytest
from support.cluster_home import ClusterHome
from support.home import SAMPLE_DAY

pytestmark = pytest.mark.cluster

COPY = """
import re, sys
from pathlib import Path
from proxy_oa_assets.ranking.published_parts import copy_results, required_results
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.resources.deployment import configured_deployment

def peak():
    # Not by getrusage, which begins with the parent's.
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024

there = configured_deployment()
small, large = (required_results(there.hdfs, there.workspace.results(Day.parse(key))) for key in sys.argv[1:])
copy_results(there.hdfs, small, Path("small"))
before = peak()
print(copy_results(there.hdfs, large, Path("large")), peak() - before)
"""


@pytest.mark.parametrize("megabytes", [150, pytest.param(1024, marks=pytest.mark.slow)])
def test_a_large_results_file_is_copied_without_being_held(home: ClusterHome, megabytes: int) -> None:
    """The process grows by a few buffers of a megabyte, independent of the file's size; the copy is equal."""
    hdfs, workspace = home.deployment.hdfs, home.deployment.workspace
    small, large = SAMPLE_DAY, SAMPLE_DAY.plus(1)
    megabyte = bytes(range(256)) * 4096
    hdfs.write(workspace.results(small), [megabyte])
    hdfs.write(workspace.results(large), repeat(megabyte, megabytes))
    home.path.mkdir(parents=True, exist_ok=True)

    copying = [sys.executable, "-c", COPY, small.key, large.key]
    done = subprocess.run(copying, env=home.environment(), cwd=home.path, capture_output=True, check=True)

    size, growth = map(int, done.stdout.split())
    assert size == megabytes << 20
    assert growth < 16
    with (home.path / "large").open("rb") as copy:
        assert all(copy.read(1 << 20) == megabyte for _ in range(megabytes))
    (home.path / "large").unlink()
    assert hdfs.delete(workspace.results(large))
