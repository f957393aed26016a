import hashlib
import os
import subprocess
import threading

import numpy as np
import pandas as pd
import pytest
from support.analysts_day import URI_SEV, AnalystsDay

from proxy_oa_assets.investigation.feedback import COLUMNS
from proxy_oa_assets.investigation.journal import SeverityChanges
from proxy_oa_assets.investigation.repair import repaired
from proxy_oa_assets.investigation.score import (
    change_severities,
    feedback_drift,
    score,
    threats,
    undo_score,
)
from proxy_oa_assets.investigation.search import suspicious
from proxy_oa_assets.model.errors import InvestigationError, WarehouseError
from proxy_oa_assets.model.files import temporary_name
from proxy_oa_assets.model.tables import PROXY_THREAT_INVESTIGATION

HEADER = (
    "p_date p_time clientip host reqmethod useragent resconttype duration username webcat referer respcode "
    "uriport uripath uriquery serverip scbytes csbytes fulluri word score uri_rep uri_sev respcode_name "
    "network_context hash"
).split()


def listed(day: AnalystsDay) -> set[str]:
    return set(suspicious(day.day, deployment=day.deployment)["fulluri"])


def test_a_score_is_recorded_for_every_connection_of_the_uri(today: AnalystsDay) -> None:
    """One row in the table; in the feedback file, in the contract's columns, each of its scored rows."""
    today.write_scores(
        {"fulluri": "a.test/", "ml_score": 1.2345e-7, "duration": None, "uri_rep": "list:HIGH:3"},
        {"fulluri": "a.test/", "clientip": "10.0.0.2", "time": "23:59:59", "network_context": "printer"},
        {"fulluri": "a.test/other"},
    )

    assert score(today.day, 1, "a.test/", deployment=today.deployment) == 2

    assert today.severities() == {"a.test/": 1}
    assert today.feedback_bytes().split(b"\n")[0].decode().split("\t") == HEADER == list(COLUMNS)
    first, second = (dict(zip(HEADER, row, strict=True)) for row in today.feedback())
    assert first == {
        **dict.fromkeys(HEADER, "-"),
        "p_date": today.day.key,
        "p_time": "09:00:00",
        "clientip": "10.0.0.1",
        "duration": "null",
        "scbytes": "1",
        "csbytes": "1",
        "fulluri": "a.test/",
        "score": "1.2345e-07",
        "uri_rep": "list:HIGH:3",
        "uri_sev": "1",
        "hash": hashlib.md5(b"10.0.0.1a.test/").hexdigest() + "09",
    }
    assert (second["clientip"], second["hash"][-2:], second["network_context"]) == (
        "10.0.0.2",
        "23",
        "printer",
    )


def test_scoring_again_replaces_the_severity_in_both(today: AnalystsDay) -> None:
    """The same rows have the new severity; other URIs keep theirs."""
    today.write_scores(*({"fulluri": uri, "clientip": client} for uri in "ab" for client in "xy"))
    score(today.day, 1, "a", deployment=today.deployment)
    score(today.day, 2, "b", deployment=today.deployment)

    score(today.day, 3, "a", deployment=today.deployment)

    assert today.severities() == {"a": 3, "b": 2}
    assert today.feedback_severities() == {("a", "x"): 3, ("a", "y"): 3, ("b", "x"): 2, ("b", "y"): 2}


def test_undo_removes_the_score_completely(today: AnalystsDay) -> None:
    """The URI is suspicious again; a URI that was never scored stays unscored."""
    today.write_scores(*({"fulluri": uri} for uri in "abc"))
    score(today.day, 1, ["a", "b"], deployment=today.deployment)

    undo_score(today.day, ["a", "c", "never seen"], deployment=today.deployment)

    assert today.severities() == {"b": 1}
    assert today.feedback_severities() == {("b", "10.0.0.1"): 1}
    assert listed(today) == {"a", "c"}
    undo_score(today.day, "b", deployment=today.deployment)
    assert today.severities() == today.feedback_severities() == {}


