"""A log is taken into its days once: grown, rotated, renamed, compressed or cut."""

import gzip
import lzma
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
from support.deployments import DEPLOYMENTS
from support.home import Home
from support.ingested_log import FIRST_DAY, ingested, log_days, squid_log

from proxy_oa_assets.ingest.day_switch import TakenBeforeError
from proxy_oa_assets.ingest.declaration import declaration
from proxy_oa_assets.ingest.ingesting import ingest_log
from proxy_oa_assets.ingest.open_log import LogFormat
from proxy_oa_assets.ingest.recognition import Recognition
from proxy_oa_assets.ingest.record import DayRecord, raw_days
from proxy_oa_assets.ingest.taking import LogIngest
from proxy_oa_assets.model.errors import IngestError
from proxy_oa_assets.model.tables import PROXY

LOG = squid_log(600)
SQUID, AUTO = LogFormat("squid"), LogFormat()
CACHE = "ingested.sqlite3"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.path.mkdir()
    return made


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What a home has of the log after one undisturbed ingest."""
    home = Home(tmp_path_factory.mktemp("whole") / "home")
    home.path.mkdir()
    write(home, LOG)
    return ingested(home)


def write(
    home: Home, content: bytes, name: str = "access.log", log_format: LogFormat = SQUID, **options
) -> LogIngest:
    """Write a log and ingest it."""
    path = home.path / name
    path.write_bytes(content)
    return ingest_log(path, deployment=home.deployment, log_format=log_format, **options)


def forget(home: Home) -> None:
    """Remove what this home knows of logs, as on another machine."""
    (home.path / CACHE).unlink()


def test_every_line_is_a_row_or_a_reject_of_its_day(home, whole):
    """The figures of the result are those of the days' records, tables and files."""
    done = write(home, LOG)
    assert (done.rows + done.rejected, done.header_lines, done.lines) == (600, 0, 600)
    assert [done.days[day].rows for day in log_days()] == [196, 196, 196]
    assert [done.days[day].rejected for day in log_days()] == [4, 4, 4]
    found = ingested(home)
    assert found == whole
    for rows, ((count, rejected),), rejects in found.values():
        assert (rows.total(), len(rejects)) == (count, rejected) == (196, 4)
    assert list(raw_days(home.deployment.hdfs, home.deployment.workspace.huser)) == log_days()


@pytest.mark.parametrize("knowing", [True, False])
def test_the_same_content_adds_nothing(knowing, home, whole):
    """As it is, renamed, or compressed; also for a home that has lost what it knew of the log."""
    write(home, LOG)
    for name, content in {
        "access.log": LOG,
        "access.log.1": LOG,
        "access.log.1.gz": gzip.compress(LOG[:9000]) + gzip.compress(LOG[9000:]),
        "access.log.2.xz": lzma.compress(LOG, preset=0),
    }.items():
        if not knowing:
            forget(home)
        done = write(home, content, name)
        assert not done.days
        assert done.known == log_days()
    assert ingested(home) == whole


def test_an_unchanged_file_is_not_read(home, monkeypatch):
    """Path, length and modification time say that nothing is new, if the days' records say it, too."""
    write(home, LOG)
    monkeypatch.setattr("proxy_oa_assets.ingest.log_content.LogContent.chunks", None)
    done = ingest_log(home.path / "access.log", deployment=home.deployment, log_format=SQUID)
    assert (done.days, done.known, done.format) == ({}, log_days(), "squid")


@pytest.mark.parametrize("knowing", [True, False])
def test_a_log_that_grows_in_any_steps_gives_the_same_days(knowing, home, whole):
    """A step can end within a line, a time stamp, or right before a line feed; a cut line is a row or not."""
    ends = [line.end() for line in re.finditer(rb"\n", LOG)]
    # Also in the middle of a rejected line, and of the line after it.
    cuts = [ends[147] + 30, ends[148] + 9, ends[149], ends[198] + 40, ends[301] - 3]
    for cut in (*cuts, len(LOG) - 1, len(LOG)):
        if not knowing and cut != cuts[0]:
            forget(home)
        write(home, LOG[:cut])
        assert not write(home, LOG[:cut], "copy.log").days
    assert ingested(home) == whole


