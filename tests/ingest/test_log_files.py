"""Which logs can hold a day, by their first and last times, and when a day's logs have something new."""

import gzip
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.squid_log import request, requests, write_log

from proxy_oa_assets.ingest import log_index as index
from proxy_oa_assets.ingest.log_files import LogFiles
from proxy_oa_assets.ingest.open_log import LogFormat
from proxy_oa_assets.model.day import Day

DAYS = [Day.parse(f"2026-01-{number}") for number in (14, 15, 16, 17)]


@pytest.fixture
def logs(tmp_path: Path) -> LogFiles:
    """The logs of a folder, without dates in their names."""
    (tmp_path / "logs").mkdir()
    return LogFiles((f"{tmp_path}/logs/access.log*",), LogFormat(), tmp_path / "home")


def path(logs: LogFiles, name: str) -> Path:
    return Path(logs.patterns[0]).with_name(name)


def holding(logs: LogFiles, day: Day) -> list[str]:
    return sorted(path.name for path in logs.for_day(day).of(day).states)


def versions(logs: LogFiles) -> list[str]:
    found = logs.all()
    return [found.of(day).version if found.of(day).states else "" for day in DAYS]


def test_a_log_holds_the_days_that_it_has_requests_of(logs: LogFiles) -> None:
    """A small log is read: a tunnel of ten hours that ended on the 16th began on the 15th."""
    write_log(path(logs, "access.log.1"), requests(DAYS[0]) + requests(DAYS[1]))
    tunnel = request(DAYS[2], 3, milliseconds=10 * 3600 * 1000)
    write_log(path(logs, "access.log"), [tunnel, *requests(DAYS[2])])
    assert [holding(logs, day) for day in DAYS] == [
        ["access.log.1"],
        ["access.log", "access.log.1"],
        ["access.log"],
        [],
    ]
    assert logs.all().spans == [(DAYS[0], DAYS[2])]


def test_a_large_log_is_sampled(logs: LogFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its days are those from the day before its first request, for tunnels, to its last."""
    for name, size in (("_READ_IN_FULL", 4096), ("_SAMPLE", 1024), ("_STEP", 8192)):
        monkeypatch.setattr(index, name, size)
    # Joined in the wrong order, as `cat access.log access.log.1` does.
    lines = requests(DAYS[2], 300) + requests(DAYS[1], 300) + ["\n"]
    write_log(path(logs, "access.log"), lines)
    with gzip.open(path(logs, "access.log.old.gz"), "wt") as file:
        file.writelines(lines[1:])
    assert [holding(logs, day) for day in DAYS] == [["access.log", "access.log.old.gz"]] * 3 + [[]]
    assert logs.all().spans == [(DAYS[1], DAYS[2])]


def test_what_is_added_concerns_its_own_days(logs: LogFiles) -> None:
    """A log that grows today leaves yesterday as it was, but for a request that began yesterday."""
    log = write_log(path(logs, "access.log"), requests(DAYS[0]) + requests(DAYS[1]))
    first = versions(logs)
    with log.open("a", encoding="utf-8") as file:
        file.writelines(requests(DAYS[2])[:20])
        file.write("1768")  # a line that isn't whole yet
    grown = versions(logs)
    assert (grown[:2], bool(grown[2])) == (first[:2], True)
    with log.open("a", encoding="utf-8") as file:
        file.write(request(DAYS[2], 18).removeprefix("1768"))
        file.write(request(DAYS[2], 20, milliseconds=30 * 3600 * 1000))
    again = versions(logs)
    assert again[0] == first[0]
    assert again[1] != first[1]
    assert again[2] != grown[2]
    assert versions(logs) == again


def test_a_rotation_changes_no_day(logs: LogFiles) -> None:
    """Renamed, compressed, and at last removed: the rows are the same, and the log is known by them."""
    old = write_log(path(logs, "access.log"), requests(DAYS[0]))
    first = versions(logs)
    old = old.rename(path(logs, "access.log.1"))
    write_log(path(logs, "access.log"), requests(DAYS[1]))
    assert versions(logs)[0] == first[0]
    compressed = path(logs, "access.log.2.gz")
    compressed.write_bytes(gzip.compress(old.read_bytes()))
    old.unlink()
    second = versions(logs)
    assert second[0] == first[0]
    compressed.unlink()
    assert versions(logs) == ["", *second[1:]]


def test_a_log_that_cannot_be_read_costs_no_other(logs: LogFiles) -> None:
    """It is named with the reason; header lines alone, and empty files, are no log yet."""
    name = os.fsdecode(b"access.log.\xff")  # no UTF-8, as a hostile archive has it
    write_log(path(logs, name), requests(DAYS[0]))
    write_log(path(logs, "access.log.doc"), ["Dear reader,\n", "this is no log.\n"])
    write_log(path(logs, "access.log.new"), [])
    write_log(path(logs, "access.log.zeek"), ["#separator \\x09\n", "#path\thttp\n"])
    found = logs.all()
    assert [path.name for path in found.states] == [name]
    assert [path.name for path in found.unread] == ["access.log.doc"]
    assert "no known format" in found.unread[path(logs, "access.log.doc")]


def test_a_log_that_is_only_looked_at_is_not_read_again(logs: LogFiles) -> None:
    """A state is cached by path, length and modification time, for other processes, too."""
    log = write_log(path(logs, "access.log"), requests(DAYS[0]))
    before = versions(logs)
    status = log.stat()
    log.write_bytes(b"x" * status.st_size)
    os.utime(log, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert versions(LogFiles(logs.patterns, logs.format, logs.home)) == before
    old = datetime.now(UTC) - timedelta(days=40)
    os.utime(log, (old.timestamp(), old.timestamp()))
    assert not logs.all(modified_since=(old + timedelta(days=1)).timestamp()).states
