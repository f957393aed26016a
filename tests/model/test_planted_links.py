"""Links where files of fixed names stand: those who may write the home can have put them there."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from proxy_oa_assets.ingest.known_logs import KnownLogs
from proxy_oa_assets.ingest.log_index import log_index
from proxy_oa_assets.ingest.open_log import LogFormat
from proxy_oa_assets.model.errors import ProxyOaError
from proxy_oa_assets.model.file_lock import file_lock
from proxy_oa_assets.model.files import refuse_link, replacing


def _lock(home: Path) -> None:
    with file_lock(home / "lock", "testing"):
        pass


def _index(home: Path) -> None:
    with log_index(home, LogFormat()):
        pass


def _ingested(home: Path) -> None:
    KnownLogs(home / "ingested.sqlite3").of_content("head", lambda _: {})


def _refused(home: Path) -> None:
    refuse_link(home / "verdicts.sqlite")


OPENED: dict[str, Callable[[Path], None]] = {
    "lock": _lock,
    "logs.sqlite": _index,
    "ingested.sqlite3": _ingested,
    "verdicts.sqlite": _refused,
}


@pytest.mark.parametrize("name", OPENED)
def test_a_file_outside_the_home_is_not_changed_by_way_of_a_link(name: str, tmp_path: Path) -> None:
    """A lock would empty it, a database drop or add tables; the error names the link."""
    home, outside = tmp_path / "home", tmp_path / "outside.sqlite"
    home.mkdir()
    with closing(sqlite3.connect(outside)) as database:
        database.execute("CREATE TABLE files (path)")
    before = outside.read_bytes()
    (home / name).symlink_to(outside)

    with pytest.raises((OSError, ProxyOaError), match="it is a link") as raised:
        OPENED[name](home)

    assert str(home / name) in str(raised.value)
    assert outside.read_bytes() == before


def test_a_link_to_no_file_makes_none(tmp_path: Path) -> None:
    """Nor does a lock bring a file into being where its link leads."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "lock").symlink_to(tmp_path / "outside")

    with pytest.raises(OSError, match="it is a link"):
        _lock(home)

    assert not (tmp_path / "outside").exists()


def test_a_link_is_replaced_and_its_target_neither_read_nor_written(tmp_path: Path) -> None:
    """An export takes the link's place, with the usual mode and not the target's."""
    outside, export = tmp_path / "outside", tmp_path / "home" / "story.html"
    outside.write_bytes(b"mine")
    outside.chmod(0o666)
    export.parent.mkdir()
    export.symlink_to(outside)

    with replacing(export) as file:
        file.write(b"page")

    assert outside.read_bytes() == b"mine"
    assert not export.is_symlink()
    assert export.read_bytes() == b"page"
    assert export.stat().st_mode & 0o022 == 0
