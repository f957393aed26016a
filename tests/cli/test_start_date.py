"""`init-db` and `doctor` propose the first day there is as PROXY_OA_START_DATE."""

import datetime as dt

import pytest
from support.command import proxy_oa
from support.home import Home

from proxy_oa_assets.cli.start_date import Doubtful, first_day, start_date_finding
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY

RAW, RANKED = Day.parse("2016-09-12"), Day.parse("2016-09-20")
RESULTS = "proxy/scored_results"


def finding(home: Home, start: str) -> str:
    settings = home.settings.model_copy(update={"start_date": dt.date.fromisoformat(start)})
    return start_date_finding(settings, first_day(home.deployment))


def make(home: Home, folder: str) -> None:
    """Make a folder below HUSER."""
    home.deployment.hdfs.make_folder(f"{home.deployment.workspace.huser}/{folder}")


def test_the_first_day_is_the_earlier_of_raw_requests_and_results(new_home) -> None:
    """On both deployments, from folder names alone; names that are no day or no partition count nothing."""
    home = new_home()
    assert finding(home, "2015-01-01") == "2015-01-01; no day has raw requests or ranked results yet"
    for name in ("99999999", "0_temporary"):
        make(home, f"{RESULTS}/{name}")
    make(home, f"{RESULTS}/{RANKED.folder}")
    assert first_day(home.deployment) == RANKED
    for partition in (
        "y=2016/m=02/d=30/h=01",
        "y=__HIVE_DEFAULT_PARTITION__/m=1/d=1",
        "y=2016/m=9/d=13",
        "oa",
    ):
        make(home, f"proxy/hive/{partition}")
    make(home, PROXY.day_folder(RAW))
    assert first_day(home.deployment) == RAW


def test_a_start_long_before_the_first_day_is_proposed_to_be_later(embedded_home: Home) -> None:
    """With the number of days that the web UI offers as missing otherwise."""
    make(embedded_home, f"{RESULTS}/{RANKED.folder}")
    assert finding(embedded_home, "2015-01-01") == (
        "2015-01-01, but the first day there is is 2016-09-20; set PROXY_OA_START_DATE=2016-09-20, "
        'or the web UI offers 628 days before it as "missing"'
    )
    assert finding(embedded_home, "2016-09-20") == "2016-09-20, the first day there is"


def test_a_start_after_the_first_day_is_a_warning(embedded_home: Home) -> None:
    """`doctor` marks it `warn` and exits with 0: a site may leave out its history on purpose."""
    make(embedded_home, f"{RESULTS}/{RANKED.folder}")
    assert isinstance(finding(embedded_home, "2016-10-01"), Doubtful)

    done = proxy_oa(embedded_home.path, "doctor", PROXY_OA_START_DATE="2016-10-01")

    (line,) = [line for line in done.stdout.splitlines() if line.startswith("warn")]
    assert "leaves out earlier days" in line
    assert "set PROXY_OA_START_DATE=2016-09-20 to include them" in line
    assert done.returncode == 0


def test_init_db_proposes_the_start_date(embedded_home: Home) -> None:
    """Before the first backfill, which would offer thousands of days."""
    make(embedded_home, f"{RESULTS}/{RANKED.folder}")

    done = proxy_oa(embedded_home.path, "init-db")

    assert "start date: 2015-01-01, but the first day there is is 2016-09-20" in done.stdout


@pytest.fixture
def embedded_home(tmp_path) -> Home:
    return Home(tmp_path / "home")
