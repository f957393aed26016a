"""The checks of `ingest_summary`: its counts, and whether the day's traffic is as on the days before."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from proxy_oa_assets.defs.checks.day_check import (
    CheckResult,
    CheckSeverity,
    DayCheck,
    columns_check,
    evaluate_columns,
)
from proxy_oa_assets.model.clock import MINUTES, clock, minutes_by_day
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY_INGEST_SUMMARY, records
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.sql.check_counts import minutes_of_days, summary_counts

TRAILING_DAYS = 7
_GAP = 30  # minutes
_FEWEST_DAYS = 3  # to say what is usual
_FAR = 2.0
_NAMED_GAPS = 5  # a message stays readable

SUMMARY_COUNTS_EVERY_ROW = DayCheck(
    "summary_counts_every_row",
    "ingest_summary",
    "proxy_ingest_summary counts each raw row that has date, time, client, host and URI",
    CheckSeverity.ERROR,
)
NO_GAP_IN_TRAFFIC = DayCheck(
    "no_gap_in_traffic",
    "ingest_summary",
    f"No {_GAP} consecutive minutes are without traffic, except minutes without traffic on most of the "
    f"{TRAILING_DAYS} days before",
    CheckSeverity.WARNING,
)
VOLUME_IS_AS_USUAL = DayCheck(
    "volume_is_as_usual",
    "ingest_summary",
    f"The day has at least half the requests of the least busy of the {TRAILING_DAYS} days before, and at "
    f"most twice those of the busiest",
    CheckSeverity.WARNING,
)
COLUMNS = columns_check(PROXY_INGEST_SUMMARY, "ingest_summary", CheckSeverity.ERROR)
SUMMARY_CHECKS = (SUMMARY_COUNTS_EVERY_ROW, NO_GAP_IN_TRAFFIC, VOLUME_IS_AS_USUAL, COLUMNS)


def evaluate_summary(day: Day, deployment: Deployment) -> dict[DayCheck, CheckResult]:
    """Count the raw rows, and read the summaries of the day and of the days before it."""
    impala = deployment.impala
    known = minutes_by_day(impala.query(minutes_of_days(day.plus(-TRAILING_DAYS), day)))
    today = known.pop(day.folder, [0] * MINUTES)
    (row,) = records(impala.query(summary_counts(day)))
    raw_rows, counted = (int(str(value or 0)) for value in row)
    return {
        SUMMARY_COUNTS_EVERY_ROW: _counts(raw_rows, counted),
        NO_GAP_IN_TRAFFIC: gaps(today, list(known.values())),
        VOLUME_IS_AS_USUAL: volume(sum(today), [sum(minutes) for minutes in known.values()]),
        COLUMNS: evaluate_columns(COLUMNS, PROXY_INGEST_SUMMARY, day, impala),
    }


def _counts(raw_rows: int, counted: int) -> CheckResult:
    metadata = {"countable_raw_rows": raw_rows, "counted": counted}
    if raw_rows == counted:
        description = f"all {raw_rows} countable raw rows are counted"
    else:
        description = (
            f"{raw_rows} raw rows are countable, {counted} are counted: raw rows were added or removed "
            f"since; materialize ingest_summary for the day again"
        )
    return CheckResult(passed=raw_rows == counted, description=description, metadata=metadata)


def gaps(today: Sequence[int], before: Sequence[Sequence[int]]) -> CheckResult:
    """Look for long runs of minutes without traffic; `before` has the minutes of each known trailing day."""
    silent = [minute for minute in range(MINUTES) if not today[minute]]
    # Without a day before, no silence is usual.
    unusual = [
        minute
        for minute in silent
        if not before or sum(not minutes[minute] for minutes in before) < len(before) / 2
    ]
    found = [run for run in _runs(unusual) if len(run) >= _GAP]
    metadata = {
        "minutes_without_traffic": len(silent),
        "longest_gap": max((len(run) for run in _runs(silent)), default=0),
        "trailing_days": len(before),
    }
    if not found:
        return CheckResult(passed=True, description="no unusual gap", metadata=metadata)
    times = ", ".join(f"{clock(run[0])} to {clock(run[-1])}" for run in found[:_NAMED_GAPS])
    more = " and more" if len(found) > _NAMED_GAPS else ""
    description = f"no traffic from {times}{more}; look at the proxies and the ingest"
    return CheckResult(passed=False, description=description, metadata=metadata)


def _runs(minutes: Iterable[int]) -> list[list[int]]:
    """Return runs of consecutive minutes."""
    numbered = enumerate(minutes)
    return [[minute for _, minute in run] for _, run in groupby(numbered, key=lambda pair: pair[1] - pair[0])]


def volume(today: int, before: Sequence[int]) -> CheckResult:
    """Compare the day's requests with those of each known trailing day."""
    metadata = {"requests": today, "trailing_days": len(before)}
    if len(before) < _FEWEST_DAYS:
        description = f"{len(before)} of the {TRAILING_DAYS} days before are known, {_FEWEST_DAYS} are needed"
        return CheckResult(passed=True, description=description, metadata=metadata)
    least, most = min(before), max(before)
    metadata |= {"least_before": least, "most_before": most}
    if least / _FAR <= today <= most * _FAR:
        return CheckResult(
            passed=True, description=f"{today} requests; {least} to {most} before", metadata=metadata
        )
    description = (
        f"{today} requests, but {least} to {most} on the {len(before)} days before; look at the ingest"
    )
    return CheckResult(passed=False, description=description, metadata=metadata)