def test_a_rotated_log_gives_its_rest_and_the_new_one_its_own(home):
    """By renaming, and by copytruncate, after which the new log has the name and inode of the old one."""
    path, half = home.path / "access.log", LOG.index(b"\n", len(LOG) // 2) + 1
    write(home, LOG[:half])
    write(home, LOG)
    shutil.copy(path, home.path / "access.log.1")
    new = squid_log(90, days=3).replace(b"example.com", b"example.org")
    with path.open("r+b") as same:
        same.truncate()
        same.write(new)
    ingest_log(path, deployment=home.deployment)
    assert not ingest_log(home.path / "access.log.1", deployment=home.deployment).days
    (home.path / "access.log.2").write_bytes(new + new.replace(b"org", b"net"))
    ingest_log(home.path / "access.log.2", deployment=home.deployment)
    sources = [DayRecord.of(home.deployment.impala, day).sources for day in log_days()]
    assert [sorted(source.rows + source.rejected for source in each) for each in sources] == [[60, 200]] * 3
    assert sum(home.deployment.impala.row_count(PROXY, day) for day in log_days()) == 588 + 2 * 89


def test_a_cut_or_changed_copy_is_refused(home, whole):
    """It can't be known by the digest of its content; its rows would be in the days twice."""
    write(home, LOG)
    changed = LOG.replace(b"/398 ", b"/397 ")
    for content in (LOG[: len(LOG) // 2], LOG[:200], changed, changed + LOG):
        with pytest.raises(TakenBeforeError, match=r"begins like .*access\.log.*--again"):
            write(home, content, "copy.log")
    assert ingested(home) == whole
    assert write(home, LOG[: LOG.index(b"\n", len(LOG) // 2) + 1], "copy.log", again=True).days
    assert sum(home.deployment.impala.row_count(PROXY, day) for day in log_days()) == 588 + 295


def test_logs_that_share_a_header_are_two(home):
    """Zeek's logs of one hour begin with the same lines."""
    header = (
        b"#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\thttp\n"
        b"#fields\tts\tid.orig_h\tid.resp_h\tid.resp_p\tmethod\thost\turi\n"
        b"#types\ttime\taddr\taddr\tport\tstring\tstring\tstring\n"
    )
    for node in range(2):
        line = b"1772323230.5\t10.0.0.%d\t192.0.2.1\t80\tGET\texample.com\t/\n" % node
        write(home, header + line, f"http.{node}.log", AUTO)
    assert home.deployment.impala.row_count(PROXY, FIRST_DAY) == 2


def test_short_logs_that_share_their_first_line_are_two(home):
    """A probe asks two proxies at the same moment."""
    lines = LOG.splitlines(keepends=True)
    write(home, b"".join(lines[:9]), "node1.log")
    write(home, lines[0] + b"".join(lines[20:30]), "node2.log")
    assert home.deployment.impala.row_count(PROXY, FIRST_DAY) == 9 + 11


def test_a_grown_log_keeps_its_format(home, monkeypatch):
    """Its first lines can look like another format than all of them; what was recognized first counts."""
    write(home, LOG[:5000], log_format=AUTO)
    other = Recognition(declaration("squid-common"), "mistaken")
    monkeypatch.setattr("proxy_oa_assets.ingest.recognition.recognize", lambda _: other)
    done = write(home, LOG, log_format=AUTO)
    assert (done.format, done.why) == ("squid", "as it was ingested before")
    assert home.deployment.impala.row_count(PROXY, FIRST_DAY) == 196


def test_another_time_zone_or_format_is_refused(home, whole):
    """The rows would be in other days, where the record doesn't know the log."""
    write(home, LOG)
    with pytest.raises(TakenBeforeError, match=r"was ingested as squid at .* read as squid \(Asia/Tokyo\)"):
        write(home, LOG, log_format=LogFormat("squid", "Asia/Tokyo"))
    assert ingested(home) == whole


def test_a_day_alone_can_be_taken_and_the_rest_later(home, whole):
    """What a home knows of a log says nothing of days that were left out."""
    second = log_days()[1]
    done = write(home, LOG, days=[second])
    assert (list(done.days), done.outside) == ([second], 392)
    write(home, LOG)
    assert ingested(home) == whole


def test_a_day_that_was_removed_is_taken_again(home, whole):
    """The days' records decide, not what this home knows."""
    write(home, LOG)
    home.deployment.impala.drop_day(PROXY, log_days()[1])
    shutil.rmtree(home.huser / PROXY.day_folder(log_days()[1]))
    assert list(write(home, LOG).days) == [log_days()[1]]
    assert ingested(home) == whole


def test_a_log_without_requests_is_refused_or_left(home):
    """A format that no line has fails; an empty log, and a header alone, have no row."""
    with pytest.raises(IngestError, match=r"other\.log.*name its format"):
        write(home, b"nothing at all\n" * 9, "other.log")
    assert write(home, b"", "empty.log").warnings == [f"{home.path}/empty.log is empty"]
    with pytest.raises(IngestError, match=r"other\.log: no known format; the nearest are"):
        write(home, b"nothing at all\n" * 9, "other.log", AUTO)
    with pytest.raises(IngestError, match=r"conn\.log is Zeek's conn\.log, which has no web requests"):
        write(
            home,
            b"#separator \\x09\n#set_separator\t,\n#path\tconn\n#fields\tts\tuid\n1.5\tC1\n",
            "conn.log",
            AUTO,
        )


@pytest.mark.parametrize("new_home", DEPLOYMENTS, indirect=True)
def test_both_deployments_have_the_same_days(new_home, whole):
    """With rows of another system in a day, a cut last line, and a grown log."""
    home = new_home()
    home.path.mkdir(exist_ok=True)
    other = home.write_sample(FIRST_DAY, views=20)
    before = home.deployment.impala.row_count(PROXY, other)
    write(home, LOG[: LOG.index(b"\n", len(LOG) // 2) + 70])
    write(home, LOG)
    assert not write(home, LOG, "access.log.1").days
    found = ingested(home)
    rows, *rest = found.pop(FIRST_DAY.key)
    expected, *figures = whole[FIRST_DAY.key]
    assert rest == figures
    assert rows.total() == before + expected.total()
    assert not Counter(expected) - rows
    assert found == {day: each for day, each in whole.items() if day != FIRST_DAY.key}
