"""`proxy-oa evaluate` on a sample day: our own ranking, another system's, and errors."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result
from support.home import SAMPLE_DAY, Home

from proxy_oa_assets.cli.main import main
from proxy_oa_assets.ingest.sample.attacks import BEACON_HOST, DROPPER_HOST

_LABELS = f"""\
p_date,clientip,host,label
{SAMPLE_DAY},10.20.1.23,{BEACON_HOST},confirmed
{SAMPLE_DAY},10.20.1.17,{DROPPER_HOST},malicious
{SAMPLE_DAY},10.20.1.99,absent.example,malicious
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A sample day of raw requests, without results."""
    made = Home(tmp_path_factory.mktemp("evaluated"))
    made.write_sample(ranked=False)
    return made


def _evaluate(home: Home, labels: str, *options: object, day: object = SAMPLE_DAY) -> Result:
    path = home.path / "labels.csv"
    path.write_text(labels, encoding="utf-8")
    arguments = ["evaluate", "--date", str(day), "--labels", str(path), *map(str, options)]
    return CliRunner().invoke(main, arguments, env={"PROXY_OA_HOME": str(home.path), "COLUMNS": "120"})


def test_own_ranking_with_what_each_signal_carries_and_a_plot(home: Home, tmp_path: Path) -> None:
    """The day is ranked from its raw requests; labelled pairs that it lacks are named; the plot is SVG."""
    plot = tmp_path / "found.svg"
    done = _evaluate(home, _LABELS, "--plot", plot)
    assert done.exit_code == 0, done.output
    assert "the ranking of the raw requests" in done.stdout
    assert "3 labelled connections among" in done.stdout
    assert "1 labelled connection not ranked" in done.stdout
    assert "rare_host" in done.stdout.partition("What each signal carries")[2]
    assert ET.fromstring(plot.read_text(encoding="utf-8")).tag.endswith("svg")


def test_results_of_another_system_in_their_order(home: Home) -> None:
    """Their file's order is measured, and no signal of ours."""
    home.write_sample()
    try:
        done = _evaluate(home, _LABELS)
    finally:
        home.results(SAMPLE_DAY).unlink()
    assert done.exit_code == 0, done.output
    assert f"another system's ranking, {home.results(SAMPLE_DAY)}" in done.stdout.replace("\n", "")
    assert "What each signal carries" not in done.stdout


@pytest.mark.parametrize(
    ("labels", "day", "message"),
    [
        (_LABELS.replace(",host,", ",site,"), SAMPLE_DAY, "labels.csv:1: no column host"),
        (_LABELS, "2016-09-13", "has no attack of 2016-09-13: it labels 2016-09-12"),
        (
            _LABELS.replace(SAMPLE_DAY.key, "2016-09-14"),
            "2016-09-14",
            "has no raw request to rank: ingest the logs of 2016-09-14",
        ),
    ],
)
def test_what_does_not_fit_is_one_line(home: Home, labels: str, day: object, message: str) -> None:
    """An unusable file, and a day without labels or requests, end with exit code 1 and what to do."""
    done = _evaluate(home, labels, day=day)
    assert done.exit_code == 1
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
