"""Files stay as they are while a statement reads them; those of killed readers are removed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.storyboard_days import DAY, comments, texts_of

from proxy_oa_assets.model.files import remove_stale_folders, temporary_folder
from proxy_oa_assets.model.tables import PROXY_STORYBOARD
from proxy_oa_assets.resources.local.snapshot import snapshot

KILLED_WHILE_READING = """
import os, pathlib, signal, sys
from proxy_oa_assets.resources.local.invalid_text import repaired
from proxy_oa_assets.model.tables import PROXY
with repaired({PROXY: [pathlib.Path(sys.argv[1])]}, pathlib.Path(sys.argv[2])):
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("relative", [True, False])
def test_a_symbolic_link_is_read_as_the_file_that_it_leads_to(warehouse, tmp_path, relative):
    """A day that was put on another disk, with a link in its place."""
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("elsewhere"))
    part = Path(warehouse.location(PROXY_STORYBOARD, DAY)) / "part.parquet"
    elsewhere = tmp_path / "elsewhere.parquet"
    shutil.move(part, elsewhere)
    part.symlink_to(os.path.relpath(elsewhere, part.parent) if relative else elsewhere)
    assert texts_of(warehouse) == ["elsewhere"]
    assert warehouse.has_rows(PROXY_STORYBOARD, DAY)

    base = Path(warehouse.base)
    with snapshot(base, [PROXY_STORYBOARD], (DAY, DAY), tmp_path / "scratch") as files:
        (link,) = files[PROXY_STORYBOARD]
        elsewhere.unlink()
        assert link.stat().st_size > 0

    part.unlink()
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("here"))
    assert texts_of(warehouse) == ["here"]


def test_temporary_files_of_a_killed_process_are_removed_and_a_living_one_s_stay(tmp_path):
    """Repaired copies are as large as the raw day and would fill the disk."""
    raw, scratch = tmp_path / "raw.parquet", tmp_path / "scratch"
    pq.write_table(pa.table({"fulluri": pa.array([b"evil.example/\xff"]).view(pa.string())}), raw)
    subprocess.run([sys.executable, "-c", KILLED_WHILE_READING, raw, scratch], check=False)
    (left,) = scratch.iterdir()
    assert list(left.rglob("*.parquet"))
    with temporary_folder(scratch) as living:
        os.utime(living, (0, 0))
        remove_stale_folders(scratch)
        assert list(scratch.iterdir()) == [living]
    assert list(scratch.iterdir()) == []


def test_a_reader_that_ends_during_the_clean_up_stops_no_other(tmp_path, monkeypatch):
    """Its folder is removed between the listing and the stat."""
    gone = tmp_path / "reading-gone"
    gone.mkdir()
    found = list(tmp_path.glob("reading-*"))
    gone.rmdir()
    monkeypatch.setattr(Path, "glob", lambda *_: iter(found))
    remove_stale_folders(tmp_path)
    assert not gone.exists()


@pytest.mark.parametrize("version", ["", "run=20160913t000000_00000000"], ids=["in the day", "a version"])
def test_a_day_that_is_replaced_while_it_is_listed_is_not_mixed(warehouse, monkeypatch, version):
    """A writer has put its file in place, and removed one of another engine's two, before they are listed."""
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("new"))
    part = Path(warehouse.location(PROXY_STORYBOARD, DAY)) / "part.parquet"
    waiting = part.rename(part.with_name(".waiting"))
    foreign = [part.parent / version / name for name in ("000000_0", "000001_0")]
    for file in foreign:
        warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY.plus(1), comments("old"))
        file.parent.mkdir(exist_ok=True)
        shutil.move(Path(warehouse.location(PROXY_STORYBOARD, DAY.plus(1))) / "part.parquet", file)
    assert texts_of(warehouse) == ["old", "old"]
    is_file = Path.is_file

    def overtaken(path: Path) -> bool:
        found = is_file(path)
        if path == part and waiting.exists():
            waiting.rename(part)
            foreign[0].unlink()
        return found

    monkeypatch.setattr(Path, "is_file", overtaken)
    assert texts_of(warehouse) == ["new"]
