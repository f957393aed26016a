"""Scoring URIs that are in the raw log and not in the list."""

import hashlib

import pytest
from support.analysts_day import URI_SEV, AnalystsDay

from proxy_oa_assets.investigation.feedback import COLUMNS
from proxy_oa_assets.investigation.repair import repaired
from proxy_oa_assets.investigation.score import feedback_drift, host_uris, score, threats, undo_score
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.model.tables import PROXY_THREAT_INVESTIGATION

HOST = "h.test"
LISTED, RAW = "h.test/listed", "h.test/raw\\\t'1"


@pytest.fixture
def a_host(today: AnalystsDay) -> AnalystsDay:
    """A day with a host of which one URI is in the list."""
    today.write_raw(
        {"fulluri": RAW, "host": HOST, "p_time": "10:00:00", "useragent": "late"},
        {"fulluri": RAW, "host": HOST, "p_time": "9:00:00", "useragent": "early", "respcode": "404"},
        {"fulluri": RAW, "host": HOST, "clientip": "10.0.0.2", "referer": None, "scbytes": None},
        {"fulluri": LISTED, "host": HOST},
        {"fulluri": "h.test/upper", "host": "H.test"},
        {"fulluri": None, "host": None},
        {"fulluri": "other.test/", "host": "other.test"},
    )
    today.write_scores({"fulluri": LISTED, "host": HOST}, {"fulluri": "h.test/only listed", "host": HOST})
    return today


def test_a_whole_host_is_scored_and_fed_back(a_host: AnalystsDay) -> None:
    """A line of each connection that isn't in the list, made of its earliest request in the raw log."""
    where = {"deployment": a_host.deployment}
    uris = host_uris(a_host.day, "h.TEST", **where)
    assert host_uris(a_host.day, "hxxp://h[.]test/", **where) == uris
    assert uris == [LISTED, "h.test/only listed", RAW, "h.test/upper"]
    assert host_uris(a_host.day, None, **where) == ["null"]

    assert score(a_host.day, 1, uris, **where) == 5

    assert a_host.severities() == dict.fromkeys(uris, 1)
    lines = [dict(zip(COLUMNS, line, strict=True)) for line in a_host.feedback()]
    raw = {line["clientip"]: line for line in lines if line["fulluri"].startswith("h.test/raw")}
    assert raw["10.0.0.1"] == {
        **dict.fromkeys(COLUMNS, "-"),
        "p_date": a_host.day.key,
        "p_time": "9:00:00",
        "clientip": "10.0.0.1",
        "host": HOST,
        "useragent": "early",
        "respcode": "404",
        **dict.fromkeys(("duration", "scbytes", "csbytes", "uri_sev"), "1"),
        "fulluri": RAW.replace("\t", " "),
        **dict.fromkeys(("word", "score", "uri_rep", "network_context"), ""),
        "respcode_name": "Not Found",
        "hash": hashlib.md5(f"10.0.0.1{RAW}".encode()).hexdigest() + "09",
    }
    assert (raw["10.0.0.2"]["referer"], raw["10.0.0.2"]["scbytes"]) == ("null", "null")
    assert len(lines) == 5
    assert not feedback_drift(a_host.day, a_host.deployment)


def test_its_lines_follow_the_table_like_others(a_host: AnalystsDay) -> None:
    """Scored again, taken back, lost, or of a severity that another program removed."""
    where = {"deployment": a_host.deployment}
    path = a_host.deployment.workspace.feedback(a_host.day)
    score(a_host.day, 1, [RAW, LISTED, "null"], **where)
    score(a_host.day, 3, RAW, **where)
    assert sorted(line[URI_SEV] for line in a_host.feedback()) == ["1", "1", "3", "3"]
    content = a_host.feedback_bytes()
    assert a_host.deployment.hdfs.delete(path)
    assert feedback_drift(a_host.day, a_host.deployment, repair=False).missing == 3
    assert len(threats(a_host.day, **where)) == 3
    assert sorted((a_host.feedback_bytes() or b"").splitlines()) == sorted((content or b"").splitlines())

    undo_score(a_host.day, "null", **where)
    assert sorted(line[URI_SEV] for line in a_host.feedback()) == ["1", "3", "3"]
    a_host.deployment.impala.drop_day(PROXY_THREAT_INVESTIGATION, a_host.day)
    assert "2 there" in repaired(a_host.day, a_host.deployment)[0]
    assert a_host.feedback() == []


def test_a_uri_that_is_neither_listed_nor_in_the_raw_log_is_refused(a_host: AnalystsDay) -> None:
    """It is named, and none of the others is scored."""
    with pytest.raises(InvestigationError, match=r"^h.test/gone: not among .* nor in its raw log"):
        score(a_host.day, 1, [RAW, "h.test/gone"], deployment=a_host.deployment)
    assert a_host.severities() == {}
    assert a_host.feedback_bytes() is None
