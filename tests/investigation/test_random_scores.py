import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.analysts_day import AnalystsDay
from support.home import Home

from proxy_oa_assets.investigation.reset import reset_scored_connections
from proxy_oa_assets.investigation.score import score, threats, undo_score
from proxy_oa_assets.investigation.search import suspicious
from proxy_oa_assets.model.day import Day

DAY = Day.parse("2016-09-12")
CLIENTS = {
    "a": ["x"],
    "b": ["x", "y"],
    "a b": ["z"],
    "a\rb": ["x", "y", "z"],
    "null": ["x"],
    "c\\'\"%s": ["x"],
}
STEP = st.tuples(
    st.sets(st.sampled_from(sorted(CLIENTS)), max_size=3).map(sorted), st.sampled_from([None, 1, 2, 3])
)
STEPS = 40


@pytest.mark.parametrize(
    "examples", [5, pytest.param(25, marks=pytest.mark.slow)], ids=lambda n: f"{n * STEPS} steps"
)
def test_random_scores_agree_with_a_model(examples: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Scoring, undoing and scoring again, in any order: table, feedback file and lists are the model's."""
    day = AnalystsDay(Home(tmp_path_factory.mktemp("random") / "home"), DAY)
    rows = [{"fulluri": uri, "clientip": client} for uri, clients in CLIENTS.items() for client in clients]
    day.write_scores(*rows)
    taken = 0

    @settings(max_examples=examples, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(STEP, min_size=STEPS, max_size=STEPS))
    def agrees(steps: list[tuple[list[str], int | None]]) -> None:
        nonlocal taken
        reset_scored_connections(DAY, deployment=day.deployment)
        model: dict[str, int] = {}
        for uris, severity in steps:
            if severity is None:
                undo_score(DAY, uris, deployment=day.deployment)
                model = {uri: given for uri, given in model.items() if uri not in uris}
            else:
                score(DAY, severity, uris, deployment=day.deployment)
                model |= dict.fromkeys(uris, severity)
            assert day.severities() == model
            taken += 1
        assert fed_back(day) == sorted(
            (uri.replace("\r", " "), client, severity)
            for uri, severity in model.items()
            for client in CLIENTS[uri]
        )
        listed = suspicious(DAY, deployment=day.deployment)
        assert sorted(zip(listed["fulluri"], listed["clientip"], strict=True)) == sorted(
            (uri, client) for uri, clients in CLIENTS.items() for client in clients if uri not in model
        )
        found = threats(DAY, deployment=day.deployment)
        assert dict(zip(found["fulluri"], found["uri_sev"], strict=True)) == model

    agrees()
    assert taken >= examples * STEPS


def fed_back(day: AnalystsDay) -> list[tuple[str, str, int]]:
    return sorted((row[18], row[2], int(row[22])) for row in day.feedback())
