from pathlib import Path

import pytest
from support.analysts_day import AnalystsDay
from support.command import proxy_oa
from support.home import SAMPLE_DAY, Home

from proxy_oa_assets.investigation.score import score


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.write_sample()
    return home


def test_doctor_finds_a_sound_site_sound(home: Home) -> None:
    """Each configured system has a line that says ok."""
    done = proxy_oa(home.path, "doctor")

    assert done.returncode == 0, done.stdout
    assert {line.split()[0] for line in done.stdout.splitlines()} == {"ok"}
    assert "1 ranked days, the last one 20160912" in done.stdout
    (lists,) = [line for line in done.stdout.splitlines() if "ranking lists" in line]
    assert "shipped ones alone (PROXY_OA_RANKING_LISTS): popular 17,182 of 2026-08-20, " in lists


def test_doctor_counts_days_alone(home: Home) -> None:
    """A folder of another name beside them is no ranked day, and its name doesn't reach the terminal."""
    (home.results(SAMPLE_DAY).parents[2] / "zz\x1b[31m").mkdir()

    done = proxy_oa(home.path, "doctor")

    assert "1 ranked days, the last one 20160912" in done.stdout


def test_doctor_repairs_what_a_killed_analyst_left(tmp_path: Path) -> None:
    """A feedback file without a recorded severity follows the table again; the line says so, once."""
    today = AnalystsDay(Home(tmp_path / "home"), SAMPLE_DAY)
    today.write_scores({"fulluri": "a"})
    score(today.day, 1, "a", deployment=today.deployment)
    today.deployment.hdfs.write(today.deployment.workspace.feedback(today.day), [b""])

    first, second = (proxy_oa(today.home.path, "doctor").stdout.splitlines() for _ in range(2))

    (line,) = [line for line in first if "killed writers" in line]
    assert "ml_feedback.csv follows the severities again (of URIs with a severity, 1 missing" in line
    assert today.recorded() == {"a": 1}
    (line,) = [line for line in second if "killed writers" in line]
    assert line.startswith("ok")


def test_doctor_says_what_to_do_about_a_folder_that_cannot_be_used(home: Home) -> None:
    """What the operating system refuses has its path first, and no number."""
    scratch = home.path / "tmp"
    scratch.write_text("a file where the engine needs a folder", encoding="utf-8")

    done = proxy_oa(home.path, "doctor")

    assert done.returncode == 1
    (broken,) = [line for line in done.stdout.splitlines() if line.startswith("FAIL")]
    assert f"tables               {scratch}" in broken
    assert "permissions" in broken
    assert "Errno" not in broken


def test_doctor_says_what_to_fix_and_exits_with_1(home: Home) -> None:
    """A broken context file, a list's bad line and a missing list are three lines that say FAIL and where."""
    context = home.path / "context.csv"
    context.write_text("ip,description\n10.0.0.300,nobody\n", encoding="utf-8")
    reputation = home.path / "reputation.json"
    reputation.write_text(
        '{"services": [{"service": "blocklist", "lists": [{"path": "gone.txt", "kind": "urls"}]}]}',
        encoding="utf-8",
    )

    lists = home.path / "lists"
    lists.mkdir()
    (lists / "own_domains.txt").write_text("https://corp.example/\n", encoding="utf-8")

    done = proxy_oa(
        home.path,
        "doctor",
        PROXY_OA_NETWORK_CONTEXT=str(context),
        PROXY_OA_RANKING_LISTS=str(lists),
        PROXY_OA_REPUTATION=str(reputation),
    )

    assert done.returncode == 1
    broken = [line for line in done.stdout.splitlines() if line.startswith("FAIL")]
    assert len(broken) == 3
    assert f"{context}:2" in broken[0]
    assert f"{lists}/own_domains.txt:1: 'https://corp.example/' is no domain" in broken[1]
    assert "services[0].lists[0].path" in broken[2]
