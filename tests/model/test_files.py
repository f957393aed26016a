import errno
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from proxy_oa_assets.model.files import (
    make_folder,
    read_bytes,
    remove_abandoned,
    replace_if_other,
    replacing,
    sync_folder,
    temporary_folder,
    temporary_name,
)

KILLED_WHILE_WRITING = """
import os, pathlib, signal, sys
from proxy_oa_assets.model.files import replacing
with replacing(pathlib.Path(sys.argv[1])) as file:
    file.write(b"half of the new")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def _fail_half_way(path, error):
    with replacing(path) as file:
        file.write(b"half")
        raise error


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_appears_when_the_block_ends(tmp_path, durable):
    """Until the block has ended, a reader sees the old file; then the new one, and nothing else is left."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with replacing(path, durable=durable) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_the_old_file_alone(tmp_path, error):
    """A block that fails or is interrupted changes nothing, and its temporary file is gone."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(error):
        _fail_half_way(path, error)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_with_no_file_before_leaves_none(tmp_path):
    """Half a file never appears where there was none."""
    with pytest.raises(ValueError, match="half-way"):
        _fail_half_way(tmp_path / "file", ValueError("half-way"))
    assert list(tmp_path.iterdir()) == []


def test_a_killed_writer_leaves_the_old_file(tmp_path):
    """Killed in the middle of writing, the file is still the old one."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    killed = subprocess.run([sys.executable, "-c", KILLED_WHILE_WRITING, str(path)], check=False)
    assert killed.returncode == -9
    assert path.read_bytes() == b"old"


def test_missing_folders_are_made(tmp_path):
    """The folder of the file is made, however deep."""
    path = tmp_path / "a" / "b" / "c"
    with replacing(path, durable=True) as file:
        file.write(b"x")
    assert path.read_bytes() == b"x"


def test_a_name_of_any_length_that_the_system_takes_is_replaced(tmp_path):
    """The temporary file's name doesn't grow with the file's, so that a name of 255 bytes works."""
    path = tmp_path / ("n" * 255)
    with replacing(path) as file:
        file.write(b"x")
    assert path.read_bytes() == b"x"


def test_the_temporary_file_is_hidden_from_readers_of_the_folder(tmp_path):
    """Hive, Impala and Spark ignore names that begin with a dot, and our readers ignore *.tmp."""
    with replacing(tmp_path / "part.parquet") as file:
        (temporary,) = tmp_path.iterdir()
        file.write(b"x")
    assert temporary.name.startswith(".")
    assert temporary.name.endswith(".tmp")


def test_a_new_file_has_the_usual_permissions(tmp_path):
    """Other users of a shared home can read what is written, as they could a file written directly."""
    (tmp_path / "plain").write_bytes(b"x")
    with replacing(tmp_path / "replaced") as file:
        file.write(b"x")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert len(modes) == 1


def test_many_writers_at_once_leave_one_whole_file(tmp_path):
    """Each writer has its own temporary file; the last one's content stays, whole."""
    path = tmp_path / "file"

    def write(number):
        with replacing(path) as file:
            file.write(b"%d" % number * 100_000)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    content = path.read_bytes()
    assert len(content) == 100_000
    assert len(set(content)) == 1
    assert list(tmp_path.iterdir()) == [path]


def test_syncing_a_missing_folder_is_an_error(tmp_path):
    """A promise of durability that can't be kept isn't kept silently."""
    sync_folder(tmp_path)
    with pytest.raises(FileNotFoundError):
        sync_folder(tmp_path / "missing")


