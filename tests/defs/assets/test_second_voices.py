"""A site's second voices reach the results file, the metadata and the command line."""

import dagster as dg
import pytest
from support.home import SAMPLE_DAY, Home

pytest.importorskip("sigma", reason="the extra `sigma` isn't installed")
pytest.importorskip("sklearn", reason="the extra `topics` isn't installed")

from rich.console import Console

from proxy_oa_assets.cli import console
from proxy_oa_assets.cli.doctor import probe_all
from proxy_oa_assets.cli.history import materialize_day

RULE = """
title: Programs
author: A. Author
status: test
level: high
logsource: {category: proxy}
detection: {s: {c-uri-extension: [exe, hta, ps1]}, condition: s}
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home with all voices, a rule that can be used, and one that can't."""
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "good.yml").write_text(RULE)
    (rules / "bad.yml").write_text(RULE.replace("s: {", "s: {cs-host|smells: x, "))
    home = Home(tmp_path / "home", PROXY_OA_RANKING_VOICES="fisher,topics", PROXY_OA_SIGMA_RULES=str(rules))
    for name, value in home.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PROXY_OA_HOME", str(home.path))
    return home


def test_reasons_reach_the_results_and_what_cannot_be_used_the_user(home, monkeypatch):
    """Title and author in the word; the refused rule in what `run` prints, and in `doctor`."""
    home.write_sample(ranked=False)
    with dg.DagsterInstance.ephemeral() as instance:
        done = materialize_day(home.definitions, SAMPLE_DAY, 500, instance)
    assert done.failures == {}
    words = {row["word"] for row in home.rows("proxy_scores", SAMPLE_DAY)}
    assert any("sigma:Programs:A._Author=" in word for word in words)
    refused = "not used: bad.yml: Unknown modifier 'smells'"
    assert done.notes == [f"1 Sigma rule for proxies in {home.path.parent / 'rules'}", refused]
    recorded = Console(record=True, width=200)
    monkeypatch.setattr(console, "console", recorded)
    console.show_day(done)
    assert refused in recorded.export_text()
    (probe,) = (probe for probe in probe_all() if probe.what == "Sigma rules")
    assert probe.doubtful
    assert refused in probe.finding
