"""Unpacking of compressed logs: gzip, bzip2, xz and zstd, told by their first bytes.

Several members one after another, as rotation and parallel packers write them, are one content. All that
precedes damage is unpacked; then the codec's error is raised.
"""

import bz2
import gzip
import lzma
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from itertools import islice
from typing import BinaryIO, Protocol

_CHUNK = 1 << 20
# Arrow loses what a failing read has unpacked.
_SMALL = 1 << 12
# What was read of xz and belongs to the next member is copied at the end of each.
_PACKED = 1 << 16
_XZ_MAGIC = b"\xfd7zXZ\x00"
# `xz -9` takes 65 MiB; a file can ask for as much as its content is long, and up to 4 GiB. Arrow's zstd takes
# 128 MiB at most.
_XZ_MEMORY = 256 << 20
_MEMORY_REFUSED = ("Memory usage limit exceeded", "requires too much memory")
# Of a codec; those of the system have a number.
CODEC_ERRORS = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, OSError)


class _Unpacked(AbstractContextManager["_Unpacked"], Protocol):
    def read1(self, size: int, /) -> bytes: ...


Decompress = Callable[[BinaryIO], Iterator[bytes]]


def _zstd(file: BinaryIO) -> Iterator[bytes]:
    import pyarrow as pa

    def unpacked(size: int) -> Iterator[bytes]:
        # Arrow closes the file that it is given.
        own = os.fdopen(os.dup(file.fileno()), "rb")
        own.seek(0)
        with pa.CompressedInputStream(pa.PythonFile(own, mode="r"), "zstd") as stream:
            while chunk := stream.read(size):
                yield chunk

    position, waiting = 0, bytearray()
    try:
        for chunk in unpacked(_SMALL):
            position += len(chunk)
            waiting += chunk
            if len(waiting) >= _CHUNK:
                yield bytes(waiting)
                waiting.clear()
    except OSError:
        # Arrow keeps back what a failing read had unpacked.
        waiting += b"".join(_until_damage(islice(unpacked(1), position, None)))
        yield bytes(waiting)
        raise
    yield bytes(waiting)


def _until_damage(chunks: Iterator[bytes]) -> Iterator[bytes]:
    with suppress(OSError):
        yield from chunks


def _xz(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    packed = file.read(_PACKED)
    while packed.startswith(_XZ_MAGIC):
        member = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)
        yield member.decompress(packed, _CHUNK)
        while not member.eof:
            packed = file.read(_PACKED) if member.needs_input else b""
            if member.needs_input and not packed:
                raise EOFError("Compressed file ended before the end-of-stream marker was reached")
            yield member.decompress(packed, _CHUNK)
        # Zeros can fill up a member; what follows and isn't xz is left out, as xz's own library does.
        packed = member.unused_data.lstrip(b"\0")
        while len(packed) < len(_XZ_MAGIC) and (more := file.read(_PACKED)):
            packed = (packed + more).lstrip(b"\0")


def _unpacking(open_file: Callable[[BinaryIO], _Unpacked]) -> Decompress:
    def unpack(file: BinaryIO) -> Iterator[bytes]:
        file.seek(0)
        with open_file(file) as stream:
            # Unlike `read`, it returns all that comes before damage.
            while chunk := stream.read1(_CHUNK):
                yield chunk

    return unpack


# By the first bytes of a compressed file. Each reads several members, one after another, as one content.
_CODECS: dict[bytes, Decompress] = {
    b"\x1f\x8b": _unpacking(lambda file: gzip.GzipFile(fileobj=file)),
    b"BZh": _unpacking(bz2.BZ2File),
    _XZ_MAGIC: _xz,
    b"\x28\xb5\x2f\xfd": _zstd,
    b"\x50\x2a\x4d\x18": _zstd,  # begins with a frame to skip, as pzstd's files do
}


def asks_for_memory(error: Exception) -> bool:
    """Return whether a codec's error is that unpacking would take more memory than it may."""
    return any(words in str(error) for words in _MEMORY_REFUSED)


def decompressor(first: bytes) -> Decompress | None:
    """Return what decompresses a file of these first bytes; None for plain text."""
    return next((unpack for magic, unpack in _CODECS.items() if first.startswith(magic)), None)
