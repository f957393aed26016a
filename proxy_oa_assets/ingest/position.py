"""Where reading stands in a log."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Position:
    """A place in a log's decompressed content: bytes and lines before it, and what is in force there.

    That is the header, and the day of the last row before it, `YYYY-MM-DD`, to which rejected lines without a
    time belong.
    """

    offset: int = 0
    line: int = 0
    header: tuple[str, ...] = ()
    day: str = ""
