"""What a soak run finds of a day: a check that sees nothing torn must be one that would."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.analysts_day import AnalystsDay
from support.home import Home

from proxy_oa_assets.investigation.incidents import save_incident
from proxy_oa_assets.investigation.score import score
from proxy_oa_assets.investigation.storyboard import save_storyboard
from proxy_oa_assets.model.day import Day
from soak.state import Outcome, day_state, judged

DAY = Day.parse("2016-09-12")
OLD, NEW = {"a": "1", "b": "1", "gone": "1"}, {"a": "2", "b": "1", "made": "2"}


@pytest.mark.parametrize(
    ("found", "outcome", "parts"),
    [
        (OLD, Outcome.OLD, []),
        (NEW, Outcome.NEW, []),
        ({"a": "2", "b": "1", "gone": "1"}, Outcome.BETWEEN, []),
        ({"a": "3", "b": "1", "gone": "1"}, Outcome.TORN, ["a"]),
        ({"a": "1", "b": "1", "strange": "1"}, Outcome.TORN, ["strange"]),
        ({"a": "1"}, Outcome.LOST, ["b"]),
    ],
)
def test_each_part_is_the_old_or_the_new_one(found, outcome, parts):
    """A part that is neither is torn; one that both have and that is missing is lost."""
    verdict = judged(found, OLD, NEW)
    assert (verdict.outcome, verdict.parts) == (outcome, parts)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A day with raw rows, scores, an analyst's severity, a story and an incident."""
    home = Home(tmp_path_factory.mktemp("prepared") / "home")
    day = AnalystsDay(home, DAY)
    day.write_raw(*({"fulluri": uri} for uri in ("one", "two", "three")))
    day.write_scores({"fulluri": "one"}, {"fulluri": "two"})
    score(DAY, 2, "one", deployment=home.deployment)
    save_storyboard(DAY, "one", "title", "text", deployment=home.deployment)
    pairs = [("10.0.0.1", "two"), ("10.0.0.1", "three")]
    save_incident(DAY, "incident", "text", pairs, deployment=home.deployment)
    home.data(DAY).mkdir(parents=True)
    (home.data(DAY) / "proxy_scores.tsv").write_text("a\tb\n1\t2\n", encoding="utf-8")
    return home


@pytest.fixture
def home(prepared: Home, tmp_path: Path) -> Home:
    """A copy, to be damaged."""
    return Home(shutil.copytree(prepared.path, tmp_path / "home"))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def unlink_incident(home: Home) -> None:
    (path,) = home.root.joinpath(*home.deployment.workspace.progressions(DAY).split("/")[1:]).glob(
        "incident-????????????.json"
    )
    path.unlink()


# Each part of a day, and how it is damaged.
DAMAGES: dict[str, Callable[[Home], None]] = {
    "table proxy_scores": lambda home: home.rewrite("proxy_scores", DAY, lambda rows: rows.slice(1)),
    "table proxy": lambda home: home.raw_files(DAY)[0].unlink(),
    "table proxy_threat_investigation": lambda home: home.rewrite(
        "proxy_threat_investigation", DAY, lambda rows: rows.slice(1)
    ),
    "feedback of one": lambda home: cut(home.root / home.deployment.workspace.feedback(DAY).lstrip("/")),
    "incident incident": unlink_incident,
    "journal": lambda home: (home.root / home.deployment.workspace.journal(DAY).lstrip("/")).unlink(),
    "data/proxy/20160912/proxy_scores.tsv": lambda home: cut(home.data(DAY) / "proxy_scores.tsv"),
}


def test_any_damage_of_a_day_is_seen(prepared, home):
    """Of rows, raw hours, analysts' work and exports, and of nothing else; a copy of a day is the same."""
    before = day_state(prepared, DAY)
    assert day_state(home, DAY) == before
    for damage in DAMAGES.values():
        damage(home)
    found = day_state(home, DAY)
    differing = {part.removeprefix(f"{DAY} ") for part in before if found.get(part) != before[part]}
    # Rows of scores are seen in their file as well.
    assert {part for part in differing if not part.endswith("/part.parquet")} == set(DAMAGES)
    assert found.keys() <= before.keys()
