"""The clock of a day, and its minutes: how many requests each had."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

MINUTES = 24 * 60
_CLOCK = re.compile(r"(\d{1,2}):([0-5]\d)(?::([0-5]\d))?", re.ASCII)


def second_of(time: str | None) -> int | None:
    """Return the second of the day, 0 to 86399, of a time `HH:MM` or `HH:MM:SS`; None if it is none."""
    match = _CLOCK.match(time or "")
    if not match:
        return None
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds if hours < MINUTES // 60 else None


def minute_of(time: str | None) -> int | None:
    """Return the minute of the day, 0 to 1439, of a time `HH:MM` or `HH:MM:SS`; None if it is none."""
    second = second_of(time)
    return None if second is None else second // 60


def per_minute(tdate: Iterable[str], total: Iterable[int]) -> list[int]:
    """Return the requests of each of the 1,440 minutes, from rows of `proxy_ingest_summary` of one day.

    A row whose time is no clock time counts for no minute.
    """
    counts = [0] * MINUTES
    for text, number in zip(tdate, total, strict=True):
        minute = minute_of(text.partition(" ")[2])
        if minute is not None:
            counts[minute] += int(number)
    return counts


def minutes_by_day(summaries: pd.DataFrame) -> dict[str, list[int]]:
    """Return the minutes of each day, by its folder name, `YYYYMMDD`.

    `summaries` are rows of `proxy_ingest_summary` with their partition in `day_number`: its rows can have
    another date, such as those of a night whose last requests came late.
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
