import bz2
import gzip
import hashlib
import io
import lzma
import os
import random
import threading
import zlib
from functools import partial

import pyarrow as pa
import pytest

from proxy_oa_assets.ingest.compression import decompressor
from proxy_oa_assets.ingest.log_content import NoLogError, marks, opened
from proxy_oa_assets.model.errors import IngestError

TEXT = b"".join(b"line %d of a log, %d\n" % (number, number * number) for number in range(60_000))


def _zstd(content: bytes) -> bytes:
    packed = pa.BufferOutputStream()
    with pa.CompressedOutputStream(packed, "zstd") as stream:
        stream.write(content)
    return packed.getvalue().to_pybytes()


PACKED = {
    "plain": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": partial(lzma.compress, preset=0),
    "zstd": _zstd,
}
COMPRESSED = sorted(PACKED.keys() - {"plain"})


def _content(path, tmp_path) -> tuple[bytes, list[str]]:
    with opened(path, tmp_path) as content:
        return b"".join(content.read()), content.warnings


@pytest.mark.parametrize("packing", PACKED)
def test_the_content_is_known_by_its_digests_however_it_is_packed(packing, tmp_path):
    """Two members one after another, as log rotation and parallel packers write them, are one content."""
    path, half = tmp_path / "access.log.1", len(TEXT) // 2
    pack = PACKED[packing]
    path.write_bytes(pack(TEXT[:half]) + pack(TEXT[half:]))
    lengths = [len(TEXT), 1_500_000, 1, half, len(TEXT) + 1]
    with opened(path, tmp_path) as content:
        digests = content.digests(lengths)
        rest = content.read(1_500_000)
        assert b"".join(rest) == TEXT[1_500_000:]
        assert (rest.end, rest.digest) == (len(TEXT), digests[len(TEXT)])
        assert b"".join(content.part(1_400_000, 1_400_020)) == TEXT[1_400_000:1_400_020]
        assert content.head() == TEXT[: 1 << 18]
        assert not content.warnings
    expected = {n: hashlib.sha256(TEXT[:n]).hexdigest() for n in lengths if n <= len(TEXT)}
    assert digests == expected


