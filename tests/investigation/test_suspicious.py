import subprocess
import sys

import pytest
from support.analysts_day import AnalystsDay
from support.storyboard_days import HOSTILE

from proxy_oa_assets.investigation.score import score
from proxy_oa_assets.investigation.search import details, suspicious, suspicious_listed
from proxy_oa_assets.model.errors import DayError, InvestigationError
from proxy_oa_assets.model.tables import PROXY_EDGE, PROXY_SCORES


def uris(frame) -> list[str]:
    return frame["fulluri"].tolist()


def test_each_connection_is_listed_once_the_lowest_score_first(today: AnalystsDay) -> None:
    """By its lowest row, with the number of its rows and its feedback; the rest is proxy_scores'."""
    today.write_scores(
        {"fulluri": "a.test/", "ml_score": 0.3, "time": "01:00:00"},
        {"fulluri": "a.test/", "ml_score": 0.1, "time": "02:00:00"},
        {"fulluri": "a.test/", "ml_score": 0.2, "time": "03:00:00"},
        {"fulluri": "a.test/", "ml_score": 0.4, "clientip": "10.0.0.2"},
        {"fulluri": "b.test/", "ml_score": 0.05},
    )

    found = suspicious(today.day, deployment=today.deployment)

    assert tuple(found.columns) == (*PROXY_SCORES.column_names, "scored_rows", "feedback")
    rows = found[["fulluri", "clientip", "time", "scored_rows"]].to_numpy().tolist()
    assert rows == [
        ["b.test/", "10.0.0.1", "09:00:00", 1],
        ["a.test/", "10.0.0.1", "02:00:00", 3],
        ["a.test/", "10.0.0.2", "09:00:00", 1],
    ]
    assert uris(suspicious(today.day.key, limit=1, deployment=today.deployment)) == ["b.test/"]


def test_a_scored_uri_leaves_the_list_of_its_day_and_of_no_other(today: AnalystsDay) -> None:
    """With all its connections; in Spot it disappeared from every day."""
    tomorrow = AnalystsDay(today.home, today.day.plus(1))
    rows = [{"fulluri": "a.test/"}, {"fulluri": "a.test/", "clientip": "10.0.0.2"}, {"fulluri": "a.test/x"}]
    today.write_scores(*rows)
    tomorrow.write_scores(*rows)

    score(today.day, 3, "a.test/", deployment=today.deployment)

    assert uris(suspicious(today.day, deployment=today.deployment)) == ["a.test/x"]
    assert sorted(uris(suspicious(tomorrow.day, deployment=today.deployment))) == [
        "a.test/",
        "a.test/",
        "a.test/x",
    ]


def test_filters_are_a_part_of_the_uri_and_a_whole_client(today: AnalystsDay) -> None:
    """An empty text filters nothing, as an empty field of a form."""
    today.write_scores(
        {"fulluri": "a.test/login", "clientip": "10.0.0.1"},
        {"fulluri": "b.test/login", "clientip": "10.0.0.11"},
        {"fulluri": "c.test/Login", "clientip": "10.0.0.1"},
    )

    def listed(**filters: str | None) -> list[str]:
        return uris(suspicious(today.day, **filters, deployment=today.deployment))

    assert listed(uri="test/login") == ["a.test/login", "b.test/login"]
    assert listed(clientip="10.0.0.1") == ["a.test/login", "c.test/Login"]
    assert listed(uri="login", clientip="10.0.0.1") == ["a.test/login"]
    assert listed(uri="", clientip="") == listed() == listed(uri=None, clientip=None)
    assert listed(uri="login%") == listed(uri="l_gin") == listed(clientip="10.0.0.") == []


def test_a_filter_finds_hostile_texts_and_executes_none(today: AnalystsDay) -> None:
    """Quotes, backslashes, `%s`, `${...}`, SQL: each finds just the URIs that hold it."""
    texts = [text for text in HOSTILE if text]
    today.write_scores(*({"fulluri": f"{number}/{text}/"} for number, text in enumerate(texts)))

    for text in texts:
        expected = {f"{number}/{other}/" for number, other in enumerate(texts) if text in other}
        assert set(uris(suspicious(today.day, uri=text, deployment=today.deployment))) == expected


