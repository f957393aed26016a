"""Text files that people and other programs write: in the encodings of their editors, gzipped or not.

Sizes are checked while reading, so that a small compressed file can't fill the memory.
"""

import codecs
import csv
import gzip
import io
import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

from typing_extensions import Buffer, override

from proxy_oa_assets.model.text import counted

T = TypeVar("T")
Text = TypeVar("Text", str, bytes)

MAX_BYTES = 100 * 1024**2
MAX_LINES = 1_000_000
_MAX_LINE = 128 * 1024  # characters, as Python's csv
_NAMED_LINES = 20
_MAX_DEPTH = 50
_TOO_DEEP = f"it is nested deeper than {_MAX_DEPTH} levels"
_DOTTED = re.compile(r"""(?<![\w"'-])(?:[\w"'-]++\s*+\.\s*+){50}""")
_BUFFER = 64 * 1024
_GZIP = b"\x1f\x8b"
_OTHER_FORMATS = {
    b"PK\x03\x04": "a ZIP archive or a spreadsheet; unpack it, or save it as CSV",
    b"BZh": "compressed by bzip2; decompress it",
    b"\xfd7zXZ": "compressed by xz; decompress it",
    b"\x28\xb5\x2f\xfd": "compressed by zstd; decompress it",
}
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    # Before UTF-16's, which it begins with.
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


class TooLongError(ValueError):
    """A file has more bytes or lines than it may have."""


@dataclass
class IgnoredLines:
    """The lines of a file that can't be used: their number, and the first ones with the reason."""

    count: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, place: str, reason: str) -> None:
        """Count a line; the first 20 are kept as `place: reason`."""
        self.count += 1
        if len(self.first) < _NAMED_LINES:
            self.first.append(f"{place}: {reason}")

    def __add__(self, other: "IgnoredLines") -> "IgnoredLines":
        return IgnoredLines(self.count + other.count, (self.first + other.first)[:_NAMED_LINES])

    def __bool__(self) -> bool:
        return self.count > 0

    def __str__(self) -> str:
        return f"{counted(self.count, 'line')} ignored, the first: {self.first[0]}" if self else ""


def settings_text(content: bytes) -> str:
    """Return the text of a settings file's content. Raises ValueError if it is no text."""
    return content.decode(_encoding(content[:4]))


def parse_nested(parse: Callable[[Text], T], text: Text) -> T:
    """Return the value that a parser of JSON or TOML finds in a text.

    Raises ValueError, as the parser does, if it is nested deeper than 50 levels: what reads it later is
    recursive.
    """
    # For long dotted keys, tomllib takes quadratic memory.
    if isinstance(text, str) and _DOTTED.search(text):
        raise ValueError(_TOO_DEEP)
    try:
        value = parse(text)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    level: list[object] = [value]
    for _ in range(_MAX_DEPTH):
        level = [below for each in level for below in _children(each)]
        if not level:
            return value
    raise ValueError(_TOO_DEEP)


def _children(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def numbered_lines(
    path: Path, ignored: IgnoredLines, *, max_bytes: int = MAX_BYTES, max_lines: int = MAX_LINES
) -> Iterator[tuple[int, str]]:
    """Yield number and text of each line of a file; lines above 128 K characters are ignored.

    Raises OSError or ValueError if the file can't be read, and TooLongError if it has more than `max_bytes`,
    compressed or decompressed, or more than `max_lines`.
    """
    with _opened(path, max_bytes) as file:
        number, goes_on = 0, False
        while line := file.readline(_MAX_LINE):
            ends = line.endswith(("\n", "\r")) or len(line) < _MAX_LINE
            if not goes_on:
                number += 1
                if number > max_lines:
                    raise TooLongError(f"it has more than {max_lines:,} lines")
                if ends:
                    yield number, line
                else:
                    ignored.add(f"{path}:{number}", f"it is longer than {_MAX_LINE:,} characters")
            goes_on = not ends


def cells(line: str, separator: str) -> list[str]:
    """Return the cells of a CSV line, which ends with its line. Raises ValueError if it is malformed."""
    if '"' not in line:
        return line.rstrip("\r\n").split(separator)
    try:
        # Line by line, so that a quote that is never closed spoils only its own line.
        return next(csv.reader([line], delimiter=separator, strict=True, skipinitialspace=True), [])
    except csv.Error as error:
        raise ValueError(str(error)) from error


@contextmanager
def _opened(path: Path, max_bytes: int) -> Iterator[io.TextIOWrapper]:
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size > max_bytes:
            raise TooLongError(f"it is larger than {_size(max_bytes)}")
        head = file.peek(8)
        for magic, what in _OTHER_FORMATS.items():
            if head.startswith(magic):
                raise ValueError(f"it is {what}")
        content = gzip.GzipFile(fileobj=file) if head.startswith(_GZIP) else file
        plain = io.BufferedReader(_Bounded(cast("BinaryIO", content), max_bytes), _BUFFER)
        try:
            encoding = _encoding(plain.peek(4))
            # Half a pair of UTF-16 costs a character.
            errors = "windows-1252" if encoding.startswith("utf-8") else "replace"
            yield io.TextIOWrapper(plain, encoding, errors, newline="")
        except (EOFError, zlib.error) as error:
            raise ValueError(f"its compressed data is damaged or cut off ({error})") from error


def _encoding(head: bytes) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if head.startswith(mark):
            return encoding
    # Files of addresses and domains begin with ASCII, of which UTF-16 makes every other byte zero.
    zeros = tuple(byte == 0 for byte in head[:2])
    if zeros == (False, True):
        return "utf-16-le"
    return "utf-16-be" if zeros == (True, False) else "utf-8"


def _windows_1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


# Text in an older encoding is still text.
codecs.register_error("windows-1252", _windows_1252)


def _size(count: int) -> str:
    return f"{count / 1024**2:,.0f} MB" if count >= 1024**2 else f"{count:,} bytes"


class _Bounded(io.RawIOBase):
    """The bytes of a stream; reading more than `limit` of them raises TooLongError."""

    def __init__(self, source: BinaryIO, limit: int) -> None:
        self._source, self._limit, self._left = source, limit, limit

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Buffer) -> int:
        target = memoryview(buffer)
        content = self._source.read(len(target))
        target[: len(content)] = content
        self._left -= len(content)
        if self._left < 0:
            raise TooLongError(f"it is larger than {_size(self._limit)}, decompressed")
        return len(content)
