"""Patterns of logs, PROXY_OA_LOGS: paths with globs and date codes, and the files that they name."""

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from glob import iglob
from pathlib import Path

from proxy_oa_assets.model.day import Day

_CODE = re.compile(r"%(.)")
_DIGITS = dict.fromkeys("mdyHMSIUVW", 2) | {"Y": 4, "G": 4, "j": 3, "u": 1}
_DATE_CODES = "YymdjbBF"
# Sets of codes that name a day.
_DATES = (set("F"), *(set(f"{year}{day}") for year in "Yy" for day in ("j", "md", "bd", "Bd")))
# Files of a month or a week have one date; further away is another file's part, or none.
_REACH = 31


def named_logs(pattern: str, date: dt.date | None = None) -> Iterator[Path]:
    """Yield the files that a pattern names, or those that it names for a date; `%H` stands for any hour."""

    def text(found: re.Match[str]) -> str:
        code = found[1]
        if code == "%":
            return "%"
        if code in _DATE_CODES and date:
            return date.strftime(found[0])
        if code == "F":
            return _CODE.sub(text, "%Y-%m-%d")
        return "[0-9]" * _DIGITS[code] if code in _DIGITS else "*"

    found = map(Path, iglob(_CODE.sub(text, pattern), recursive=True))  # noqa: PTH207  (Path.glob takes no absolute pattern)
    return (path for path in found if path.is_file())


def all_logs(patterns: Iterable[str]) -> list[Path]:
    """Return the files that patterns name, each once, by links too; the first name of a file counts."""
    return _once(path for pattern in patterns for path in sorted(named_logs(pattern)))


def logs_by_name(patterns: Iterable[str], day: Day) -> list[Path]:
    """Return the files that can hold a day, as far as their names say.

    A name has the date when its file begins, or when it was rotated, in the proxy's own time zone. So a file
    of a date can hold all days from the nearest earlier date that has a file to the nearest later one, itself
    included. Without a date in the name it can hold any day.
    """
    return _once(path for pattern in patterns for path in _by_name(pattern, day))


def _by_name(pattern: str, day: Day) -> Iterator[Path]:
    codes = set(_CODE.findall(pattern))
    if not any(date <= codes for date in _DATES):
        yield from sorted(named_logs(pattern))
        return
    yield from _nearest(pattern, [day.date - dt.timedelta(days) for days in range(1, _REACH + 1)])
    yield from sorted(named_logs(pattern, day.date))
    yield from _nearest(pattern, [day.date + dt.timedelta(days) for days in range(1, _REACH + 1)])


def _nearest(pattern: str, dates: Iterable[dt.date]) -> list[Path]:
    """Return the files of the first of the dates that has any."""
    return next(filter(None, (sorted(named_logs(pattern, date)) for date in dates)), [])


def _once(paths: Iterable[Path]) -> list[Path]:
    found: dict[tuple[int, int], Path] = {}
    for path in paths:
        # A log can be rotated away while others are looked at.
        with suppress(FileNotFoundError):
            status = path.stat()
            found.setdefault((status.st_dev, status.st_ino), path)
    return list(found.values())
