"""`proxy-oa ingest` in its own process, and what it prints."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.ingested_log import squid_log

from proxy_oa_assets.cli.main import main
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY
from proxy_oa_assets.resources.deployment import deployment
from proxy_oa_assets.settings import load_settings

LOG = squid_log(300)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that runs `proxy-oa ingest` in a home, with its exit code, output and errors."""
    monkeypatch.setenv("PROXY_OA_HOME", str(tmp_path / "home"))

    def ingest(*arguments: object, **options: object) -> tuple[int, str, str]:
        done = CliRunner().invoke(main, ["ingest", *map(str, arguments)], **options)
        return done.exit_code, done.stdout, done.stderr

    return ingest


def test_a_folder_of_all_kinds_of_files(run, tmp_path):
    """Each file is told in a line; those that aren't logs cost the others nothing; the exit code says it."""
    logs = tmp_path / "logs"
    (logs / "node2").mkdir(parents=True)
    (logs / "access.log").write_bytes(LOG)
    (logs / "node2" / "access.log").write_bytes(LOG.replace(b"example.com", b"example.org"))
    (logs / "node2" / "up").symlink_to(logs)
    (logs / ".hidden").write_bytes(LOG)
    (logs / "archive.zip").write_bytes(b"PK\x03\x04" + bytes(30))
    (logs / "empty.log").touch()
    (logs / "notes").write_text("what was done\nand when\n" * 9)
    (logs / "forbidden\x1b[31m\n.log").symlink_to(logs / "gone")
    os.mkfifo(logs / "pipe")
    code, out, err = run(logs)
    assert code == 1
    assert f"{logs}/access.log: squid (99 of 100 lines fit Squid's native access.log): 294 rows added" in out
    assert f"{logs}/node2/access.log: squid" in out
    assert "6 lines rejected (the first: line 50: " in out
    assert f"rejected lines of 2026-03-01: {tmp_path}/home/data/proxy/20260301/proxy.rejected.tsv" in out
    assert (
        "next: proxy-oa run --date 2026-03-03, or materialize 2026-03-01 to 2026-03-03 in the web UI" in out
    )
    for said in (
        ".hidden: skipped, hidden",
        "node2/up: skipped, a link to a folder that is read already",
        "archive.zip is a zip archive",
        "empty.log is empty",
        "notes: no known format; the nearest are",
        "forbidden\\x1b[31m\\n.log: skipped, a link to nothing",
        "pipe: skipped, no file, but a pipe",
    ):
        assert f"{logs}/{said}" in err
    assert "1 log failed" in err
    assert "\x1b" not in out + err


def test_standard_input_is_a_log(run, tmp_path):
    """Compressed or not; what is known of it, in a file, too, isn't taken twice."""
    (tmp_path / "access.log").write_bytes(LOG)
    code, out, _ = run("-", input=LOG)
    assert code == 0
    assert "standard input: squid" in out
    assert "nothing new; its rows are in 2026-03-01 to 2026-03-03" in run(tmp_path / "access.log")[1]


def test_the_list_has_a_line_for_each_day_and_log(run, tmp_path):
    """Tab-separated where it isn't a terminal, printable for any name of a log."""
    assert run("--list") == (
        0,
        "log\tday\tformat\trows\trejected\tbytes read\tread at (UTC)\n",
        "nothing has been ingested; begin with: proxy-oa ingest FILE\n",
    )
    log = tmp_path / "access\t\x1b[31m.log"
    log.write_bytes(LOG)
    run(log)
    head, *rows = [line.split("\t") for line in run("--list")[1].splitlines()]
    assert [row[:5] for row in rows] == [
        [f"{tmp_path}/access\\t\\x1b[31m.log", f"2026-03-0{day}", "squid", "98", "2"] for day in (1, 2, 3)
    ]
    assert len(head) == len(rows[0])
    (row,) = run("--list", "--date", "2026-03-02")[1].splitlines()[1:]
    assert "\t2026-03-02\t" in row


def test_days_before_the_first_partition_are_ingested_and_said(run, tmp_path, monkeypatch):
    """A capture can begin in 1970; no partition shows those rows."""
    monkeypatch.setenv("PROXY_OA_START_DATE", "2026-03-02")
    (tmp_path / "access.log").write_bytes(LOG)
    code, out, err = run(tmp_path / "access.log")
    assert code == 0
    assert "2026-03-01: before the first daily partition, PROXY_OA_START_DATE=2026-03-02" in err
    assert "or materialize 2026-03-02 to 2026-03-03" in out
    assert deployment(load_settings()).impala.has_rows(PROXY, Day.parse("2026-03-01"))


def test_a_day_alone(run, tmp_path):
    """The rows of other days are counted."""
    (tmp_path / "access.log").write_bytes(LOG)
    _, out, _ = run(tmp_path / "access.log", "--date", "2026-03-02")
    assert "98 rows added to 2026-03-02, 2 lines rejected" in out
    assert "196 rows of other days left" in out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "name a log, a folder of logs, or -"),
        (["x", "--timezone", "Nowhere"], 2, "PROXY_OA_LOG_TIMEZONE='Nowhere': write a name of the time zone"),
        (["x", "--format", "gone.toml"], 2, "gone.toml'"),
        (["/dev/null", "--date", "yesterday"], 2, "'yesterday' is not a day"),
        (["nowhere.log"], 1, "nowhere.log: No such file or directory"),
    ],
)
def test_what_cannot_be_done_is_said(run, arguments, code, said):
    """With the exit codes of the other commands."""
    found, _, err = run(*arguments)
    assert found == code
    assert said in err


def test_a_terminal_shows_a_bar_and_a_table(tmp_path):
    """`script` gives the command a terminal."""
    script = shutil.which("script")
    if script is None:
        pytest.skip("no script (bsdutils)")
    (tmp_path / "access.log").write_bytes(LOG)
    command = f"stty cols 100; {Path(sys.executable).with_name('proxy-oa')} ingest access.log; true"
    done = subprocess.run(
        [script, "-qec", command, "/dev/null"],
        cwd=tmp_path,
        env={**os.environ, "PROXY_OA_HOME": str(tmp_path / "home"), "TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "300 lines, " in done.stdout
    assert "a second, 6 rejected" in done.stdout
    assert "log" in done.stdout
    assert "access.log  2026-03-02  squid   98    2" in done.stdout
