from collections.abc import Callable

import pytest
from support.deployments import WITH_A_SLOW_CLUSTER
from support.home import SAMPLE_DAY, Home

from proxy_oa_assets.investigation.score import score, threats
from proxy_oa_assets.investigation.search import suspicious
from proxy_oa_assets.investigation.storyboard import (
    incident_progression,
    save_storyboard,
    storyboard,
    timeline,
)
from proxy_oa_assets.model.tables import PROXY_SCORES
from proxy_oa_assets.resources.deployment import deployment
from proxy_oa_assets.resources.impala import Warehouse
from proxy_oa_assets.resources.reputation import ReputationResource
from proxy_oa_assets.settings import load_settings


def feedback(home: Home) -> bytes:
    with home.deployment.hdfs.open(home.deployment.workspace.feedback(SAMPLE_DAY)) as file:
        return file.read()


def exported_severities(home: Home) -> dict[str, str]:
    lines = (home.data(SAMPLE_DAY) / "proxy_scores.tsv").read_text("utf-8").split("\n")[1:-1]
    return {line.split("\t")[18]: line.split("\t")[24] for line in lines}


def test_re_materializing_a_scored_day_loses_nothing(new_home: Callable[..., Home]) -> None:
    """Also if a smaller limit leaves out scored rows: scores, stories and feedback stay byte for byte."""
    home = new_home()
    home.write_sample(views=40)
    assert home.materialize(SAMPLE_DAY, limit=60).success
    where = {"deployment": home.deployment}
    first, *_, last = suspicious(SAMPLE_DAY, **where)["fulluri"]
    score(SAMPLE_DAY, 1, [first, last], **where)
    save_storyboard(SAMPLE_DAY, last, "title", "text", **where)

    def recorded() -> list[object]:
        return [
            threats(SAMPLE_DAY, **where).to_csv(),
            storyboard(SAMPLE_DAY, **where).to_csv(),
            timeline(SAMPLE_DAY, last, **where).to_csv(),
            incident_progression(SAMPLE_DAY, last, **where),
            feedback(home),
        ]

    before = recorded()

    assert home.materialize(SAMPLE_DAY, limit=5).success
    assert recorded() == before
    assert last not in set(home.deployment.impala.read_day(PROXY_SCORES, SAMPLE_DAY)["fulluri"])
    severities = exported_severities(home)
    assert {uri for uri, severity in severities.items() if severity == "1"} == {first}


@pytest.fixture
def acting_before(monkeypatch: pytest.MonkeyPatch) -> Callable[[type, str, Callable[[], None]], None]:
    """Return a function that makes an analyst act just before the first call of a method."""

    def act_before(owner: type, name: str, act: Callable[[], None]) -> None:
        work, acted = getattr(owner, name), []

        def acting(self: object, *arguments: object) -> object:
            if not acted:
                acted.append(True)
                act()
            return work(self, *arguments)

        monkeypatch.setattr(owner, name, acting)

    return act_before


@pytest.mark.parametrize("new_home", WITH_A_SLOW_CLUSTER, indirect=True)
@pytest.mark.parametrize("method", ["look_up", "replace_day_with_frame", "read_day"])
def test_a_score_during_a_materialization_survives(
    new_home: Callable[..., Home], acting_before, method: str
) -> None:
    """While reputations are looked up, just before the day is replaced, just before severities are read."""
    home = new_home()
    home.write_sample(views=20)
    assert home.materialize(SAMPLE_DAY, assets=["proxy_results", "scored_connections"]).success
    analyst = deployment(load_settings(**{"PROXY_OA_HOME": str(home.path), **home.variables}))
    where = {"deployment": analyst}
    uri = suspicious(SAMPLE_DAY, **where)["fulluri"].iloc[0]
    owner = {"look_up": ReputationResource, "read_day": Warehouse}.get(method, type(analyst.impala))
    acting_before(owner, method, lambda: score(SAMPLE_DAY, 2, uri, **where))

    assert home.materialize(SAMPLE_DAY, assets=["scored_connections"]).success

    assert threats(SAMPLE_DAY, **where)[["fulluri", "uri_sev"]].to_numpy().tolist() == [[uri, 2]]
    assert uri not in set(suspicious(SAMPLE_DAY, **where)["fulluri"])
    assert feedback(home).count(b"\n") > 1
    analyst.impala.close()


def test_a_null_uri_has_the_severity_of_the_word_null(tmp_path) -> None:
    """A results file can't tell them apart."""
    home, assets = Home(tmp_path / "home"), ["proxy_results", "scored_connections"]
    home.write_sample(views=20)
    results = home.results(SAMPLE_DAY)
    first, *others = results.read_bytes().split(b"\n")
    fields = first.split(b"\t")
    fields[18] = b"null"
    results.write_bytes(b"\n".join((b"\t".join(fields), *others)))
    assert home.materialize(SAMPLE_DAY, assets=assets).success
    assert exported_severities(home)["null"] == "0"

    score(SAMPLE_DAY, 3, "null", deployment=home.deployment)

    assert home.materialize(SAMPLE_DAY, assets=assets).success
    assert exported_severities(home)["null"] == "3"
