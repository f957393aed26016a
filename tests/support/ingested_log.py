"""A Squid log in its native format, and what a home has of it."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

from support.home import Home

from proxy_oa_assets.ingest.record import DayRecord
from proxy_oa_assets.ingest.rejects import NAME
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY, records

FIRST_DAY = Day.parse("2026-03-01")
_FIRST = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp())


# Two hours: each hour is a file, whose fsync takes time.
_SECONDS = 7000


def squid_log(lines: int, *, days: int = 3) -> bytes:
    """Return a log of that many lines, in two hours of each of so many days; two of 100 are no request."""
    each = lines // days
    return b"".join(
        _line(number, number // each * 24 * 3600 + number % each * _SECONDS // each)
        for number in range(lines)
    )


def _line(number: int, second: int) -> bytes:
    if number % 100 == 49:
        return b"no line of Squid's, %d\n" % number
    what = "NONE_NONE/000 0 - error:transaction-end-before-headers - HIER_NONE/- -"
    if number % 100 != 99:
        what = (
            f"TCP_MISS/200 {number % 900} GET http://example.com/{number} - HIER_DIRECT/192.0.2.1 text/html"
        )
    return f"{_FIRST + 30 + second}.{number % 1000:03d}     12 10.0.0.{number % 7} {what}\n".encode()


def log_days(days: int = 3) -> list[Day]:
    """Return the days of such a log."""
    return list(FIRST_DAY.through(FIRST_DAY.plus(days - 1)))


def ingested(home: Home, days: Iterable[Day] | None = None) -> dict[str, object]:
    """Return what a home has of a log: each day's rows, its record's figures, and rejected lines."""
    found: dict[str, object] = {}
    for day in log_days() if days is None else days:
        record = DayRecord.of(home.deployment.impala, day)
        rejects = home.data(day) / NAME
        lines = rejects.read_text(encoding="utf-8").splitlines()[1:] if rejects.exists() else []
        found[day.key] = (
            Counter(records(home.deployment.impala.read_day(PROXY, day))),
            [(source.rows, source.rejected) for source in record.sources],
            sorted((int(line.split("\t")[2]), line.split("\t")[4]) for line in lines),
        )
    return found
