"""Clock times of a day, and its requests per minute."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

MINUTES = 24 * 60
# Some logs write the date before the time.
_CLOCK = re.compile(r"(?:\d{4}-\d{2}-\d{2}[ T])?(\d{1,2}):([0-5]\d)(?::([0-5]\d))?", re.ASCII)


def second_of(time: str | None) -> int | None:
    """Return the second of the day, 0 to 86399, of `HH:MM` or `HH:MM:SS`; None for any other text."""
    match = _CLOCK.match(time or "")
    if not match:
        return None
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds if hours < MINUTES // 60 else None


def minute_of(time: str | None) -> int | None:
    """Return the minute of the day, 0 to 1439, of `HH:MM` or `HH:MM:SS`; None for any other text."""
    second = second_of(time)
    return None if second is None else second // 60


def per_minute(tdate: Iterable[str], total: Iterable[int]) -> list[int]:
    """Return the requests of each of the 1,440 minutes, from a day's rows of `proxy_ingest_summary`.

    Rows without a clock time are not counted.
    """
    counts = [0] * MINUTES
    for text, number in zip(tdate, total, strict=True):
        if (minute := minute_of(text.partition(" ")[2])) is not None:
            counts[minute] += int(number)
    return counts


def minutes_by_day(summaries: pd.DataFrame) -> dict[str, list[int]]:
    """Return `per_minute` of each day, by its folder name, `YYYYMMDD`.

    `summaries` are rows of `proxy_ingest_summary` with their partition in `day_number`, because a partition
    can have rows of another date, such as late requests of the night before.
    """
    return {
        f"{number:08d}": per_minute(rows["tdate"], rows["total"])
        for number, rows in summaries.groupby("day_number", sort=True)
    }


def clock(minute: int) -> str:
    """Return a minute of the day as `HH:MM`."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def clock_with_seconds(second: int) -> str:
    """Return a second of the day as `HH:MM:SS`."""
    return f"{clock(second // 60)}:{second % 60:02d}"