def test_severities_are_changed_at_once(today: AnalystsDay) -> None:
    """Given, replaced and removed together; the former ones are returned."""
    today.write_scores(*({"fulluri": uri} for uri in "abcd"))
    score(today.day, 1, ["a", "b", "c"], deployment=today.deployment)

    before = change_severities(today.day, {"a": 3, "c": None, "d": 2}, deployment=today.deployment)

    assert before == {"a": 1, "c": 1, "d": None}
    assert today.severities() == {"a": 3, "b": 1, "d": 2}
    assert today.feedback_severities() == {
        (uri, "10.0.0.1"): given for uri, given in today.severities().items()
    }
    with pytest.raises(InvestigationError, match=r"^gone: not among"):
        change_severities(today.day, {"a": 1, "gone": 1}, deployment=today.deployment)
    assert change_severities(today.day, {"a": 1, "gone": None}, deployment=today.deployment) == {
        "a": 3,
        "gone": None,
    }


def test_a_concurrent_score_is_seen(embedded_day: AnalystsDay) -> None:
    """Severities are read and changed under one lock: undo changes only this analyst's own."""
    day, deployment = embedded_day.day, embedded_day.deployment
    embedded_day.write_scores({"fulluri": "a"})
    changes = SeverityChanges(day, deployment)
    changes.apply(["a"], 1)
    undone: list[tuple[int, int] | None] = []
    undo = threading.Thread(target=lambda: undone.append(changes.undo()))
    with deployment.hdfs.lock(deployment.workspace.lock(day, "analysts")):
        undo.start()
        undo.join(1)
        theirs = pd.DataFrame({"tdate": [day.key], "fulluri": ["a"], "uri_sev": [2]})
        deployment.impala.replace_day_with_frame(PROXY_THREAT_INVESTIGATION, day, theirs)
    undo.join()

    assert undone == [(0, 1)]
    assert embedded_day.severities() == {"a": 2}


def test_undoing_nothing_writes_nothing(embedded_day: AnalystsDay) -> None:
    """A day without scores has no feedback file afterwards, either."""
    undo_score(embedded_day.day, "a", deployment=embedded_day.deployment)
    assert embedded_day.feedback_bytes() is None
    undo_score(embedded_day.day, [], deployment=embedded_day.deployment)


def test_several_uris_are_recorded_together_or_not_at_all(today: AnalystsDay) -> None:
    """One that isn't among the scored connections is named, and the others aren't recorded, either."""
    today.write_scores({"fulluri": "a"}, {"fulluri": "b"})

    with pytest.raises(InvestigationError, match=r"^gone\\x1b\[0m: .* of 2016"):
        score(today.day, 1, ["a", "gone\x1b[0m", "b"], deployment=today.deployment)

    assert today.feedback_bytes() is None
    assert today.severities() == {}
    assert score(today.day, 1, (uri for uri in "aab"), deployment=today.deployment) == 2
    assert today.severities() == {"a": 1, "b": 1}
    assert score(today.day, 1, [], deployment=today.deployment) == 0


def test_hundreds_of_uris_at_once(embedded_day: AnalystsDay) -> None:
    """A whole host: the URIs are read in several statements, and recorded in one replacement."""
    uris = [f"h.test/{number}" for number in range(450)]
    embedded_day.write_scores(*({"fulluri": uri} for uri in uris))

    assert score(embedded_day.day, 2, uris, deployment=embedded_day.deployment) == 450

    assert embedded_day.severities() == dict.fromkeys(uris, 2)
    with pytest.raises(InvestigationError, match=r"^x0, x1, x2, x3, x4 and 295 more:"):
        score(
            embedded_day.day, 2, [f"x{number}" for number in range(300)], deployment=embedded_day.deployment
        )


@pytest.mark.parametrize("severity", [0, 4, -1, None, True, "1", 1.5, [1]])
def test_other_severities_are_refused(embedded_day: AnalystsDay, severity: object) -> None:
    """1, 2 and 3 are named with their meaning."""
    embedded_day.write_scores({"fulluri": "a"})
    with pytest.raises(InvestigationError, match=r"1 \(high\), 2 \(medium\), 3 \(low\)"):
        score(embedded_day.day, severity, "a", deployment=embedded_day.deployment)
    assert embedded_day.feedback_bytes() is None


