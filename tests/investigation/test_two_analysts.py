import os
import subprocess
import sys

import pytest
from support.analysts_day import AnalystsDay
from support.cluster_home import ClusterHome

# Scores its own URIs one by one, once the other has started.
ANALYST = """
import sys
from proxy_oa_assets.resources.deployment import configured_deployment
from proxy_oa_assets.investigation.score import score, threats

name, day, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
here = configured_deployment()
threats(day, deployment=here)  # loads the engine
print("ready", flush=True)
sys.stdin.readline()
for number in range(count):
    score(day, 1 + number % 3, f"{name}/{number}", deployment=here)
here.impala.close()
"""
NAMES = ("one", "two")


def analyst(day: AnalystsDay, name: str, count: int) -> subprocess.Popen[str]:
    home = day.home
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", ANALYST, name, day.day.key, str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=home.path.parent,
        env={**home.environment(), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


def score_at_once(day: AnalystsDay, count: int) -> None:
    """Have two processes score their own URIs one by one, and look for each."""
    uris = {f"{name}/{number}": 1 + number % 3 for name in NAMES for number in range(count)}
    day.write_scores(*({"fulluri": uri} for uri in uris))

    analysts = [analyst(day, name, count) for name in NAMES]
    for process in analysts:
        assert process.stdout.readline() == "ready\n"
    for process in analysts:
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.wait() for process in analysts] == [0, 0]

    assert day.severities() == uris
    assert day.feedback_severities() == {(uri, "10.0.0.1"): severity for uri, severity in uris.items()}


def test_no_score_of_two_analysts_at_once_is_lost(today: AnalystsDay) -> None:
    """Two processes on a day; on the cluster, where a score takes a second, a few each."""
    score_at_once(today, 6 if isinstance(today.home, ClusterHome) else 25)


@pytest.mark.slow
def test_two_analysts_at_once_record_400_scores(embedded_day: AnalystsDay) -> None:
    """200 each."""
    score_at_once(embedded_day, 200)
