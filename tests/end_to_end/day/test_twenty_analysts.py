"""Twenty analysts and five runs of one day at the same time, in processes of their own."""

import json
import os
import subprocess
import sys

import pytest
from support.home import SAMPLE_DAY, Home

from proxy_oa_assets.investigation.score import feedback_drift

ANALYSTS, RUNS = 20, 5

# Scores, changes, undoes and describes URIs of its own; prints what failed.
ANALYST = """
import json, sys
from proxy_oa_assets.investigation.score import score, undo_score
from proxy_oa_assets.investigation.search import suspicious
from proxy_oa_assets.investigation.storyboard import save_storyboard
from proxy_oa_assets.model.errors import ProxyOaError

day, number = sys.argv[1], int(sys.argv[2])
uris = suspicious(day, limit=500)["fulluri"].drop_duplicates().tolist()
first, second = uris[2 * number : 2 * number + 2]
print("ready", flush=True)
sys.stdin.readline()
failed = []
for action in 2 * (
    lambda: score(day, 1, first),
    lambda: score(day, 3, second),
    lambda: undo_score(day, second),
    lambda: save_storyboard(day, first, f"analyst {number}", "text"),
):
    try:
        action()
    except ProxyOaError as error:
        failed.append(str(error))
print(json.dumps(failed), flush=True)
"""


@pytest.mark.slow
def test_no_action_of_twenty_analysts_fails_beside_five_runs_of_the_day(embedded_home: Home) -> None:
    """Locks are given in turn: 12 of 160 actions failed when waiting processes polled for them."""
    assert embedded_home.materialize(SAMPLE_DAY).success
    day, pipes = SAMPLE_DAY.key, {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    environment = {**embedded_home.environment(), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    program = [sys.executable, "-W", "ignore", "-c"]
    run = [*program, "from proxy_oa_assets.cli.main import entry; entry()", "run", "--date", day]
    analysts = [
        subprocess.Popen([*program, ANALYST, day, str(number)], env=environment, **pipes)
        for number in range(ANALYSTS)
    ]
    assert {analyst.stdout.readline() for analyst in analysts} == {"ready\n"}
    runs = [subprocess.Popen(run, env=environment, stdout=subprocess.DEVNULL) for _ in range(RUNS)]

    for analyst in analysts:
        analyst.stdin.write("go\n")
        analyst.stdin.flush()
    failed = [error for analyst in analysts for error in json.loads(analyst.communicate()[0])]

    assert failed == []
    assert [process.wait() for process in runs] == [0] * RUNS
    assert not feedback_drift(SAMPLE_DAY, embedded_home.deployment, repair=False)
    assert len(embedded_home.rows("proxy_threat_investigation", SAMPLE_DAY)) == ANALYSTS
    assert len(embedded_home.rows("proxy_storyboard", SAMPLE_DAY)) == ANALYSTS
