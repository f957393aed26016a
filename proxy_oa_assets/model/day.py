"""The daily partition: its key, folder name and numbers."""

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from proxy_oa_assets.model.errors import DayError

_KEY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, order=True)
class Day:
    """One day of proxy traffic.

    Example:
        >>> Day.parse("2016-09-12").folder
        '20160912'

    """

    date: dt.date

    @classmethod
    def parse(cls, key: str) -> Self:
        """Read a partition key, `YYYY-MM-DD`. Raises DayError for anything else."""
        if not _KEY.fullmatch(key):
            raise DayError(f"{key!r} is not a day: write it as YYYY-MM-DD, for example 2016-09-12")
        try:
            return cls(dt.date.fromisoformat(key))
        except ValueError as error:
            raise DayError(f"{key!r} is not a day of the calendar: {error}") from error

    @classmethod
    def of_folder(cls, name: str) -> Self | None:
        """Return the day of a folder's name, `YYYYMMDD`; None for any other name."""
        try:
            return cls.parse(f"{name[:4]}-{name[4:6]}-{name[6:]}")
        except DayError:
            return None

    @property
    def key(self) -> str:
        """The partition key, `YYYY-MM-DD`; also the text of `p_date` and `tdate`."""
        return self.date.isoformat()

    @property
    def folder(self) -> str:
        """The day in folder names, `YYYYMMDD`."""
        return self.key.replace("-", "")

    @property
    def y(self) -> int:
        """The year, four digits."""
        return self.date.year

    @property
    def m(self) -> int:
        """The month, 1 to 12."""
        return self.date.month

    @property
    def d(self) -> int:
        """The day of the month, 1 to 31."""
        return self.date.day

    def plus(self, days: int) -> "Day":
        """Return the day so many days later (earlier if negative). Raises DayError beyond the calendar."""
        try:
            return Day(self.date + dt.timedelta(days=days))
        except OverflowError as error:
            raise DayError(f"the calendar has no day {days} days after {self}") from error

    def through(self, last: "Day") -> Iterator["Day"]:
        """Yield the days from this one through the last."""
        for number in range((last.date - self.date).days + 1):
            yield self.plus(number)

    def __str__(self) -> str:
        return self.key


def spans(days: Iterable[Day]) -> str:
    """Return days as text in which days in a row are one span: `2016-09-12 to 2016-09-14, 2016-09-20`."""
    rows: list[list[Day]] = []
    for day in sorted(days):
        if rows and rows[-1][-1].plus(1) == day:
            rows[-1].append(day)
        else:
            rows.append([day])
    return ", ".join(str(row[0]) if len(row) == 1 else f"{row[0]} to {row[-1]}" for row in rows)
