"""docs/performance.md and README's figures, written from what benchmarks kept (benchmarks/report.py)."""

import shutil
from pathlib import Path

import pytest

from benchmarks.figures import Figure, Group, ratio
from benchmarks.parts import PARTS
from benchmarks.report import write_document, write_readme
from benchmarks.results import Result, keep

ROOT = Path(__file__).parents[2]
SCAN = "one scan of five columns"


def day(rows: int, quotient: float) -> Group:
    figures = [
        Figure(f"the day's SQL / {SCAN}", quotient, "", 2.0, (quotient - 0.1, quotient + 0.1)),
        Figure("the day's SQL", rows / 1e6, "s", None, (rows / 2e6, rows / 5e5)),
    ]
    return Group(f"{rows:,} raw rows, 500 scored rows", figures, "raw rows", rows)


def result(part: str, *groups: Group, lacking: str = "") -> Result:
    return Result(part, "2 processors", "2016-09-12", 1.5, list(groups), lacking)


@pytest.fixture
def document(tmp_path: Path) -> Path:
    return Path(shutil.copy(ROOT / "docs/performance.md", tmp_path))


def test_growth_has_a_column_per_size_and_says_which_target_is_missed(document: Path, tmp_path: Path) -> None:
    """Figures of growing days stand in one table, with spread and verdict, and in a picture."""
    keep(result("day_sql", day(2_000_000, 1.9), day(50_000_000, 2.25)), tmp_path)
    write_document(document, tmp_path)
    text = document.read_text(encoding="utf-8")
    assert "| raw rows | 2,000,000 | 50,000,000 | target |" in text
    assert (
        f"| the day's SQL / {SCAN} | 1.90 (1.80 to 2.00) met | 2.25 (2.15 to 2.35) **missed** | <= 2 |"
        in text
    )
    assert "| 1.90 to 2.25 | <= 2 | **missed** at 50,000,000 raw rows, 500 scored rows |" in text
    assert "![Cost of the day's SQL](pictures/performance/day_sql.svg)" in text


def test_the_same_figures_draw_the_same_picture(document: Path, tmp_path: Path) -> None:
    """A picture changes only if its figures do."""
    keep(result("day_sql", day(2_000_000, 1.9), day(5_000_000, 2.0)), tmp_path)
    picture = tmp_path / "pictures/performance/day_sql.svg"
    write_document(document, tmp_path)
    first = picture.read_bytes()
    write_document(document, tmp_path)
    assert picture.read_bytes() == first


def test_kinds_stand_in_rows_and_their_quantities_in_columns(document: Path, tmp_path: Path) -> None:
    """A kind without a quantity, such as a peer that is too slow for a large day, has an empty cell."""
    figures = [
        Figure("ours: wall time", 2, "s"),
        Figure("ours: peak memory", 300, "MB"),
        Figure("polars: wall time", 1, "s"),
    ]
    keep(result("peers", Group("10,000,000 raw rows", figures, "raw rows", 10_000_000)), tmp_path)
    write_document(document, tmp_path)
    text = document.read_text(encoding="utf-8")
    assert "|  | wall time | peak memory |" in text
    assert "| polars | 1.00 s |  |" in text


def test_a_target_of_several_kinds_says_how_many_miss_it(document: Path, tmp_path: Path) -> None:
    """Targets are summed up by quantity: which kinds miss it stands in their own section."""
    figures = [Figure("Squid: time / reading", 2.1, "", 2.5), Figure("Zeek: time / reading", 2.6, "", 2.5)]
    keep(result("ingest", Group("500,000 lines", figures)), tmp_path)
    write_document(document, tmp_path)
    text = document.read_text(encoding="utf-8")
    assert "| ingest | time / reading | 2.10 to 2.60 | <= 2.5 | **missed** by 1 of 2 |" in text
    assert "| Zeek | 2.60 **missed** |" in text


def test_a_part_that_could_not_be_measured_says_why(document: Path, tmp_path: Path) -> None:
    """Neither a part that was skipped nor one that was never measured looks as if it had no figures."""
    keep(result("cluster_sql", lacking="Maven is missing"), tmp_path)
    write_document(document, tmp_path)
    text = document.read_text(encoding="utf-8")
    assert "**Skipped** on 2016-09-12: Maven is missing" in text
    assert text.count("Not measured yet: `python -m benchmarks.all --only") == len(PARTS) - 1


def test_readme_has_the_most_telling_figures(tmp_path: Path) -> None:
    """README's table is written from the same figures."""
    readme = Path(shutil.copy(ROOT / "README.md", tmp_path))
    keep(result("day_sql", day(2_000_000, 1.9)), tmp_path)
    write_readme(readme, tmp_path)
    row = (
        f"| the day's SQL / {SCAN}; 2,000,000 raw rows, 500 scored rows | 1.90 | 1.80 to 2.00 | <= 2 | met |"
    )
    assert row in readme.read_text(encoding="utf-8")


def test_a_ratio_is_of_works_of_the_same_round() -> None:
    """A slow round slows both works, and the median is of the quotients."""
    found = ratio("a / b", {"a": [2.0, 9.0, 4.0], "b": [1.0, 3.0, 1.0]}, "a", "b", target=2.5)
    assert (found.value, found.spread, found.verdict) == (3.0, (2.0, 4.0), "missed")
