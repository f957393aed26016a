import bz2
import gzip
import re
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pytest

from proxy_oa_assets.model.errors import ResultsChangedError, ResultsError
from proxy_oa_assets.ranking.published_parts import copy_results, published_parts, required_results
from proxy_oa_assets.resources.local.local_hdfs import LocalHdfs

PATH = "/user/spot/proxy/scored_results/20160912/scores/proxy_results.csv"


@pytest.fixture
def hdfs(tmp_path):
    return LocalHdfs(root=str(tmp_path / "hdfs"))


def zstd(content):
    return pa.Codec("zstd").compress(content, asbytes=True)


class GrowingHdfs(LocalHdfs):
    """A storage on which a file grows while it is read."""

    @contextmanager
    def open(self, path):
        """Open a file, and add a line to it when it has been read."""
        with super().open(path) as file:
            yield file
        with (Path(self.root) / path.lstrip("/")).open("ab") as writer:
            writer.write(b"another row\n")


def test_results_that_change_while_they_are_copied_leave_the_former_copy(tmp_path):
    """The error is transient, so the step tries again; the good copy isn't replaced by the head of a file."""
    hdfs = GrowingHdfs(root=str(tmp_path / "hdfs"))
    hdfs.write(PATH, [b"a row\n"])
    copy = tmp_path / "copy"
    copy.write_bytes(b"the good day\n")
    with pytest.raises(ResultsChangedError, match="changed while it was copied") as found:
        copy_results(hdfs, required_results(hdfs, PATH), copy)
    assert found.value.transient
    assert copy.read_bytes() == b"the good day\n"


def test_parts_are_copied_in_name_order_without_spark_s_other_files(hdfs, tmp_path):
    """Spark writes a folder of parts, a marker and checksums; the day is the parts, one after another."""
    for name in ("part-00001", "part-00000", "_SUCCESS", ".part-00000.crc"):
        hdfs.write(f"{PATH}/{name}", [name.encode(), b"\n"])
    published = required_results(hdfs, PATH)
    assert copy_results(hdfs, published, tmp_path / "copy") == published.length == 22
    assert (tmp_path / "copy").read_bytes() == b"part-00000\npart-00001\n"


@pytest.mark.parametrize(("file", "content"), [(None, b""), (f"{PATH}/_SUCCESS", b""), (PATH, b"")])
def test_a_day_without_results_names_their_path(hdfs, file, content):
    """Nothing, a folder without parts, and an empty file: each is an error with the path to look at."""
    if file is not None:
        hdfs.write(file, [content])
    with pytest.raises(ResultsError, match=re.escape(hdfs.location(PATH))):
        required_results(hdfs, PATH)


def test_a_folder_that_is_being_written_publishes_nothing(hdfs):
    """Hadoop's `_temporary` means unfinished, beside finished parts, too; the error says what to wait for."""
    hdfs.write(f"{PATH}/_temporary/0/part-00001", [b"half"])
    hdfs.write(f"{PATH}/part-00000", [b"whole\n"])
    assert published_parts(hdfs, PATH) is None
    with pytest.raises(ResultsError, match=r"has a _temporary.*is writing"):
        required_results(hdfs, PATH)
    hdfs.delete_folder(f"{PATH}/_temporary")
    assert required_results(hdfs, PATH).length == 6


def test_what_a_copy_leaves_behind_is_no_part(hdfs, tmp_path):
    """Checksums, unfinished copies, hidden files, markers and folders are left out."""
    names = ["part-00000._COPYING_", "part-00000.crc", ".part-00000.crc", "_part-00000", "_committed_1"]
    for name in (*names, "part-00000.tmp", "part-00001", "part-00002/part-00000"):
        hdfs.write(f"{PATH}/{name}", [b"row\n"])
    copy_results(hdfs, required_results(hdfs, PATH), tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"row\n"


def test_parts_without_a_final_line_feed_are_not_glued(hdfs, tmp_path):
    """A line feed is added between two parts, and nothing at the end or for a part without a byte."""
    for number, content in enumerate([b"a\nb", b"", b"c\n", b"d", gzip.compress(b"e")]):
        hdfs.write(f"{PATH}/part-{number:05d}", [content])
    size = copy_results(hdfs, required_results(hdfs, PATH), tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"a\nb\nc\nd\ne"
    assert size == 9


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, zstd])
def test_compressed_results_are_copied_decompressed(hdfs, tmp_path, compress):
    """Known by their bytes under any name: parts, several members in a part, and a single file."""
    rows = b"".join(b"%d\tx\n" % number for number in range(100_000))
    hdfs.write(f"{PATH}/part-00000.csv", [compress(rows), compress(b"a\n"), compress(b"")])
    hdfs.write(f"{PATH}/part-00001", [b"plain\n"])
    copy_results(hdfs, required_results(hdfs, PATH), tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == rows + b"a\nplain\n"

    single = f"{PATH}.of_another_day"
    hdfs.write(single, [compress(rows)])
    copy_results(hdfs, required_results(hdfs, single), tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == rows


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, zstd])
@pytest.mark.parametrize("damage", [lambda whole: whole[:-6], lambda whole: whole + b"rest"])
def test_a_damaged_part_is_named_and_replaces_no_copy(hdfs, tmp_path, compress, damage):
    """A part that was cut off, or goes on with something else: the former copy stays."""
    (tmp_path / "copy").write_bytes(b"former")
    hdfs.write(f"{PATH}/part-00000", [damage(compress(b"row\n" * 1000))])
    with pytest.raises(ResultsError, match=re.escape(hdfs.location(f"{PATH}/part-00000")) + ".*damaged"):
        copy_results(hdfs, required_results(hdfs, PATH), tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"former"


def test_a_part_that_unpacks_without_end_is_refused(hdfs, tmp_path):
    """Half a gigabyte in half a megabyte fills neither memory nor disk."""
    member = gzip.compress(bytes(64 << 20))
    hdfs.write(f"{PATH}/part-00000.gz", [member] * 8)
    with pytest.raises(ResultsError, match="unpacks to more than 250 times"):
        copy_results(hdfs, required_results(hdfs, PATH), tmp_path / "copy")
    assert list(tmp_path.glob("copy*")) == list(tmp_path.glob(".*.tmp")) == []


@pytest.mark.parametrize("name", ["part-00000.snappy", "part-00000-c000.snappy.parquet", "part-00000.LZ4"])
def test_another_format_is_refused_by_name(hdfs, tmp_path, name):
    """What isn't read would be thousands of rejected lines, or one among many good parts."""
    hdfs.write(f"{PATH}/{name}", [b"\0\1"])
    with pytest.raises(ResultsError, match=f"{name} is in the format"):
        copy_results(hdfs, required_results(hdfs, PATH), tmp_path / "copy")
