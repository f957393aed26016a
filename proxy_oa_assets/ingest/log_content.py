"""A log's content: decompressed, read from any offset, and known again by digests of its beginning.

Plain text, gzip, bzip2, xz and zstd are told by their first bytes, not by the file's name.
"""

import hashlib
import io
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from proxy_oa_assets.ingest.compression import CODEC_ERRORS, Decompress, asks_for_memory, decompressor
from proxy_oa_assets.model.errors import IngestError, disk_errors, refusal
from proxy_oa_assets.model.text import counted, printable

STANDARD_INPUT = Path("-")
_CHUNK = 1 << 20
_HEAD = 1 << 18
# Ends of the data lines 1, 2, 4, 8 and so on of a log's first bytes, and these bytes themselves.
MARKED = 4096
# Control characters that text doesn't have, but for one in so many bytes: proxies log what clients send.
_CONTROL = bytes({*range(32)} - {*b"\t\n\v\f\r\x1b"})
_FEW = 20
_OTHERS = {
    b"PK\x03\x04": "a zip archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"\x04\x22\x4d\x18": "compressed by lz4",
    b"\x1f\x9d": "compressed by compress",
    b"PAR1": "a Parquet file",
    b"\xd4\xc3\xb2\xa1": "a packet capture",
    b"\xa1\xb2\xc3\xd4": "a packet capture",
    b"\x0a\x0d\x0d\x0a": "a packet capture",
    b"\xff\xfe": "UTF-16",
    b"SQLite format 3": "a SQLite database",
    b"\x7fELF": "a program",
    b"\x89PNG": "a picture",
    b"%PDF": "a PDF file",
}


# Returns digests of a log's first bytes, by their number, for those that it has.
Digests = Callable[[Iterable[int]], Mapping[int, str]]


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...
    def hexdigest(self) -> str: ...
    def copy(self) -> "_Hash": ...


class NoLogError(IngestError):
    """A file is no log of requests, such as an archive or a picture; a folder's other files are read."""


class LogContent:
    """A log's decompressed content, all of it from one open file.

    A log that is renamed, removed or rotated while it is read stays the same log. Offsets are bytes of the
    decompressed content. Reading raises IngestError, naming the file, if the system refuses.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self.name = name
        self.warnings: list[str] = []
        self._file = file
        self._states: dict[int, _Hash] = {0: hashlib.sha256()}
        with self._refusals():
            status = os.fstat(file.fileno())
            first = file.read(16)
        self.length, self.modified = status.st_size, status.st_mtime_ns
        self._decompress = decompressor(first)
        other = next((what for magic, what in _OTHERS.items() if first.startswith(magic)), None)
        if other is not None:
            raise NoLogError(
                f"{name} is {other}; logs are text (UTF-8), or text that is compressed by gzip, bzip2, xz or "
                f"zstd: convert it, or unpack it and name the logs in it"
            )

    @property
    def compressed(self) -> bool:
        """Whether reading from an offset on takes reading what is before it."""
        return self._decompress is not None

    def head(self) -> bytes:
        """Return the first 256 KiB. Raises NoLogError if they are no text."""
        head = b""
        for chunk in self.chunks(0):
            head += chunk
            if len(head) >= _HEAD:
                break
        head = head[:_HEAD]
        if len(head) - len(head.translate(None, _CONTROL)) > len(head) // _FEW:
            raise NoLogError(f"{self.name} is no text; leave it out, or unpack it and name the logs in it")
        return head

    def digests(self, lengths: Iterable[int]) -> dict[int, str]:
        """Return the digests of the content's first bytes, by their number; none for more than it has.

        All lengths are measured in one pass.
        """
        wanted = sorted(set(lengths))
        if missing := [length for length in wanted if length not in self._states]:
            state, position = hashlib.sha256(), 0
            for chunk in self.chunks(0):
                begin = 0
                while missing and missing[0] <= position + len(chunk):
                    state.update(chunk[begin : missing[0] - position])
                    begin = missing[0] - position
                    self._states[missing.pop(0)] = state.copy()
                if not missing:
                    break
                state.update(chunk[begin:])
                position += len(chunk)
        return {length: self._states[length].hexdigest() for length in wanted if length in self._states}

    def read(self, start: int = 0) -> "Passage":
        """Return the content from an offset on, which `digests` must have measured."""
        return Passage(self.chunks(start), self._states[start].copy(), start)

    def part(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the content between two offsets."""
        left = end - start
        for chunk in self.chunks(start):
            yield chunk[:left]
            left -= len(chunk)
            if left <= 0:
                return

    def chunks(self, start: int) -> Iterator[bytes]:
        """Yield the content from an offset on, in chunks of about 1 MiB."""
        if self._decompress is None:
            yield from self._plain(start)
            return
        left = start
        for chunk in self._decompressed(self._decompress):
            if left < len(chunk):
                yield chunk[left:] if left else chunk
            left = max(left - len(chunk), 0)

    def _plain(self, start: int) -> Iterator[bytes]:
        position = start
        with self._refusals():
            self._file.seek(start)
            while chunk := self._file.read(_CHUNK):
                position += len(chunk)
                yield chunk
            left = os.fstat(self._file.fileno()).st_size
        if left < position and position > start:
            # What follows the part that was read would be of another log.
            raise IngestError(
                f"{self.name} was cut to {counted(left, 'byte')} while it was read, as copytruncate does; "
                f"ingest it and its rotated copy again"
            )

    def _decompressed(self, decompress: Decompress) -> Iterator[bytes]:
        yielded = 0
        with self._refusals():
            try:
                for chunk in decompress(self._file):
                    yielded += len(chunk)
                    yield chunk
            except CODEC_ERRORS as error:
                # Errors of the codecs have no number.
                if isinstance(error, OSError) and error.errno is not None:
                    raise
                if asks_for_memory(error):
                    raise IngestError(
                        f"{self.name} takes too much memory to unpack: over 256 MiB (xz) or 128 MiB (zstd); "
                        f"if you trust it, unpack it by `xz -d` or `zstd -d --long=31`, and name that file"
                    ) from error
                warning = (
                    f"{self.name} is damaged or cut: {counted(yielded, 'byte')} were unpacked before "
                    f'"{error}"; copy it again, and ingest it again for the rest'
                )
                if warning not in self.warnings:
                    self.warnings.append(warning)

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno is None:
                raise
            raise IngestError(_refusal(error, self.name)) from error


