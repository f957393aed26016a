"""Patterns of logs: which files they name, and which can hold a day as far as their names say."""

from pathlib import Path

import pytest

from proxy_oa_assets.ingest.log_patterns import all_logs, logs_by_name
from proxy_oa_assets.model.day import Day

DAY = Day.parse("2026-01-15")


@pytest.fixture
def make(tmp_path: Path):
    """Return a function that makes files, and returns the names of those that can hold the day."""

    def names(pattern: str, *files: str) -> set[str]:
        for file in files:
            path = tmp_path / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file, encoding="utf-8")
        found = logs_by_name([str(tmp_path / pattern)], DAY)
        return {str(path.relative_to(tmp_path)) for path in found}

    return names


def test_a_file_of_a_date_can_hold_the_days_beside_it(make) -> None:
    """Clocks of other zones, and rotation after midnight: the file of the 15th can begin on the 14th."""
    files = [f"2026-01-{day}/http.{hour}:00.log.gz" for day in (13, 14, 15, 16, 17) for hour in ("00", "23")]
    assert make("%Y-%m-%d/http.%H:*.log.gz", *files) == {
        file for file in files if file[8:10] in ("14", "15", "16")
    }


def test_a_file_of_a_week_is_found_by_the_nearest_dates(make) -> None:
    """Rotated weekly, the file of the 11th begins on that day, or ends there; that of the 18th likewise."""
    files = ["access.log-20260104.gz", "access.log-20260111.gz", "access.log-20260118.gz"]
    assert make("access.log-%Y%m%d.gz", *files) == {files[1], files[2]}


def test_a_name_without_a_whole_date_says_nothing(make) -> None:
    """Numbered rotations and months: each file can hold the day, by its times alone."""
    numbered = ["access.log", "access.log.1", "access.log.2.gz"]
    assert make("access.log*", *numbered) == set(numbered)
    months = ["2026-01.log", "2025-12.log"]
    assert make("%Y-%m.log", *months) == set(months)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("%F.log", "2026-01-15.log"),
        ("%y%j.log", "26015.log"),
        ("%d.%b.%Y/%H%M%S.log", "15.Jan.2026/235959.log"),
        ("100%%-%Y%m%d", "100%-20260115"),
        ("**/a.%Y%m%d", "deep/down/a.20260115"),
    ],
)
def test_date_codes_are_those_of_strftime(make, pattern: str, name: str) -> None:
    """Days of the year, month names, times that stand for any, a percent sign, folders at any depth."""
    assert make(pattern, name) == {name}


def test_a_file_counts_once(tmp_path: Path) -> None:
    """However many patterns name it, and by any links."""
    log = tmp_path / "access.log"
    log.write_text("a", encoding="utf-8")
    (tmp_path / "current").symlink_to(log)
    (tmp_path / "access.d").mkdir()
    (tmp_path / "dangling").symlink_to(tmp_path / "gone")
    assert all_logs([f"{tmp_path}/access*", f"{tmp_path}/*"]) == [log]
