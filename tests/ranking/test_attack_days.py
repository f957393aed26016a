"""The made attacks that the ranking is measured on (benchmarks/attack_days)."""

from pathlib import Path

import pytest

from benchmarks.attack_days.evasion import EVASIONS
from benchmarks.attack_days.kinds import KINDS
from benchmarks.attack_days.scene import Scenario, clean_day, made_day, raw_rows

_MADE = {scenario.name: scenario for scenario in (*EVASIONS, *KINDS)}
_SOME = ("beacon 300 s, GET, +-30 %", "one a day, known hosts", "drive by", "CONNECT only, upload")


@pytest.mark.parametrize("name", _SOME)
def test_made_day_has_the_clean_rows_and_every_bad_pair(name: str, tmp_path: Path) -> None:
    """An attack adds rows of its own to the day; each of its bad pairs has some."""
    made = made_day(_on_sample(name), None, tmp_path)
    rows = raw_rows(made.folder, made.day)
    pairs = set(zip(rows["clientip"].to_pylist(), rows["host"].to_pylist(), strict=True))
    clean = clean_day("sample", None).rows
    before = set(zip(clean["clientip"].to_pylist(), clean["host"].to_pylist(), strict=True))
    assert made.bad
    assert made.bad <= pairs - before
    assert before <= pairs


def test_same_seed_makes_the_same_day(tmp_path: Path) -> None:
    """Figures of two runs can be compared."""
    scenario = _on_sample("beacon 300 s, GET, +-30 %")
    one, two = (made_day(scenario, None, tmp_path / name) for name in ("one", "two"))
    assert one.bad == two.bad
    assert raw_rows(one.folder, one.day).equals(raw_rows(two.folder, two.day))


def test_days_before_are_written(tmp_path: Path) -> None:
    """A request a day needs the nine days before, each with its date."""
    made = made_day(_on_sample("one a day, no other history"), None, tmp_path)
    for days_ago in range(1, 10):
        day = made.day.plus(-days_ago)
        assert raw_rows(made.folder, day)["p_date"].to_pylist() == [day.key]


def _on_sample(name: str) -> Scenario:
    made = _MADE[name]
    return Scenario(made.name, "sample", made.make)