@pytest.mark.parametrize("packing", COMPRESSED)
def test_a_cut_file_gives_what_there_is_and_a_warning(packing, tmp_path):
    """As of a copy in progress; the content is the beginning of what the whole file has."""
    path = tmp_path / "access.log.gz"
    packed = PACKED[packing](TEXT)
    path.write_bytes(packed[: len(packed) * 9 // 10])
    content, warnings = _content(path, tmp_path)
    assert TEXT.startswith(content)
    # A block of bzip2 is 900 kB.
    assert len(content) > len(TEXT) * (0.4 if packing == "bzip2" else 0.8)
    (warning,) = warnings
    assert str(path) in warning
    assert f"{len(content):,} bytes were unpacked" in warning


def test_all_that_precedes_damage_is_read(tmp_path):
    """Of zstd, all whole blocks; Arrow keeps back what the failing read had unpacked."""
    path, packed = tmp_path / "access.log.zst", _zstd(TEXT)
    path.write_bytes(packed[:-3])
    block = 128 << 10
    assert _content(path, tmp_path)[0] == TEXT[: len(TEXT) // block * block]


def _asks_for(packing: str, content: bytes) -> bytes:
    """Return packed content whose header says that unpacking takes 4 GiB (xz) or 2 GiB (zstd)."""
    if packing == "zstd":
        frame, block = b"\x28\xb5\x2f\xfd\x00" + bytes([21 << 3]), 1 | len(content) << 3
        return frame + block.to_bytes(3, "little") + content
    packed = bytearray(lzma.compress(content, preset=0))
    end = 12 + 4 * packed[12] + 4
    packed[packed.index(b"\x21\x01", 12) + 2] = 40
    packed[end - 4 : end] = zlib.crc32(packed[12 : end - 4]).to_bytes(4, "little")
    return bytes(packed)


@pytest.mark.parametrize("begin", [b"", TEXT], ids=["first", "later"])
@pytest.mark.parametrize("packing", ["xz", "zstd"])
def test_a_file_can_not_ask_for_gigabytes_of_memory(packing, begin, tmp_path):
    """By the dictionary or window in the header of a member: it is refused with what to do, not as damage."""
    path = tmp_path / "access.log"
    path.write_bytes((PACKED[packing](begin) if begin else b"") + _asks_for(packing, TEXT[:1000]))
    with pytest.raises(IngestError, match=f"{path} takes too much memory .* `{packing} -d"):
        _content(path, tmp_path)


@pytest.mark.parametrize("zeros", [8, 3 << 20])
def test_zeros_between_members_of_xz_are_no_end(zeros, tmp_path):
    """The format allows them; what follows the last member and isn't xz is left out."""
    path, packed = tmp_path / "access.log.xz", PACKED["xz"](TEXT)
    path.write_bytes(packed + bytes(zeros) + packed + b"rest")
    assert _content(path, tmp_path) == (TEXT * 2, [])


def test_small_members_of_xz_are_read_one_by_one():
    """A log packed by the minute isn't read into memory as a whole, and its rest copied at each member."""
    text = random.Random(18).randbytes(30_000)  # as long when it is packed
    file, unpacked = io.BytesIO(PACKED["xz"](text) * 50), bytearray()
    for chunk in decompressor(file.getvalue())(file):
        unpacked += chunk
        assert file.tell() - len(unpacked) < 100_000
    assert unpacked == text * 50


def test_other_files_are_no_logs(tmp_path):
    """Archives, pictures and binary files are refused in words before a reader makes rejects of them."""
    for first in (b"PK\x03\x04" + bytes(99), b"\x89PNG" + bytes(99), bytes(range(256)) * 9):
        path = tmp_path / "file"
        path.write_bytes(first)
        with pytest.raises(NoLogError, match=f"{path} is "), opened(path, tmp_path) as content:
            content.head()


def test_a_pipe_is_read_once_and_kept(tmp_path):
    """The shell's `<(command)` is a pipe, which can't be read from its beginning again."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(gzip.compress(TEXT)))
    writer.start()
    with opened(pipe, tmp_path) as content:
        assert content.head() == TEXT[: 1 << 18]
        assert b"".join(content.read()) == TEXT
    writer.join()


def test_a_log_that_is_cut_while_it_is_read_is_refused(tmp_path):
    """Copytruncate empties a log: what is read after that would belong to another one."""
    path = tmp_path / "access.log"
    path.write_bytes(TEXT * 3)
    with opened(path, tmp_path) as content:
        chunks = iter(content.read())
        next(chunks)
        os.truncate(path, 10)
        with pytest.raises(IngestError, match="was cut to 10 bytes while it was read"):
            list(chunks)


def test_a_renamed_log_is_read_to_its_end(tmp_path):
    """Rotation renames and removes: the open file stays the same log."""
    path = tmp_path / "access.log"
    path.write_bytes(TEXT)
    with opened(path, tmp_path) as content:
        content.digests([100])
        path.unlink()
        path.write_bytes(b"another\n")
        assert b"".join(content.read(100)) == TEXT[100:]


def test_missing_and_forbidden_files_are_refused_in_words(tmp_path):
    """The error names the path, of any bytes, without control characters."""
    with (
        pytest.raises(IngestError, match=r"gone\\x1b\.log: No such file"),
        opened(tmp_path / "gone\x1b.log", tmp_path),
    ):
        pass
    with pytest.raises(IngestError, match="Is a directory"), opened(tmp_path, tmp_path):
        pass


def test_marks_take_in_data():
    """Headers can be the same in two logs; a mark ends after a line of data, or at 4,096 bytes."""
    header, lines = b"#fields a b\n#types c d\n", [b"%d x\n" % number for number in range(5)]
    found = marks(header + b"".join(lines) + b"unfinished")
    assert [length - len(header) for length in found] == [4, 8, 16]
    assert not marks(header + b"unfinished")
    assert max(marks(TEXT)) == 4096
