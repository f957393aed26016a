"""What `proxy-oa doctor` says of the logs that PROXY_OA_LOGS names."""

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.squid_log import request, write_log

from proxy_oa_assets.cli.log_probes import LogProbes
from proxy_oa_assets.cli.start_date import Doubtful
from proxy_oa_assets.ingest.declaration import declaration
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import IngestError
from proxy_oa_assets.resources.workspace import Workspace

DAY = Day.parse("2026-01-15")
# The requests below end at this time.
END = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def find(tmp_path: Path) -> Callable[..., str]:
    """Return a function that returns what a probe finds at a time."""

    def find(probe: str, now: dt.datetime = END, written: dt.datetime = END) -> str:
        for log in (tmp_path / "logs").glob("*"):
            os.utime(log, (written.timestamp(), written.timestamp()))
        workspace = Workspace(home=str(tmp_path), conf_file="", logs=[f"{tmp_path}/logs/access.log*"])
        return LogProbes(workspace, now).probes()[probe]()

    return find


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return write_log(tmp_path / "logs" / "access.log", [request(DAY, milliseconds=0)] * 2)


def test_a_pattern_that_names_no_file_is_to_fix(find: Callable[..., str], tmp_path: Path) -> None:
    """A typing error, or a folder that this user may not enter, shows no file."""
    with pytest.raises(IngestError, match=r"no file is named .*/logs/access\.log\*; correct it, or make"):
        find("logs")
    write_log(tmp_path / "logs" / "access.log", [])
    assert find("logs").endswith("access.log*: 1 file")
    assert find("log formats") == "the newest 20 files have no request yet"
    assert find("log clock") == "no request yet"


@pytest.mark.usefixtures("log")
def test_squid_s_own_formats_are_recognized_and_a_better_one_recommended(find: Callable[..., str]) -> None:
    """With the very line that the recommended format is declared by."""
    finding = find("log formats")
    assert isinstance(finding, Doubtful)
    assert finding.startswith("squid (1 file); the newest is squid: ")
    assert f"logformat proxyoa {declaration('squid-proxyoa').logformat}" in finding


def test_a_log_that_cannot_be_read_is_to_fix(find: Callable[..., str], log: Path) -> None:
    """With its path, beside logs that can."""
    write_log(log.with_name("access.log.txt"), ["Dear reader,\n", "this is no log.\n"])
    with pytest.raises(IngestError, match=r"access\.log\.txt: no known format"):
        find("log formats")


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize(
    ("now", "written", "finding"),
    [
        (END + 3 * HOUR, END, "the newest request is of 2026-01-15 12:00:00 UTC, 3 hours ago"),
        (END + 70 * HOUR, END, "the newest request is of 2026-01-15 12:00:00 UTC, 2.9 days ago"),
        (END - 2 * HOUR, END - 2 * HOUR, "2 hours ahead of this machine's clock"),
        (END + 5.5 * HOUR, END + 5.5 * HOUR, "5.5 hours before its log was written"),
        # A log that was copied an hour ago, and one that is quiet.
        (END + 9 * HOUR, END + 8 * HOUR, "9 hours ago"),
        (END + 1.1 * HOUR, END + 1.1 * HOUR, "66 minutes ago"),
    ],
)
def test_the_newest_request_shows_a_clock_of_another_zone(
    find: Callable[..., str], now: dt.datetime, written: dt.datetime, finding: str
) -> None:
    """Ahead of now, or hours behind the time at which its log was written: PROXY_OA_LOG_TIMEZONE is named."""
    found = find("log clock", now, written)
    assert finding in found
    assert isinstance(found, Doubtful) == ("PROXY_OA_LOG_TIMEZONE" in found) == ("ago" not in finding)
