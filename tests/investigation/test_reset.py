import pytest
from support.analysts_day import AnalystsDay

from proxy_oa_assets.investigation.incidents import incidents, save_incident
from proxy_oa_assets.investigation.journal import history
from proxy_oa_assets.investigation.reset import reset_scored_connections
from proxy_oa_assets.investigation.score import score, threats
from proxy_oa_assets.investigation.search import suspicious
from proxy_oa_assets.investigation.storyboard import (
    incident_progression,
    save_storyboard,
    storyboard,
    timeline,
)
from proxy_oa_assets.model.tables import PROXY, PROXY_EDGE, PROXY_SCORES


@pytest.fixture
def three_days(today: AnalystsDay) -> list[AnalystsDay]:
    """Three days on which analysts scored two URIs and saved a story."""
    days = [AnalystsDay(today.home, today.day.plus(number)) for number in range(3)]
    for day in days:
        day.write_raw({"fulluri": "a"}, {"fulluri": "b"}, {"fulluri": "c"})
        day.write_scores({"fulluri": "a"}, {"fulluri": "b"}, {"fulluri": "c"})
        day.write_edges()
        score(day.day, 1, ["a", "b"], deployment=day.deployment)
        save_storyboard(day.day, "a", "title", "text", deployment=day.deployment)
        pairs = [("10.0.0.1", "b"), ("10.0.0.1", "c")]
        save_incident(day.day, "title", "text", pairs, deployment=day.deployment)
    return days


def recorded(day: AnalystsDay) -> list[object]:
    """Return everything that analysts did on a day, comparable."""
    where = {"deployment": day.deployment}
    frames = (threats(day.day, **where), storyboard(day.day, **where), timeline(day.day, "a", **where))
    return [
        *(frame.to_csv() for frame in frames),
        *(incident_progression(day.day, uri, **where) for uri in "abc"),
        incidents(day.day, **where),
        history(day.day, **where).to_csv(),
        day.feedback_bytes(),
        suspicious(day.day, **where)["fulluri"].tolist(),
    ]


def test_a_reset_clears_exactly_that_day_which_can_be_scored_again(three_days: list[AnalystsDay]) -> None:
    """Severities, journal, stories, incidents, feedback; what was materialized and other days stay."""
    before, middle, after = three_days
    kept = [recorded(before), recorded(after)]
    made = [
        middle.deployment.impala.read_day(table, middle.day) for table in (PROXY, PROXY_SCORES, PROXY_EDGE)
    ]

    lines = reset_scored_connections(middle.day, deployment=middle.deployment)

    assert [recorded(before), recorded(after)] == kept
    where = {"deployment": middle.deployment}
    assert threats(middle.day, **where).empty
    assert storyboard(middle.day, **where).empty
    assert timeline(middle.day, "a", **where).empty
    assert [incident_progression(middle.day, uri, **where) for uri in "abc"] == [None] * 3
    assert incidents(middle.day, **where) == []
    assert history(middle.day, **where).empty
    assert middle.feedback_bytes() is None
    assert suspicious(middle.day, **where)["fulluri"].tolist() == ["a", "b", "c"]
    for table, frame in zip((PROXY, PROXY_SCORES, PROXY_EDGE), made, strict=True):
        assert middle.deployment.impala.read_day(table, middle.day).equals(frame)
    assert len(lines) == 9  # feedback, three progressions, an incident, three tables, the journal
    assert f"proxy_threat_investigation: 2 rows of {middle.day} removed" in lines

    # Scoring again brings nothing of the former scores back.
    score(middle.day, 3, "c", **where)
    assert middle.severities() == {"c": 3}
    assert middle.feedback_severities() == {("c", "10.0.0.1"): 3}