def test_a_score_that_fails_half_way_is_wholly_recorded_or_not_at_all(
    embedded_day: AnalystsDay, full_disk
) -> None:
    """The table is the record: without it nothing is; the feedback file follows it with the next touch."""
    day, deployment = embedded_day.day, embedded_day.deployment
    embedded_day.write_scores({"fulluri": "a"}, {"fulluri": "b"})

    with full_disk(PROXY_THREAT_INVESTIGATION), pytest.raises(WarehouseError, match="no space left"):
        score(day, 1, "a", deployment=deployment)
    assert listed(embedded_day) == {"a", "b"}
    assert embedded_day.feedback_bytes() is None

    score(day, 3, "a", deployment=deployment)
    with full_disk(PROXY_THREAT_INVESTIGATION), pytest.raises(WarehouseError, match="no space left"):
        undo_score(day, "a", deployment=deployment)
    assert embedded_day.feedback_severities() == {}
    assert threats(day, deployment=deployment)["fulluri"].tolist() == ["a"]
    assert embedded_day.feedback_severities() == {("a", "10.0.0.1"): 3}


def test_the_feedback_file_follows_the_table(today: AnalystsDay) -> None:
    """What is missing or different is written, what has no severity removed, and what isn't ours stays."""
    day, deployment = today.day, today.deployment
    today.write_scores(*({"fulluri": uri} for uri in ("a", "b", "c", "left\tout")))
    score(day, 1, ["a", "b", "c", "left\tout"], deployment=deployment)
    header, a, b, c, left_out = (today.feedback_bytes() or b"").splitlines(keepends=True)
    today.write_scores(*({"fulluri": uri} for uri in ("a", "b", "c")))
    undo_score(day, "c", deployment=deployment)
    foreign = b"a line of another program\n"
    path = deployment.workspace.feedback(day)
    fields = b.split(b"\t")
    other = b"\t".join((*fields[:URI_SEV], b"3", *fields[URI_SEV + 1 :]))
    deployment.hdfs.write(path, [header, foreign, other, c, left_out])

    found = feedback_drift(day, deployment, repair=False)
    assert (found.missing, found.other, found.unrecorded) == (1, 1, 1)
    assert feedback_drift(day, deployment) == found

    assert (today.feedback_bytes() or b"").splitlines(keepends=True) == [header, foreign, b, left_out, a]
    assert not feedback_drift(day, deployment)
    assert deployment.hdfs.delete(path)
    assert len(threats(day, deployment=deployment)) == 3
    assert {row[18] for row in today.feedback()} == {"a", "b"}


def test_threats_are_the_scored_uris_the_gravest_first(today: AnalystsDay) -> None:
    """Each once, even if Spot's table holds it twice; rows without a severity are left out."""
    rows = [("c", 3), ("b", 2), ("a", 2), ("d", 3), ("d", 1), ("e", None), ("f", 0)]
    frame = threats(today.day, deployment=today.deployment)
    assert (list(frame.columns), len(frame)) == (["tdate", "fulluri", "uri_sev"], 0)
    given = frame.astype(object)
    for number, (uri, severity) in enumerate(rows):
        given.loc[number] = [today.day.key, uri, severity]
    today.deployment.impala.replace_day_with_frame(PROXY_THREAT_INVESTIGATION, today.day, given)

    found = threats(today.day, deployment=today.deployment)

    assert found["fulluri"].tolist() == ["d", "a", "b", "c"]
    assert found["uri_sev"].tolist() == [1, 2, 2, 3]
    assert found["uri_sev"].dtype == "Int32"
    assert np.unique(found["tdate"]).tolist() == [today.day.key]


def test_uploads_of_killed_writers_are_removed_with_the_next_repair(today: AnalystsDay) -> None:
    """Those of living ones stay."""
    hdfs, folder = today.deployment.hdfs, today.deployment.workspace.feedback(today.day).rpartition("/")[0]
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    living = temporary_name("ml_feedback.csv")
    dead = living.replace(f"-{os.getpid()}-", f"-{ended.pid}-")
    for name in (living, dead):
        hdfs.write(f"{folder}/{name}", [b"half"])

    assert "1 temporary file of killed writers" in repaired(today.day, today.deployment)[-1]

    assert [entry.name for entry in hdfs.list_folder(folder)] == [living]
