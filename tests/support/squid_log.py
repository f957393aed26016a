"""Lines of Squid's native access.log."""

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

from proxy_oa_assets.model.day import Day


def request(day: Day, hour: int = 12, number: int = 0, *, milliseconds: int = 20) -> str:
    """Return the line of a request that ended at an hour of the day, `number` seconds after it."""
    start = dt.datetime.combine(day.date, dt.time(hour), dt.UTC) + dt.timedelta(seconds=number)
    client, host = 10 + number % 7, number % 11
    return (
        f"{start.timestamp():.3f} {milliseconds:6d} 10.0.0.{client} TCP_MISS/200 1234 GET "
        f"http://site{host}.example/page/{number} - HIER_DIRECT/192.0.2.{host} text/html\n"
    )


def requests(day: Day, count: int = 30) -> list[str]:
    """Return lines of requests of a day, in the order of time, in each hour from 8 to 17."""
    return [request(day, 8 + number * 10 // count, number) for number in range(count)]


def write_log(path: Path, lines: Iterable[str]) -> Path:
    """Write a log, in a folder that is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines), encoding="utf-8")
    return path
