"""What the ranking job published for a day: one file, or a folder of `part-*` files as Spark writes it.

A part, or the file, may be compressed by gzip, zstd or bzip2.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from proxy_oa_assets.model.errors import ResultsChangedError, ResultsError
from proxy_oa_assets.model.files import is_data_file, replacing
from proxy_oa_assets.resources.hdfs import FileStatus, FileStore

# Hadoop's committers keep the tasks' output in it until the job has ended.
_UNFINISHED = "_temporary"
# The first bytes of a compressed file, by pyarrow's name of the codec.
_CODECS = {"gzip": b"\x1f\x8b", "bz2": b"BZh", "zstd": b"\x28\xb5\x2f\xfd"}
_OTHER_FORMAT = re.compile(
    r".*\.(deflate|snappy|lz4|lzo|xz|zip|parquet|orc|avro|json)", re.DOTALL | re.IGNORECASE
)
_CHUNK = 1 << 20
# Tab-separated logs shrink to a tenth or so; a part that unpacks to far more would only fill the disk.
_HIGHEST_RATIO = 250
_HARMLESS = 256 << 20  # bytes


@dataclass(frozen=True)
class PublishedParts:
    """The files of a day's ranked results in name order, at least one."""

    parts: tuple[FileStatus, ...]

    @property
    def length(self) -> int:
        """The bytes of all parts."""
        return sum(part.length for part in self.parts)

    @property
    def modified(self) -> int:
        """When the newest part was modified, in milliseconds since 1970."""
        return max(part.modified for part in self.parts)


def published_parts(hdfs: FileStore, path: str) -> PublishedParts | None:
    """Return what is published at a path.

    None if there is nothing, a folder without `part-*` files, or one that is still being written.
    """
    found = hdfs.status(path)
    if found is None:
        return None
    if not found.is_folder:
        return PublishedParts((found,))
    entries = hdfs.list_folder(path)
    if any(entry.name == _UNFINISHED for entry in entries):
        return None
    parts = tuple(
        entry
        for entry in entries
        if entry.name.startswith("part-") and is_data_file(entry.name) and not entry.is_folder
    )
    return PublishedParts(parts) if parts else None


def required_results(hdfs: FileStore, path: str) -> PublishedParts:
    """Return what is published at a path. Raises ResultsError naming the path if that is nothing or empty."""
    published = published_parts(hdfs, path)
    if published is None:
        if hdfs.status(f"{path}/{_UNFINISHED}"):
            raise ResultsError(
                f"{hdfs.location(path)} has a {_UNFINISHED}: the ranking job is writing, or was killed. "
                f"Materialize the day when the job has ended; if it was killed, run it again"
            )
        problem = "does not exist" if hdfs.status(path) is None else "has no part-* file"
        raise ResultsError(
            f"{hdfs.location(path)} {problem}: the day has no ranked results yet. "
            f"Run the ranking job (spot-ml) for this day, or put its proxy_results.csv there"
        )
    if published.length == 0:
        raise ResultsError(
            f"{hdfs.location(path)} is empty: the ranking job wrote no row. "
            f"Run it for this day again, then materialize proxy_results again"
        )
    return published


def copy_results(hdfs: FileStore, published: PublishedParts, copy: Path) -> int:
    """Copy the parts, decompressed, one after another into one file; return its length in bytes.

    A line feed is added between two parts where the first one ends without it. Raises ResultsError, naming
    the part, if it is damaged, or in a format that isn't read; ResultsChangedError if it changes. The former
    copy then stays.
    """
    end = b"\n"
    with replacing(copy) as file:
        for part in published.parts:
            for number, chunk in enumerate(_content(hdfs, part)):
                if number == 0 and end != b"\n":
                    file.write(b"\n")
                file.write(chunk)
                end = chunk[-1:]
        for part in published.parts:
            if hdfs.status(part.path) != part:
                raise ResultsChangedError(
                    f"{hdfs.location(part.path)} changed while it was copied: it is being written, or was "
                    f"published again. Materialize the day again when it is whole"
                )
        return file.tell()


def _content(hdfs: FileStore, part: FileStatus) -> Iterator[bytes]:
    """Yield a part's decompressed bytes in chunks, none of them empty."""
    location = hdfs.location(part.path)
    if other := _OTHER_FORMAT.fullmatch(part.name):
        raise ResultsError(
            f"{location} is in the format {other[1]}: have the ranking job write text, or text compressed by "
            f"gzip, zstd or bzip2"
        )
    with hdfs.open(part.path) as stream:
        buffered = io.BufferedReader(cast("io.RawIOBase", stream), _CHUNK)
        head = buffered.peek(4)
        codec = next((name for name, magic in _CODECS.items() if head.startswith(magic)), None)
        if codec is None:
            while chunk := buffered.read(_CHUNK):
                yield chunk
            return
        unpacked = 0
        for chunk in _decompressed(cast("BinaryIO", buffered), codec, location):
            unpacked += len(chunk)
            if unpacked > max(_HARMLESS, _HIGHEST_RATIO * part.length):
                raise ResultsError(
                    f"{location} unpacks to more than {_HIGHEST_RATIO} times its {part.length} bytes, which "
                    f"ranked results don't; look at what wrote it, or publish it uncompressed"
                )
            yield chunk


def _decompressed(stream: BinaryIO, codec: str, location: str) -> Iterator[bytes]:
    import pyarrow as pa

    try:
        with pa.CompressedInputStream(pa.PythonFile(stream, mode="r"), codec) as content:
            while chunk := content.read(_CHUNK):
                yield chunk
    except OSError as error:
        # Arrow's own errors have no number.
        if error.errno is not None:
            raise
        raise ResultsError(
            f"{location} is compressed by {codec} and damaged, or copied in part ({error}): publish it again"
        ) from error
