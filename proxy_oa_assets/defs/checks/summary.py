"""The claims about `ingest_summary`: that it is right, and that the day's traffic looks like a day's."""

from collections.abc import Iterable
from itertools import groupby

from proxy_oa_assets.defs.checks.day_check import Claim, Finding, Gravity, columns_claim, try_columns
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

SUMMARY_COUNTS_EVERY_ROW = Claim(
    "summary_counts_every_row",
    "ingest_summary",
    "proxy_ingest_summary counts each raw row that has date, time, client, host and URI",
    Gravity.ERROR,
)
NO_GAP_IN_TRAFFIC = Claim(
    "no_gap_in_traffic",
    "ingest_summary",
    f"No {_GAP} minutes on end are without traffic, but for minutes that are so on most of the "
    f"{TRAILING_DAYS} days before",
    Gravity.WARNING,
)
VOLUME_IS_AS_USUAL = Claim(
    "volume_is_as_usual",
    "ingest_summary",
    f"The day has at least half the requests of the least busy of the {TRAILING_DAYS} days before, and at "
    f"most twice those of the busiest",
    Gravity.WARNING,
)
COLUMNS = columns_claim(PROXY_INGEST_SUMMARY, "ingest_summary", Gravity.ERROR)
CLAIMS = (SUMMARY_COUNTS_EVERY_ROW, NO_GAP_IN_TRAFFIC, VOLUME_IS_AS_USUAL, COLUMNS)


def try_summary(day: Day, deployment: Deployment) -> dict[Claim, Finding]:
    """Count the raw rows, and read the summaries of the day and of the days before it."""
    impala = deployment.impala
    known = minutes_by_day(impala.query(minutes_of_days(day.plus(-TRAILING_DAYS), day)))
    today = known.pop(day.folder, [0] * MINUTES)
    (row,) = records(impala.query(summary_counts(day)))
    raw_rows, counted = (int(str(value or 0)) for value in row)
    return {
        SUMMARY_COUNTS_EVERY_ROW: _counted(raw_rows, counted),
        NO_GAP_IN_TRAFFIC: gaps(today, list(known.values())),
        VOLUME_IS_AS_USUAL: volume(sum(today), [sum(minutes) for minutes in known.values()]),
        COLUMNS: try_columns(COLUMNS, PROXY_INGEST_SUMMARY, day, impala),
    }


def _counted(raw_rows: int, counted: int) -> Finding:
    figures = {"countable_raw_rows": raw_rows, "counted": counted}
    if raw_rows == counted:
        return Finding(holds=True, why=f"all {raw_rows} countable raw rows are counted", figures=figures)
    why = (
        f"{raw_rows} raw rows are countable, {counted} are counted: raw rows came later, or were removed; "
        f"materialize ingest_summary for the day again"
    )
    return Finding(holds=False, why=why, figures=figures)


def gaps(today: list[int], before: list[list[int]]) -> Finding:
    """Look for stretches of silent minutes. `before` are the minutes of the trailing days that are known."""
    silent = [minute for minute in range(MINUTES) if not today[minute]]
    # Without a day before, no silence is usual.
    unusual = [
        minute
        for minute in silent
        if not before or sum(not minutes[minute] for minutes in before) < len(before) / 2
    ]
    found = [stretch for stretch in _stretches(unusual) if len(stretch) >= _GAP]
    figures = {
        "minutes_without_traffic": len(silent),
        "longest_gap": max((len(stretch) for stretch in _stretches(silent)), default=0),
        "trailing_days": len(before),
    }
    if not found:
        return Finding(holds=True, why="no unusual gap", figures=figures)
    times = ", ".join(f"{clock(stretch[0])} to {clock(stretch[-1])}" for stretch in found[:_NAMED_GAPS])
    more = " and more" if len(found) > _NAMED_GAPS else ""
    why = f"no traffic from {times}{more}; look at the proxies and the ingest"
    return Finding(holds=False, why=why, figures=figures)


def _stretches(minutes: Iterable[int]) -> list[list[int]]:
    """Return runs of consecutive minutes."""
    numbered = enumerate(minutes)
    return [[minute for _, minute in run] for _, run in groupby(numbered, key=lambda pair: pair[1] - pair[0])]


def volume(today: int, before: list[int]) -> Finding:
    """Compare the day's requests with those of the trailing days that are known."""
    figures = {"requests": today, "trailing_days": len(before)}
    if len(before) < _FEWEST_DAYS:
        why = f"{len(before)} of the {TRAILING_DAYS} days before are known; it takes {_FEWEST_DAYS} to tell"
        return Finding(holds=True, why=why, figures=figures)
    least, most = min(before), max(before)
    figures |= {"least_before": least, "most_before": most}
    if least / _FAR <= today <= most * _FAR:
        return Finding(holds=True, why=f"{today} requests; {least} to {most} before", figures=figures)
    why = f"{today} requests, but {least} to {most} on the {len(before)} days before; look at the ingest"
    return Finding(holds=False, why=why, figures=figures)
