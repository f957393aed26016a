"""A log's bytes as blocks of whole lines, with each line's place, without a Python object per line."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

BLOCK = 8 << 20  # bytes; a line that is longer makes a longer block
_LF, _CR, _NUL = 10, 13, 0
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

LONGEST = 64 << 20  # bytes of a line
_KEPT = 64 << 10  # bytes of a longer one

Offsets = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Lines:
    """Lines in a row. `text` is UTF-8 without carriage returns at line ends; each line ends in a line feed.

    `ends` are the offsets of the line feeds in `text`. `offsets` are where the lines begin in the log, and
    `number` is the first line's, from 1. `glued` lines began behind a NUL in place of a line feed. With
    `too_long`, the only line is the begin of one that is longer than `LONGEST`.
    """

    text: bytes
    ends: Offsets
    offsets: Offsets
    number: int
    glued: int = 0
    too_long: bool = False

    @property
    def starts(self) -> Offsets:
        """The offsets of the lines in `text`."""
        return np.concatenate(([0], self.ends[:-1] + 1)) if len(self.ends) else self.ends

    def __len__(self) -> int:
        return len(self.ends)

    def line(self, index: int) -> str:
        """Return a line without its line feed."""
        start = int(self.ends[index - 1]) + 1 if index else 0
        return self.text[start : int(self.ends[index])].decode("utf-8")

    def part(self, first: int, last: int) -> Lines:
        """Return the lines from an index on, before another."""
        if first == 0 and last == len(self):
            return self
        start = int(self.ends[first - 1]) + 1 if first else 0
        stop = int(self.ends[last - 1]) + 1 if last > first else start
        return Lines(
            self.text[start:stop],
            self.ends[first:last] - start,
            self.offsets[first:last],
            self.number + first,
        )


def blocks(
    chunks: Iterable[bytes], *, offset: int = 0, number: int = 1, cut_at: int = 0, size: int = BLOCK
) -> Iterator[Lines]:
    """Yield the lines of a log whose bytes come in chunks, the first at an offset and of a line's number.

    A last line without a line feed is a line. `cut_at`: a NUL so many bytes behind a line's begin is a line
    end, since Squid cuts a line there together with its line feed.
    """
    waiting: list[bytes] = []
    length, has_line = 0, False
    for chunk in chunks:
        waiting.append(chunk)
        length += len(chunk)
        has_line = has_line or b"\n" in chunk
        if length < size:
            continue
        if not has_line:
            if length > LONGEST:
                waiting = [b"".join(waiting)[:_KEPT]]
            continue
        whole = b"".join(waiting)
        first, cut = whole.index(b"\n") + 1, whole.rindex(b"\n") + 1
        left_out = length - len(whole)
        if left_out or first > LONGEST:
            yield _too_long(whole[:first], offset, number)
            offset, number, whole, cut = offset + first + left_out, number + 1, whole[first:], cut - first
        if cut:
            lines = _lines(whole[:cut], offset, number, cut_at)
            yield lines
            offset, number = offset + cut, number + len(lines)
        waiting, length, has_line = [whole[cut:]], len(whole) - cut, False
    rest = b"".join(waiting)
    if length > LONGEST:
        yield _too_long(rest, offset, number)
    elif rest:
        # The last line may have no line feed.
        yield _lines(rest if rest.endswith(b"\n") else rest + b"\n", offset, number, cut_at)


def _too_long(line: bytes, offset: int, number: int) -> Lines:
    begin = line[:_KEPT].removesuffix(b"\n").replace(b"\r", b" ")
    return dataclasses.replace(_lines(begin + b"\n", offset, number, 0), too_long=True)


def _lines(block: bytes, offset: int, number: int, cut_at: int) -> Lines:
    glued = 0
    if cut_at and b"\0" in block:
        block, glued = _parted(block, cut_at)
    ends = np.flatnonzero(np.frombuffer(block, np.uint8) == _LF)
    offsets = np.concatenate(([0], ends[:-1] + 1)) + offset
    text = block
    if offset == 0 and text.startswith(_BYTE_ORDER_MARK):
        text = text[len(_BYTE_ORDER_MARK) :]
    if b"\r" in text:  # a single byte is found many times faster than two
        text = text.replace(b"\r\n", b"\n")
    if not _is_utf8(text):
        text = text.decode("utf-8", errors="replace").encode("utf-8")
    if text is not block:
        ends = np.flatnonzero(np.frombuffer(text, np.uint8) == _LF)
    return Lines(text, ends, offsets, number, glued)


def _is_utf8(text: bytes) -> bool:
    # Arrow validates several times faster than Python decodes.
    offsets = np.array([0, len(text)], dtype=np.int64)
    try:
        pa.LargeStringArray.from_buffers(1, pa.py_buffer(offsets), pa.py_buffer(text)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _parted(block: bytes, cut_at: int) -> tuple[bytes, int]:
    """Put a line feed in the place of each NUL that stands where the proxy cuts lines."""
    parted, start, glued = bytearray(block), 0, 0
    at = block.find(b"\0")
    while at >= 0:
        start = max(start, block.rfind(b"\n", start, at) + 1)
        if at - start == cut_at:
            parted[at] = _LF
            start, glued = at + 1, glued + 1
        at = block.find(b"\0", at + 1)
    return bytes(parted), glued
