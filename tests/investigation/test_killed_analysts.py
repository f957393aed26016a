import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.analysts_day import AnalystsDay

from proxy_oa_assets.investigation.incidents import save_incident
from proxy_oa_assets.investigation.score import score
from proxy_oa_assets.investigation.storyboard import save_storyboard

# Forks a child per line of input, a number and a name. It is killed before that rename or removal: these are
# the moments at which others see a change. A second child touches the day, as the next process does.
DRIVER = """
import json, os, signal, sys
from pathlib import Path
import numpy, pandas, pyarrow.parquet  # as duckdb does, which forks badly once it is started
from proxy_oa_assets.investigation import feedback, incidents, journal, repair, reset, score, storyboard
from proxy_oa_assets.resources.deployment import configured_deployment
from proxy_oa_assets.model.day import Day

day = Day.parse(sys.argv[1])
(KEY,) = [each.key for each in incidents.incidents(day)]
ACTIONS = {
    "score": lambda: score.score(day, 1, "new"),
    "score again": lambda: score.score(day, 3, "old"),
    "undo": lambda: score.undo_score(day, "old"),
    "exchange": lambda: score.change_severities(day, {"new": 2, "old": None}),
    "save": lambda: storyboard.save_storyboard(day, "new", "title", "text"),
    "save incident": lambda: incidents.save_incident(
        day, "other", "text", [("10.0.0.1", "new"), ("10.0.0.1", "third")], key=KEY
    ),
    "delete incident": lambda: incidents.delete_incident(day, KEY),
    "delete story": lambda: incidents.delete_story(day, "old"),
    "undo last": lambda: journal.undo_last(day),
    "reset": lambda: reset.reset_scored_connections(day),
}

def killed(action, moment):
    seen = 0

    def hook(event, args):
        nonlocal seen
        if event in ("os.rename", "os.remove") and "/hdfs/" in str(args[0]):
            seen += 1
            if seen == moment:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    ACTIONS[action]()

def touched(*_):
    home = configured_deployment()
    given = score.severities_by_uri(score.threats(day))
    repair.repaired(day, home)
    content = feedback.read(home.hdfs, home.workspace.feedback(day)).splitlines()[1:]
    saved = storyboard.storyboard(day)
    comments = dict(zip(saved["p_threat"], saved["title"], strict=True))
    held = {uri: each.title for each in incidents.incidents(day) for uri in each.uris}
    left_over = home.hdfs.list_folder(home.workspace.progressions(day))
    recorded = journal.history(day).drop_duplicates("fulluri").dropna(subset="after")
    told = {line.split(b"\\t")[18].decode(): int(line.split(b"\\t")[22]) for line in content}
    complete = [
        uri for uri in comments
        if len(storyboard.timeline(day, uri)) and storyboard.incident_progression(day, uri)
    ]
    left = [str(path) for path in Path(home.workspace.home).rglob("*.tmp")]
    found = {
        "given": given, "told": told, "comments": comments, "complete": complete, "left": left,
        "held": held, "files": len(left_over),
        "recorded": dict(zip(recorded["fulluri"], map(int, recorded["after"]), strict=True)),
    }
    print(json.dumps(found), flush=True)

for line in sys.stdin:
    moment, action = line.strip().split(" ", 1)
    for work in (killed, touched):
        child = os.fork()
        if child == 0:
            work(action, int(moment))
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if work is killed:
            print(status, flush=True)
"""


@pytest.fixture
def driver(embedded_day: AnalystsDay) -> Iterator[subprocess.Popen[str]]:
    """A day with a scored URI, its story, an incident of two others; and what kills those who change it."""
    day, deployment = embedded_day.day, embedded_day.deployment
    embedded_day.write_raw(*({"fulluri": uri} for uri in ("old", "new", "second", "third")))
    embedded_day.write_scores({"fulluri": "old"}, {"fulluri": "new"})
    score(day, 2, "old", deployment=deployment)
    save_storyboard(day, "old", "title", "text", deployment=deployment)
    pairs = [("10.0.0.1", "second"), ("10.0.0.1", "third")]
    save_incident(day, "incident", "text", pairs, deployment=deployment)
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", DRIVER, day.key],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=embedded_day.home.path.parent,
        env={**embedded_day.home.environment(), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


ACTIONS = "score/score again/undo/exchange/save/save incident/reset"


@pytest.mark.parametrize(
    "action",
    [
        *ACTIONS.split("/"),
        *(
            pytest.param(action, marks=pytest.mark.slow)
            for action in ("undo last", "delete incident", "delete story")
        ),
    ],
)
def test_a_killed_analyst_leaves_nothing_that_disagrees(
    embedded_day: AnalystsDay, driver: subprocess.Popen[str], tmp_path: Path, action: str
) -> None:
    """Killed before each rename and removal; after the next touch of the day, files follow their tables.

    The change is wholly made or not at all; what was recorded before stays unless it was to be removed.
    """
    hdfs, before = embedded_day.home.root, tmp_path / "before"
    shutil.copytree(hdfs, before)
    former = {
        "given": {"old": 2},
        "comments": {"old": "title", "second": "incident", "third": "incident"},
        "held": {"second": "incident", "third": "incident"},
    }
    states, moment, status = [], 0, -9
    while status == -9:
        moment += 1
        shutil.rmtree(hdfs)
        shutil.copytree(before, hdfs)
        driver.stdin.write(f"{moment} {action}\n")
        driver.stdin.flush()
        status = int(driver.stdout.readline())
        found = json.loads(driver.stdout.readline())
        assert found["told"] == found["given"]
        assert sorted(found["complete"]) == sorted(found["comments"])
        if action != "reset":
            assert found["held"].items() <= found["comments"].items()
            assert found["files"] == len(found["comments"]) + len(set(found["held"].values()))
            assert found["recorded"] == found["given"]
        assert found["left"] == []
        states.append({name: found[name] for name in former})
    assert status == 0
    assert moment > 2
    assert states[0] == former
    assert states[-1] != former
    if action != "reset":  # of several tables: a killed reset is run again
        assert [state for state in states if state not in (former, states[-1])] == []