def test_a_file_that_has_the_content_stays_and_any_other_is_replaced(tmp_path):
    """The same content leaves the file alone; other content, shorter or longer, takes its place whole."""
    file = tmp_path / "new" / "edge.tsv"

    replace_if_other(file, b"one\n")
    first = file.stat()
    replace_if_other(file, b"one\n")

    same = file.stat()
    assert (same.st_ino, same.st_mtime_ns) == (first.st_ino, first.st_mtime_ns)
    for content in (b"on", b"one\ntwo\n"):
        replace_if_other(file, content)
        assert file.read_bytes() == content
    assert [path.name for path in file.parent.iterdir()] == ["edge.tsv"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_a_replaced_file_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    """Narrower or wider than the umask; the new content is never open to more users than the old one was."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(mode)
    with replacing(path) as file:
        file.write(b"new")
        file.flush()
        assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) == mode
    assert stat.S_IMODE(path.stat().st_mode) == mode
    replace_if_other(path, b"newer")
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_root_replaces_stays_its_owner_s(tmp_path: Path) -> None:
    """A command under sudo doesn't take an analyst's file away."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    os.chown(path, 12345, 23456)
    with replacing(path) as file:
        file.write(b"new")
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 23456)


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the paths that are fsynced."""
    paths = list[str]()

    def sync(descriptor):
        paths.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))

    monkeypatch.setattr(os, "fsync", sync)
    return paths


def test_new_folders_of_a_durable_file_are_synced(tmp_path, synced):
    """A power cut would otherwise take a file with the folder that was made for it."""
    with replacing(tmp_path / "a" / "b" / "file", durable=True) as file:
        file.write(b"x")
    assert {str(tmp_path), f"{tmp_path}/a", f"{tmp_path}/a/b"} <= set(synced)
    synced.clear()
    make_folder(tmp_path / "a" / "b")
    assert synced == []


def test_a_file_system_that_syncs_no_folder_is_used_all_the_same(tmp_path, monkeypatch):
    """SMB answers EINVAL; what the disk refuses is an error."""

    def refuse(code):
        def fsync(_):
            raise OSError(code, os.strerror(code))

        return fsync

    monkeypatch.setattr(os, "fsync", refuse(errno.EINVAL))
    sync_folder(tmp_path)
    monkeypatch.setattr(os, "fsync", refuse(errno.EIO))
    with pytest.raises(OSError, match="Input/output"):
        sync_folder(tmp_path)


def test_temporary_files_of_killed_writers_are_removed_and_no_others(tmp_path):
    """A writer of this machine is alive or dead, independently of clocks; another's is dead after a day."""
    path = tmp_path / "file"
    killed = subprocess.run([sys.executable, "-c", KILLED_WHILE_WRITING, str(path)], check=False)
    assert killed.returncode == -9
    (dead,) = tmp_path.iterdir()
    living, foreign = tmp_path / temporary_name("part"), f".{'0' * 8}-1-{'0' * 8}.tmp"
    old = {living: True, tmp_path / foreign: False, tmp_path / f".part{foreign}": True}
    old |= {
        tmp_path / f".{'0' * 32}.tmp": True,
        tmp_path / "an.analyst's.tmp": True,
        tmp_path / ".other.tmp": True,
    }
    for name, is_old in old.items():
        name.touch()
        if is_old:
            os.utime(name, (0, 0))

    assert remove_abandoned(tmp_path) == 3

    assert not dead.exists()
    assert sorted(tmp_path.iterdir()) == sorted(
        [living, tmp_path / foreign, tmp_path / "an.analyst's.tmp", tmp_path / ".other.tmp"]
    )
    assert remove_abandoned(tmp_path / "missing") == 0


def test_a_temporary_folder_is_its_owner_s_alone(tmp_path):
    """With any umask: it holds rows of logs, and links to the tables' files."""
    before = os.umask(0)
    try:
        with temporary_folder(tmp_path) as folder:
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    finally:
        os.umask(before)


def test_a_temporary_folder_that_cannot_be_removed_is_named(tmp_path, monkeypatch):
    """The system's error has the file's name alone, which says nowhere where it is."""

    def refuse(name, **_):
        raise OSError(errno.EIO, os.strerror(errno.EIO), name)

    monkeypatch.setattr(os, "unlink", refuse)
    with pytest.raises(OSError, match="Input/output error") as caught, temporary_folder(tmp_path) as folder:
        (folder / "file").write_bytes(b"")
    assert caught.value.filename == str(folder)


def test_a_folder_that_cannot_be_synced_is_named(tmp_path, monkeypatch):
    """The system's errors of a descriptor have no path."""

    def refuse(_):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="Read-only file system") as caught:
        sync_folder(tmp_path)
    assert caught.value.filename == str(tmp_path)


def test_a_file_that_cannot_be_read_is_named() -> None:
    """The system's error of reading has no path."""
    with pytest.raises(OSError, match=r"Input/output error: '/proc/self/mem'"):
        read_bytes(Path("/proc/self/mem"))
