"""Where reading stands in a log."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Position:
    """A place in a log's decompressed content: bytes and lines before it, and the header in force there."""

    offset: int = 0
    line: int = 0
    header: tuple[str, ...] = ()