class Passage:
    """The content from an offset on, in chunks; `end` is the offset that has been reached."""

    def __init__(self, chunks: Iterator[bytes], state: _Hash, start: int) -> None:
        self.end = start
        self._chunks, self._state = chunks, state

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self._state.update(chunk)
            self.end += len(chunk)
            yield chunk

    @property
    def digest(self) -> str:
        """The digest of the content up to `end`."""
        return self._state.hexdigest()


def marks(head: bytes) -> dict[int, str]:
    """Return digests of a log's beginning by length, for one that begins like another and ends earlier.

    Each length takes in at least one whole line of data: headers of logs can be the same.
    """
    lengths, position, lines = [], 0, 0
    for line in io.BytesIO(head[:MARKED]):
        position += len(line)
        if line.startswith(b"#") or not line.strip():
            continue
        lines += 1
        if line.endswith(b"\n") and lines & (lines - 1) == 0:
            lengths.append(position)
    if lines and len(head) >= MARKED:
        lengths.append(MARKED)
    return {length: digest(head[:length]) for length in lengths}


def digest(content: bytes) -> str:
    """Return the digest by which content is known."""
    return hashlib.sha256(content).hexdigest()


@contextmanager
def opened(path: Path, staging: Path) -> Iterator[LogContent]:
    """Open a log; a pipe, and standard input for the path `-`, are first copied into the staging folder.

    Raises IngestError naming the path if it is no file that can be read, and NoLogError if it is no text.
    """
    name = "standard input" if path == STANDARD_INPUT else shown(path.absolute())
    with ExitStack() as files:
        if path == STANDARD_INPUT:
            file, seekable = sys.stdin.buffer, False
        else:
            try:
                file = files.enter_context(path.open("rb"))
                seekable = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            except OSError as error:
                raise IngestError(_refusal(error, name)) from error
        if not seekable:
            spool = staging / "standard_input"
            with disk_errors(spool):
                copy = files.enter_context(spool.open("w+b"))
                shutil.copyfileobj(file, copy, _CHUNK)
            file = copy
            file.seek(0)
        yield LogContent(file, name)


def _refusal(error: OSError, name: str) -> str:
    # Without the error's own path, whose bytes may be of any kind.
    return refusal(OSError(error.errno, error.strerror), name)


def shown(path: Path) -> str:
    """Return a path as text that can be printed and stored; what can't be is written as escapes."""
    return printable(os.fsencode(path).decode("utf-8", "backslashreplace"))