def test_null_is_the_word_null(today: AnalystsDay) -> None:
    """A results file can't tell them apart: one connection, found and scored by the word."""
    today.write_scores({"fulluri": None, "clientip": None}, {"fulluri": "null", "clientip": "null"})

    (row,) = suspicious(today.day, "null", "null", deployment=today.deployment).itertuples()
    assert row.scored_rows == 2

    assert score(today.day, 1, "null", deployment=today.deployment) == 2
    assert suspicious(today.day, deployment=today.deployment).empty
    assert len(today.feedback()) == 2


def test_details_are_the_connection_s_requests_in_time_order(today: AnalystsDay) -> None:
    """In every hour, not only that of the scored row; NULL is the word null here, too."""
    today.write_raw(
        *({"fulluri": "a.test/", "p_time": time} for time in ("22:00:00", "09:30:00", "09:00:00")),
        {"fulluri": "a.test/", "clientip": "10.0.0.2"},
        {"fulluri": None, "clientip": None},
    )
    today.write_scores({"fulluri": "a.test/"}, {"fulluri": "null", "clientip": "null"})
    today.write_edges()

    found = details(today.day, "a.test/", "10.0.0.1", deployment=today.deployment)
    assert tuple(found.columns) == PROXY_EDGE.column_names
    assert found["time"].tolist() == ["09:00:00", "09:30:00", "22:00:00"]
    assert len(details(today.day, "null", "null", deployment=today.deployment)) == 1
    assert details(today.day, "a.test/", "10.0.0.9", deployment=today.deployment).empty


def test_the_default_deployment_is_the_configured_one(embedded_day: AnalystsDay) -> None:
    """In a script: the settings say where the tables are, and the day is given by its key."""
    embedded_day.write_scores({"fulluri": "a.test/"})
    program = (
        "from proxy_oa_assets.investigation.score import score, threats; "
        "from proxy_oa_assets.investigation.search import suspicious; "
        "day, = sys.argv[1:]; (uri,) = suspicious(day)['fulluri']; score(day, 2, uri); "
        "print(*threats(day)['fulluri'])"
    )

    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {program}", embedded_day.day.key],
        env=embedded_day.home.environment(),
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "a.test/\n"
    assert embedded_day.severities() == {"a.test/": 2}


def test_an_invalid_day_or_limit_is_refused(embedded_day: AnalystsDay) -> None:
    """The message names the value and its form."""
    with pytest.raises(DayError, match="YYYY-MM-DD"):
        suspicious("20160101", deployment=embedded_day.deployment)
    with pytest.raises(InvestigationError, match="limit is 0"):
        suspicious(embedded_day.day, limit=0, deployment=embedded_day.deployment)


def test_a_filtered_list_says_how_many_there_are(today: AnalystsDay) -> None:
    """Page after page; with a term about the severity, connections that have one are found, too."""
    today.write_scores(
        {"fulluri": "Evil.test/gate", "ml_score": 0.1, "word": "beacon=1", "uri_rep": "a:BAD:3"},
        {"fulluri": "evil.test/next", "ml_score": 0.2, "word": "near", "time": "7:30:00"},
        {"fulluri": "evil.test/next", "ml_score": 0.3, "reqmethod": "POST", "time": "08:30:00"},
        {"fulluri": "evil.test/given", "ml_score": 0.4, "clientip": "10.9.0.1"},
        {"fulluri": "good.test/", "ml_score": 0.05},
    )
    score(today.day, 1, "evil.test/given", deployment=today.deployment)

    def listed(filters: str, **page: int) -> tuple[list[str], int]:
        found = suspicious_listed(today.day, filters, deployment=today.deployment, **page)
        assert tuple(found.frame.columns) == (*PROXY_SCORES.column_names, "scored_rows", "feedback")
        return uris(found.frame), found.total

    assert listed("hxxp://evil[.]test/") == (["Evil.test/gate", "evil.test/next"], 2)
    assert listed("", limit=1, offset=1) == (["Evil.test/gate"], 3)
    assert listed("", limit=9, offset=3) == ([], 3)
    assert listed("method:post time:8-9") == (["evil.test/next"], 1)
    assert listed("verdict:high reason:beacon") == (["Evil.test/gate"], 1)
    assert listed("-verdict:high -host:good.test time:7") == (["evil.test/next"], 1)
    assert listed("severity:high") == (["evil.test/given"], 1)
    assert listed("severity:any,none client:10.0.0.0/8")[1] == 4
    assert uris(suspicious(today.day, filters="-evil.test", deployment=today.deployment)) == ["good.test/"]
    with pytest.raises(InvestigationError, match="is no field"):
        listed("clinet:10.0.0.1")
