import os
import subprocess
from pathlib import Path

import pytest

from proxy_oa_assets.ingest.rejects import NAME, LogRejects, add_rejects, replace_rejects, without_secrets
from proxy_oa_assets.model.files import temporary_name


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("- [Host: a%0D%0ACookie: id=7; b=8%0D%0AX: 1]", "- [Host: a%0D%0ACookie: ***%0D%0AX: 1]"),
        ("[Proxy-Authorization: Basic dTpw]", "[Proxy-Authorization: ***]"),
        ("[Authorization%3A%20Basic%20dTpw%0D%0AX: 1]", "[Authorization%3A%20 ***%0D%0AX: 1]"),
        ('x "Set-Cookie: id=7" y', 'x "Set-Cookie: ***" y'),
        ("GET http://user:pw@a.example/?q=b@c", "GET http://***@a.example/?q=b@c"),
        ("GET http://a.example/cookies@home", "GET http://a.example/cookies@home"),
    ],
)
def test_credentials_and_cookies_are_left_out_of_rejected_lines(line: str, kept: str) -> None:
    """The rest of the line, and its offset in the log, say what is wrong with it."""
    assert without_secrets(line) == kept


def test_rejected_lines_are_as_durable_as_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """File and folder are fsynced: no ingest writes lines again that the day's record counts."""
    staged, day = tmp_path / "staged", tmp_path / "day"
    staged.write_bytes(b"1\t0\treason\tcontent\n")
    synced = list[str]()
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(str(Path(f"/proc/self/fd/{fd}").readlink())))
    add_rejects(day, LogRejects("log", staged), start=0)
    replace_rejects(day, [LogRejects("log", staged)])
    assert (day / NAME).read_bytes().endswith(b"log\t1\t0\treason\tcontent\n")
    assert synced.count(str(day)) == 2
    assert len([path for path in synced if path.endswith(".tmp")]) == 2


def test_what_a_killed_ingest_left_is_removed_by_the_next(tmp_path: Path) -> None:
    """Its unfinished file of rejected lines, also if the next ingest rejects no line."""
    ended = subprocess.run(["sh", "-c", "echo $$"], capture_output=True, text=True, check=True).stdout.strip()
    for take in (
        lambda: add_rejects(tmp_path, LogRejects("log", None), start=0),
        lambda: replace_rejects(tmp_path, []),
    ):
        left = tmp_path / temporary_name().replace(f"-{os.getpid()}-", f"-{ended}-")
        left.touch()
        take()
        assert not left.exists()


def test_staged_lines_that_cannot_be_read_are_named() -> None:
    """As on a disk that fails."""
    with pytest.raises(OSError, match=r"Input/output error: '/proc/self/mem'"):
        LogRejects("log", Path("/proc/self/mem")).rejected_from(0)
