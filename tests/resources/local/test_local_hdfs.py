import os
import time

import pytest

from proxy_oa_assets.model.errors import LockedError, StorageError
from proxy_oa_assets.resources.local import local_hdfs
from proxy_oa_assets.resources.local.local_hdfs import LocalHdfs

PATH = "/user/spot/proxy/scored_results/20160912/scores/proxy_results.csv"


@pytest.fixture
def hdfs(tmp_path):
    """Return an HDFS in an empty folder that doesn't exist yet."""
    return LocalHdfs(root=str(tmp_path / "root"))


def _read(hdfs, path):
    with hdfs.open(path) as file:
        return file.read()


def test_what_is_written_is_read_byte_for_byte(hdfs):
    """Chunks are joined as they are; folders are made on the way."""
    chunks = [b"\0\xff\r\n", b"", bytes(range(256)), b"x" * 300_000]
    hdfs.write(PATH, iter(chunks))
    assert _read(hdfs, PATH) == b"".join(chunks)


def test_the_path_is_below_the_root(hdfs, tmp_path):
    """`/user/spot` is `<root>/user/spot`, where people and other tools find it."""
    hdfs.write(PATH, [b"x"])
    assert hdfs.location(PATH) == str(tmp_path / "root" / PATH.lstrip("/"))
    assert (tmp_path / "root" / PATH.lstrip("/")).read_bytes() == b"x"


def test_the_status_says_length_time_and_kind(hdfs):
    """Length in bytes and modification time in milliseconds, as WebHDFS gives them."""
    before = time.time() * 1000
    hdfs.write(PATH, [b"four"])
    status = hdfs.status(PATH)
    assert (status.path, status.name, status.length, status.is_folder) == (
        PATH,
        "proxy_results.csv",
        4,
        False,
    )
    assert before - 2000 <= status.modified <= time.time() * 1000 + 2000
    assert hdfs.status("/user/spot").is_folder


@pytest.mark.parametrize("path", ["/missing", "/user/missing/file", f"{PATH}/below/a/file"])
def test_what_is_not_there_has_no_status(hdfs, path):
    """None for a missing file, a missing folder, and a path that goes through a file."""
    hdfs.write(PATH, [b"x"])
    assert hdfs.status(path) is None


def test_a_folder_is_listed_by_name(hdfs):
    """Entries come sorted, with paths that can be opened, whether the folder has a final slash or not."""
    for name in ("part-00010", "part-00002", "_SUCCESS", "sub/file"):
        hdfs.write(f"/out/{name}", [name.encode()])
    for folder in ("/out", "/out/"):
        entries = hdfs.list_folder(folder)
        assert [entry.path for entry in entries] == [
            "/out/_SUCCESS",
            "/out/part-00002",
            "/out/part-00010",
            "/out/sub",
        ]
        assert [entry.is_folder for entry in entries] == [False, False, False, True]
    assert _read(hdfs, entries[1].path) == b"part-00002"


def test_a_missing_folder_is_an_empty_one(hdfs):
    """A folder that doesn't exist has no entry; listing it is no error."""
    assert hdfs.list_folder("/missing") == []
    hdfs.write(PATH, [b"x"])
    assert hdfs.list_folder(PATH) == []


def test_a_write_that_fails_leaves_the_old_file(hdfs):
    """A file is replaced wholly or not at all, and no half of it is left beside."""
    hdfs.write(PATH, [b"old"])

    def chunks():
        yield b"new"
        raise RuntimeError("the source broke off")

    with pytest.raises(RuntimeError, match="broke off"):
        hdfs.write(PATH, chunks())
    assert _read(hdfs, PATH) == b"old"
    assert [entry.name for entry in hdfs.list_folder(PATH.rpartition("/")[0])] == ["proxy_results.csv"]


def test_a_reader_keeps_the_file_it_opened(hdfs):
    """A file replaced during a copy is copied in its old form, never half of each."""
    hdfs.write(PATH, [b"old"])
    with hdfs.open(PATH) as file:
        hdfs.write(PATH, [b"new and longer"])
        assert file.read() == b"old"
    assert _read(hdfs, PATH) == b"new and longer"


def test_delete_says_whether_there_was_a_file(hdfs):
    """Deleting twice is no error; a folder isn't deleted as if it were a file."""
    hdfs.write(PATH, [b"x"])
    assert hdfs.delete(PATH)
    assert not hdfs.delete(PATH)
    assert hdfs.status(PATH) is None
    with pytest.raises(StorageError):
        hdfs.delete("/user")


@pytest.mark.parametrize(
    ("path", "refused"),
    [
        ("/missing", _read),
        ("/folder", _read),
        ("/folder/file/below", lambda hdfs, path: hdfs.write(path, [b"x"])),
        ("/folder", lambda hdfs, path: hdfs.write(path, [b"x"])),
        (f"/folder/{'n' * 300}", lambda hdfs, path: hdfs.status(path)),
        (f"/folder/{'n' * 300}", lambda hdfs, path: hdfs.delete(path)),
    ],
)
def test_what_the_system_refuses_names_the_place(hdfs, path, refused):
    """An error of the file system becomes a StorageError with the local path."""
    hdfs.write("/folder/file", [b"x"])
    with pytest.raises(StorageError) as caught:
        refused(hdfs, path)
    assert hdfs.location(path) in str(caught.value)


def test_an_error_of_the_readers_own_is_not_blamed_on_the_file(hdfs):
    """A full disk where the copy goes isn't an error of the source: it stays as it is."""
    hdfs.write(PATH, [b"x"])

    def copy():
        with hdfs.open(PATH) as file:
            raise OSError(28, "No space left on device", f"copy of {len(file.read())} byte")

    with pytest.raises(OSError, match="copy of 1 byte"):
        copy()


def test_a_lock_keeps_others_out_for_as_long_as_it_is_held(hdfs, monkeypatch):
    """The error of one that waits too long names the lock; a released lock can be taken again."""
    monkeypatch.setattr(local_hdfs, "PATIENCE_SECONDS", 0.1)
    with hdfs.lock("/user/spot/lock") as still_held:
        still_held()
        with (
            pytest.raises(
                LockedError, match=rf"user/spot/lock has been locked for 0\.1 s by .* {os.getpid()} on "
            ),
            LocalHdfs(root=hdfs.root).lock("/user/spot/lock"),
        ):
            pytest.fail("two hold the lock")
        with hdfs.lock("/user/spot/other"):
            pass
    with hdfs.lock("/user/spot/lock"):
        pass
