"""The signals' declarations, and what is silent on a day."""

import re
from pathlib import Path

import pytest

from proxy_oa_assets.ranking.signal import Fact, Signal, all_signals, facts_of
from proxy_oa_assets.ranking.signs import silent
from proxy_oa_assets.ranking.weights import read_weights

DOCS = Path(__file__).parents[2] / "docs/ranking.md"


def test_each_signal_is_documented_with_its_points() -> None:
    """The table of docs/ranking.md has each signal once, and its points as weights.toml has them."""
    section = DOCS.read_text(encoding="utf-8").partition("## Signals")[2].partition("### Context")[0]
    documented = {}
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        names = re.findall("`([a-z_]+)`", cells[1]) if len(cells) == 5 else []
        documented |= dict(zip(names, cells[2].split(", "), strict=True)) if names else {}

    weights = read_weights().signals
    assert {name: float(points) for name, points in documented.items()} == {
        signal.name: weights[signal.name] for signal in all_signals()
    }


def test_each_family_is_documented_with_its_cap() -> None:
    """The table names a family's cap where the family begins."""
    text = DOCS.read_text(encoding="utf-8")
    families = {signal.family for signal in all_signals()}
    caps = dict(re.findall(r"^\| ([a-z_]+) \(([\d.]+)\) \|", text, re.MULTILINE))

    assert {name: float(cap) for name, cap in caps.items()} == {
        name: cap for name, cap in read_weights().families.items() if name in families
    }


def test_a_signal_without_its_column_or_history_is_silent() -> None:
    """The first thing that it misses is named."""
    signals = [
        Signal("a", "f", "words", "1", reads=("referer", "uripath")),
        Signal("b", "f", "words", "1", history=3),
        Signal("c", "f", "words", "1"),
    ]

    assert silent(signals, ["referer", "uripath"], 2) == {
        "a": "no request has a value in referer and uripath",
        "b": "fewer than 3 of the days before are known",
    }
    assert silent(signals, [], 3) == {}


def test_two_facts_of_one_name_must_be_the_same() -> None:
    """Signals share a fact; a different one of its name is a defect, named with the signal."""
    shared = Signal("a", "f", "words", "1", facts=(Fact("n", "sum(requests)"),))
    other = Signal("b", "f", "words", "1", facts=(Fact("n", "max(requests)"),))

    assert facts_of([shared, shared]) == (Fact("n", "sum(requests)"),)
    with pytest.raises(ValueError, match="signal b: another signal declares n differently"):
        facts_of([shared, other])
