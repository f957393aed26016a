"""A day that begins with a proxy's log, and ends with notebooks."""

from collections import Counter
from pathlib import Path

import pytest
from support.command import proxy_oa
from support.home import SAMPLE_DAY, Home, check_evaluations, failures, metadata
from support.squid_log import from_log, sample_log

from proxy_oa_assets.model.tables import PROXY, records
from proxy_oa_assets.ranking.reasons import parsed

COMPARED = [
    *("p_date", "p_time", "clientip", "host", "reqmethod", "useragent", "resconttype", "duration"),
    *("username", "referer", "respcode", "urischeme", "uriport", "uripath", "uriquery", "serverip"),
    *("scbytes", "csbytes", "fulluri"),
]


def rows(home: Home) -> Counter[tuple[object, ...]]:
    """Return the day's raw rows; `-` and an empty text are no value."""
    frame = home.deployment.impala.read_day(PROXY, SAMPLE_DAY)[COMPARED]
    return Counter(tuple(None if value in ("-", "") else value for value in row) for row in records(frame))


@pytest.fixture
def other(tmp_path: Path) -> Home:
    """A home whose sample day another system has filled."""
    home = Home(tmp_path / "other")
    home.write_sample(SAMPLE_DAY, views=60)
    return home


@pytest.fixture
def home(tmp_path: Path, other: Home) -> Home:
    """A home with a log of the same requests."""
    log = tmp_path / "logs" / "access.log"
    home = Home(tmp_path / "home", PROXY_OA_LOGS=str(log))
    from_log(SAMPLE_DAY, home, other, log)
    return home


def test_a_log_gives_the_rows_that_the_day_is_made_of(home: Home, other: Home) -> None:
    """Each scored connection has its edges, and each column is as the system that ranked it has it."""
    result = home.materialize(SAMPLE_DAY)
    assert result.success, failures(result)
    failed = {name for name, found in check_evaluations(result).items() if not found.passed}
    assert failed == {"yesterday_is_materialized"}
    ours, theirs = rows(home), rows(other)
    assert not ours - theirs
    # Without the rows that no proxy logs.
    assert (theirs - ours).total() == 4


def test_a_log_becomes_a_scored_day_with_reasons(tmp_path: Path) -> None:
    """From nothing, by the two commands of the README, each a process: the planted attacks stand first."""
    other, log, home = Home(tmp_path / "other"), tmp_path / "access.log", Home(tmp_path / "home")
    other.write_sample(SAMPLE_DAY, views=400, ranked=False)
    sample_log(SAMPLE_DAY, other, log)
    ingested = proxy_oa(home.path, "ingest", str(log))
    assert ingested.returncode == 0, ingested.stderr
    ran = proxy_oa(home.path, "run", "--date", SAMPLE_DAY.key)
    assert ran.returncode == 0, ran.stderr
    (statement,) = [line for line in ran.stdout.splitlines() if "stand out" in line]
    assert statement.startswith(f"{SAMPLE_DAY}  ")
    assert "few clients visit this site" in ran.stdout
    scores = sorted(home.rows("proxy_scores", SAMPLE_DAY), key=lambda row: row["ml_score"])
    pairs = list(dict.fromkeys((row["clientip"], row["host"]) for row in scores))
    assert ("10.20.1.17", "203.0.113.66") in pairs[:10]
    assert all(parsed(row["word"]) for row in scores)
    assert home.data(SAMPLE_DAY).joinpath("proxy_scores.tsv").is_file()


def test_a_day_that_another_system_ranks_later_is_taken_and_counted(home: Home) -> None:
    """The ranking may come later; what fails names the results that are missing."""
    home = Home(home.path, **home.variables, PROXY_OA_RANKING="external")
    home.results(SAMPLE_DAY).unlink()
    result = home.materialize(SAMPLE_DAY)
    assert set(failures(result)) == {"proxy_results"}
    taken = metadata(result, "proxy")["dagster/partition_row_count"]
    assert metadata(result, "ingest_summary")["requests"] == taken
