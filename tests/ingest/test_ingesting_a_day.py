"""`ingest_day` replaces a day by what its logs have, or adds to it what can't be made again."""

import gzip
import shutil
from pathlib import Path

import pytest
from support.home import Home
from support.ingested_log import FIRST_DAY, ingested, log_days, squid_log

from proxy_oa_assets.ingest.ingesting import DayIngest, ingest_day, ingest_log
from proxy_oa_assets.ingest.open_log import LogFormat
from proxy_oa_assets.ingest.record import DayRecord
from proxy_oa_assets.model.errors import IngestError
from proxy_oa_assets.model.tables import PROXY

LOG = squid_log(300)
OTHER = squid_log(300).replace(b"example.com", b"example.org")
SQUID = LogFormat("squid")
DAY = log_days()[1]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.path.mkdir()
    return made


def write(home: Home, **logs: bytes) -> list[Path]:
    """Write logs by name."""
    paths = [home.path / name for name in logs]
    for path, content in zip(paths, logs.values(), strict=True):
        path.write_bytes(content)
    return paths


def make(home: Home, paths: list[Path], log_format: LogFormat = SQUID) -> DayIngest:
    return ingest_day(DAY, paths, deployment=home.deployment, log_format=log_format)


def test_a_day_is_made_of_its_logs_and_the_same_again(home):
    """No other day is touched; rows, record and rejected lines are the same after each materialization."""
    paths = write(home, node1=LOG, node2=OTHER)
    made = make(home, paths)
    assert (made.replaced, made.rows, made.rejected, made.kept) == (True, 196, 4, [])
    assert made.filled["clientip"] == 196
    assert [(log.log, log.outside, log.days[DAY].rows) for log in made.logs] == [
        (str(path), 196, 98) for path in paths
    ]
    found = ingested(home)
    assert [figures for _, figures, _ in found.values()] == [[], [(98, 2), (98, 2)], []]
    assert len(found[DAY.key][2]) == 4
    assert make(home, paths).rows == 196
    assert ingested(home) == found


def test_a_log_that_is_read_otherwise_replaces_its_rows(home):
    """Materializing again is how a wrong time zone is corrected."""
    paths = write(home, node1=LOG)
    make(home, paths)
    assert make(home, paths, LogFormat("squid", "Asia/Tokyo")).replaced
    (source,) = DayRecord.of(home.deployment.impala, DAY).sources
    assert source.timezone == "Asia/Tokyo"


def test_copies_of_a_log_count_once(home):
    """A glob finds a log and its compressed copy, or a copy that is still being made."""
    copies = {
        "access.log.1": LOG,
        "access.log.1.gz": gzip.compress(LOG),
        "old": LOG[:25_000],
        "cut": LOG[:9000],
    }
    made = make(home, write(home, **copies))
    assert (made.rows, made.rejected, len(made.logs)) == (98, 2, 1)
    assert [warning.partition(" begins")[0] for warning in made.warnings] == [
        f"{home.path}/old",
        f"{home.path}/cut",
    ]
    shorter_first = dict(reversed(copies.items()))
    assert make(home, write(home, **shorter_first)).rows == 98


def test_a_source_that_is_gone_is_kept(home):
    """Rotated away, it can't be read again: what is new is added."""
    paths = write(home, node1=LOG, node2=OTHER[:20_000])
    make(home, paths)
    paths[0].unlink()
    paths[1].write_bytes(OTHER)
    made = make(home, paths[1:])
    assert (made.replaced, made.rows, [source.log for source in made.kept]) == (False, 196, [str(paths[0])])
    assert [figures for _, figures, _ in ingested(home).values()][1] == [(98, 2), (98, 2)]


def test_rows_of_another_system_are_kept(home):
    """Whether they were there before, or were added to a day of ours."""
    paths = write(home, node1=LOG)
    make(home, paths)
    (file, *_) = home.raw_files(DAY)
    shutil.copy(file, file.with_name("from_another_system.parquet"))
    before = home.deployment.impala.row_count(PROXY, DAY)
    made = make(home, paths)
    assert (made.replaced, made.rows, made.other_rows) == (False, 98, before - 98)
    assert home.deployment.impala.row_count(PROXY, DAY) == before


def test_rows_that_were_removed_are_made_again(home):
    """Fewer rows than the record has: there is nothing to keep."""
    paths = write(home, node1=LOG, node2=OTHER)
    make(home, paths)
    home.raw_files(DAY)[0].unlink()
    assert home.deployment.impala.row_count(PROXY, DAY) < 196
    assert make(home, paths).replaced
    assert home.deployment.impala.row_count(PROXY, DAY) == 196


def test_a_day_without_rows_is_left_alone(home):
    """No version is written for a day of which neither the logs nor the table have anything."""
    made = make(home, [])
    assert (made.replaced, made.rows, made.logs) == (True, 0, [])
    assert not (home.huser / PROXY.day_folder(DAY)).exists()


def test_a_log_that_cannot_be_read_fails_the_day(home):
    """A day without it would look whole."""
    paths = write(home, node1=LOG)
    with pytest.raises(IngestError, match="gone: No such file"):
        make(home, [*paths, home.path / "gone"])
    assert not DayRecord.of(home.deployment.impala, DAY).sources


def test_what_the_command_took_is_materialized_as_it_is(home):
    """`proxy-oa ingest` and the asset keep one record."""
    (path,) = write(home, node1=LOG)
    ingest_log(path, deployment=home.deployment, log_format=SQUID)
    before = ingested(home)
    assert make(home, [path]).replaced
    assert ingested(home) == before
    assert not ingest_log(path, deployment=home.deployment, log_format=SQUID).days
    assert FIRST_DAY in log_days()
