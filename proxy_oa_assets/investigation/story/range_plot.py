"""The plot of a range of days: requests per minute, hour or day."""

from __future__ import annotations

import datetime as dt
from itertools import groupby
from typing import TYPE_CHECKING

from markupsafe import Markup

from proxy_oa_assets.investigation.ingest_totals import Unit
from proxy_oa_assets.investigation.story.rendering import render, round_ticks, tick_label
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import records

if TYPE_CHECKING:
    import pandas as pd

_MINUTES: dict[Unit, int] = {"minute": 1, "hour": 60, "day": 1440}
_FORMATS: dict[Unit, str] = {"minute": "%Y-%m-%d %H:%M", "hour": "%Y-%m-%d %H", "day": "%Y-%m-%d"}
_LEFT, _TOP, _RIGHT, _BOTTOM = 64, 44, 928, 232
# Hours between the marks of the time axis, and the most marks.
_STEPS = (3, 6, 12, 24, 48, 96, 168, 336, 672, 1344, 2688, 5376, 10752, 21504)
_MOST_MARKS = 9
# A quiet time beside a busy one is still seen.
_LEAST_HEIGHT = 1.5
_HOURS_OF_A_DAY = 24


def counts_of(totals: pd.DataFrame, first: Day, last: Day, unit: Unit) -> list[int]:
    """Return the requests of each minute, hour or day from first to last, from rows of `ingest_totals`.

    Rows of other days, such as late requests of the night before, and without a clock time count nowhere.
    """
    start = _start(first)
    counts = [0] * (((last.date - first.date).days + 1) * 1440 // _MINUTES[unit])
    for at, total in records(totals[["counted_at", "total"]]):
        place = _place(str(at), start, unit)
        if 0 <= place < len(counts):
            counts[place] += int(str(total))
    return counts


def moment(first: Day, unit: Unit, place: int) -> str:
    """Return the name of a minute, hour or day by its place in `counts_of`."""
    at = _start(first) + dt.timedelta(minutes=place * _MINUTES[unit])
    return at.strftime("%Y-%m-%d" if unit == "day" else "%Y-%m-%d %H:%M")


def range_svg(counts: list[int], first: Day, last: Day, unit: Unit) -> Markup:
    """Return a plot of what `counts_of` returns, as wide as its container."""
    ticks = round_ticks(max(counts))
    hours = len(counts) * _MINUTES[unit] // 60
    step = next((step for step in _STEPS if hours / step <= _MOST_MARKS), _STEPS[-1])
    marks = range(0, hours + 1, step)
    return render(
        "range.svg",
        unit=unit,
        days=" to ".join(dict.fromkeys((first.key, last.key))),
        total=sum(counts),
        area=_area(counts, ticks[-1]),
        left=_LEFT,
        right=_RIGHT,
        bottom=_BOTTOM,
        counts=[
            (_BOTTOM - tick * (_BOTTOM - _TOP) / ticks[-1], tick_label(tick, ticks[-1])) for tick in ticks
        ],
        times=[(_x(hour, hours), _mark(first, hour, step)) for hour in marks],
    )


def _start(first: Day) -> dt.datetime:
    return dt.datetime.combine(first.date, dt.time())


def _place(at: str, start: dt.datetime, unit: Unit) -> int:
    try:
        # A day's time zone is the site's, and the log's own.
        found = dt.datetime.strptime(at, _FORMATS[unit])  # noqa: DTZ007
    except ValueError:
        return -1
    return int((found - start).total_seconds()) // 60 // _MINUTES[unit]


def _x(place: float, places: int) -> float:
    return round(_LEFT + place * (_RIGHT - _LEFT) / places, 2)


def _mark(first: Day, hour: int, step: int) -> str:
    at = _start(first) + dt.timedelta(hours=hour)
    return at.strftime("%m-%d" if step >= _HOURS_OF_A_DAY or not at.hour else "%H:%M")


def _area(counts: list[int], top: int) -> str:
    """Return the outline of the times that had requests, as the data of an SVG path."""
    parts, at = [], 0
    for count, same in groupby(counts):
        start, at = at, at + len(list(same))
        if count:
            height = max(_LEAST_HEIGHT, count * (_BOTTOM - _TOP) / top)
            left, right = _x(start, len(counts)), _x(at, len(counts))
            parts.append(f"M{left:g} {_BOTTOM}V{_BOTTOM - height:.1f}H{right:g}V{_BOTTOM}Z")
    return "".join(parts)
