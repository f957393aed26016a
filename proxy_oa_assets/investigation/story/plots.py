"""The plots of pages, notebooks and the web UI, as SVG without scripts, links, style sheets or other files.

Data is only ever text in them.
"""

from __future__ import annotations

import base64
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from markupsafe import Markup

from proxy_oa_assets.investigation.story.client_times import client_times
from proxy_oa_assets.investigation.story.rendering import render, round_ticks, tick_label
from proxy_oa_assets.model.clock import MINUTES, clock, minute_of, per_minute
from proxy_oa_assets.model.tables import records
from proxy_oa_assets.model.text import shortened
from proxy_oa_assets.model.tsv import NULL

if TYPE_CHECKING:
    import pandas as pd

    from proxy_oa_assets.investigation.progressions import IncidentProgression

# What logs write for a request without a referer.
_NO_REFERER = (None, "", "-", NULL)
# Left, top, right and bottom of the plot areas.
_MINUTES_AREA = (64, 44, 928, 232)
_TIMES_AREA = (190, 30, 660, 30)
_LANE, _MOST_LANES = 34, 40
# In monospaced characters: beside the bars, and in a box of the chain.
_CLIENT_WIDTH, _ANSWERS_WIDTH, _BOX_WIDTH = 21, 42, 34
# A single request beside a busy minute is still seen, and a scored one even more so.
_LEAST_HEIGHT, _LEAST_SCORED_HEIGHT = 1.5, 4.0
_MOST_MARKED = 10  # as many as the web UI's table of the most suspicious rows has
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MARK = 4.5
# Seconds between the marks of a time axis, and the most marks.
_STEPS = (60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 14400)
_MOST_STEPS = 6
_BOX, _BOX_PITCH, _CENTRE = 46, 56, 66


def minutes_svg(
    minutes: pd.DataFrame,
    *,
    scored: Sequence[object] = (),
    marked: Collection[int] | None = None,
    marked_as: str = "the most suspicious",
    fixed_size: bool = False,
) -> Markup:
    """Return a plot of a day's requests per minute, the scored ones among them in red.

    `minutes` are rows of `proxy_ingest_summary` (tdate, total); rows of several days are added up. `scored`
    are the times of `proxy_scores`, the most suspicious first; only clock times are drawn. `marked` are the
    minutes of the day, 0 to 1439, that get a red dot, by default those of the first ten of `scored`;
    `marked_as` is the dots' legend. A plot of `fixed_size` is 960 by 270 pixels, any other as wide as its
    container. Raises ValueError for a minute outside the day.
    """
    dots = sorted(set(_minutes_of(scored[:_MOST_MARKED]) if marked is None else marked))
    if dots and not 0 <= dots[0] <= dots[-1] < MINUTES:
        raise ValueError(f"minutes of a day are 0 to {MINUTES - 1}, and not {dots[0]} to {dots[-1]}")
    dates = (str(text).partition(" ")[0] for (text,) in records(minutes[["tdate"]]))
    days = sorted({date for date in dates if _DATE.fullmatch(date)})
    counts = per_minute(minutes["tdate"], minutes["total"])
    scored_minutes = Counter(_minutes_of(scored))
    scored_counts = [scored_minutes[minute] for minute in range(MINUTES)]
    ticks = round_ticks(max(*counts, *scored_counts))
    heights = _heights(counts, ticks[-1], _LEAST_HEIGHT)
    scored_heights = _heights(scored_counts, ticks[-1], _LEAST_SCORED_HEIGHT)
    highest = list(map(max, heights, scored_heights))
    left, top, right, bottom = _MINUTES_AREA
    return render(
        "minutes.svg",
        days=" to ".join(dict.fromkeys([*days[:1], *days[-1:]])),
        total=sum(counts),
        busiest=clock(counts.index(max(counts))),
        most=max(counts),
        area=_area(heights),
        scored=len(scored),
        scored_area=_area(scored_heights),
        marks=[(_x(minute), _mark_y(highest, minute)) for minute in dots],
        marked_as=marked_as,
        fixed_size=fixed_size,
        left=left,
        right=right,
        bottom=bottom,
        counts=[(bottom - tick * (bottom - top) / ticks[-1], tick_label(tick, ticks[-1])) for tick in ticks],
        times=[(_x(minute), clock(minute)) for minute in range(0, MINUTES + 1, 180)],
    )


def hours_svg(counts: Sequence[int], date: str) -> Markup:
    """Return a plot of a day's requests in each of its 24 hours, 960 by 270 pixels."""
    left, top, right, bottom = _MINUTES_AREA
    ticks = round_ticks(max(counts))
    width = (right - left) / len(counts)
    heights = [max(_LEAST_HEIGHT, count * (bottom - top) / ticks[-1]) if count else 0.0 for count in counts]
    return render(
        "hours.svg",
        date=date,
        total=sum(counts),
        bars=[
            (round(left + hour * width + 2, 1), round(bottom - height, 1), round(height, 1))
            for hour, height in enumerate(heights)
        ],
        width=round(width - 4, 1),
        left=left,
        right=right,
        bottom=bottom,
        counts=[(bottom - tick * (bottom - top) / ticks[-1], tick_label(tick, ticks[-1])) for tick in ticks],
        times=[(round(left + hour * width, 1), clock(hour * 60)) for hour in range(0, len(counts) + 1, 3)],
    )


def data_address(svg: Markup) -> str:
    """Return a plot as a `data:` address (RFC 2397), which a Markdown image takes for its source."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode('utf-8')).decode('ascii')}"


def timeline_svg(
    timeline: pd.DataFrame, requests: Mapping[str, int] | None = None, *, lane: str = "client"
) -> Markup:
    """Return a plot of when each client met a threat: a bar from its first to its last time.

    `timeline` is the frame that `storyboard.timeline` returns, `requests` the number of requests by client.
    Beside a bar stand that number, the total duration and the answers. At most 40 clients are shown, the
    earliest first. `lane` is what has a bar: `client`, or `host` for a frame with hosts as its clients.
    """
    clients = client_times(timeline, requests)
    shown = clients[:_MOST_LANES]
    seconds = [second for client in shown for second in client.seconds]
    start, end, step = _span(min(seconds, default=0), max(seconds, default=0))
    left, top, right, _ = _TIMES_AREA

    def x(second: int) -> float:
        return round(left + (second - start) * (right - left) / (end - start), 1)

    lanes = [
        {
            "client": client,
            "name": shortened(client.client, _CLIENT_WIDTH),
            "answers": shortened(", ".join(client.answers), _ANSWERS_WIDTH),
            "y": top + _LANE * number,
            # One tick per place: thousands of requests can share it.
            "ticks": sorted({x(second) for second in client.seconds}),
        }
        for number, client in enumerate(shown)
    ]
    return render(
        "timeline.svg",
        lanes=lanes,
        more=len(clients) - len(shown),
        left=left,
        right=right,
        top=top,
        bottom=top + _LANE * len(lanes),
        lane=_LANE,
        what=lane,
        times=[(x(second), clock(second // 60)) for second in range(start, end + 1, step)] if seconds else [],
    )


def referer_chain_svg(progression: IncidentProgression, most: int = 8) -> Markup:
    """Return a plot of an incident: where clients came from, the URI, where it led.

    `progression` is what `storyboard.incident_progression` returns. Each side shows at most `most` URIs and
    the number of the others. A long URI is shortened in its middle; the title of its box has all of it.
    Raises ValueError if `most` is below 1.
    """
    if most < 1:
        raise ValueError(f"most is {most}; it is the number of URIs on each side, at least 1")
    came_from = _referers(progression)
    led_to = [(NULL if uri is None else uri, 0) for uri in progression["referer_for"]]
    rows = max(1, min(most, len(came_from)), min(most, len(led_to)))
    height = max(_CENTRE, rows * _BOX_PITCH - (_BOX_PITCH - _BOX))
    return render(
        "referer_chain.svg",
        sides=[_side(uris, most, height) for uris in (came_from, led_to)],
        uri=progression["fulluri"],
        name=shortened(progression["fulluri"], _BOX_WIDTH),
        clients=len({request["clientip"] for request in progression["requests"]}),
        middle=height / 2,
        height=height,
        box=_BOX,
        centre=_CENTRE,
    )


def _x(minute: int) -> float:
    left, _, right, _ = _MINUTES_AREA
    return round(left + minute * (right - left) / MINUTES, 2)


def _minutes_of(times: Sequence[object]) -> list[int]:
    return [minute for time in times if (minute := minute_of(str(time))) is not None]


def _heights(counts: Sequence[int], top: int, least: float) -> list[float]:
    height = _MINUTES_AREA[3] - _MINUTES_AREA[1]
    return [max(least, count * height / top) if count else 0.0 for count in counts]


def _area(heights: Sequence[float]) -> str:
    """Return the outline of the minutes that had requests, as the data of an SVG path."""
    bottom = _MINUTES_AREA[3]
    parts, at = [], 0
    # Minutes of one height are one step: a plot is stored with each run of a day.
    for height, minutes in groupby(round(height, 1) for height in heights):
        first, at = at, at + len(list(minutes))
        if height:
            start = "" if first and heights[first - 1] else f"M{_x(first):g} {bottom}"
            close = "" if at < MINUTES and heights[at] else f"V{bottom}Z"
            parts.append(f"{start}V{bottom - height:g}H{_x(at):g}{close}")
    return "".join(parts)


def _mark_y(heights: Sequence[float], minute: int) -> float:
    """Return the place of a mark above the minutes around it."""
    reach = round(_MARK / (_x(1) - _x(0)))
    return round(_MINUTES_AREA[3] - max(heights[max(0, minute - reach) : minute + reach + 1]) - _MARK - 1, 1)


def _span(first: int, last: int) -> tuple[int, int, int]:
    """Return a time axis's start, end and step, in seconds of the day."""
    step = next((step for step in _STEPS if (last - first) / step < _MOST_STEPS - 1), _STEPS[-1])
    # At least two steps, so that a single moment has a label on either side, and none after the day's end.
    start = min(first // step * step, MINUTES * 60 - 2 * step)
    return start, max(start + 2 * step, -(-last // step) * step), step


def _referers(progression: IncidentProgression) -> list[tuple[str | None, int]]:
    """Return the referers of a threat's requests (None for no referer) and the number of their clients."""
    clients = defaultdict[str | None, set[str | None]](set)
    for request in progression["requests"]:
        referer = request["referer"]
        clients[None if referer in _NO_REFERER else referer].add(request["clientip"])
    # The most clients first; sorting keeps the order of time among equals.
    return sorted(((uri, len(found)) for uri, found in clients.items()), key=lambda each: -each[1])


def _side(uris: Sequence[tuple[str | None, int]], most: int, height: float) -> dict[str, object]:
    """Return the boxes of one side, centred on the height, and the number of URIs without a box."""
    shown = uris[:most]
    top = (height - len(shown) * _BOX_PITCH + (_BOX_PITCH - _BOX)) / 2
    boxes = []
    for number, (uri, clients) in enumerate(shown):
        text, y = "no referer in the log" if uri is None else uri, top + _BOX_PITCH * number
        box = {"text": text, "name": shortened(text, _BOX_WIDTH), "is_uri": uri is not None}
        boxes.append({**box, "clients": clients, "y": y})
    return {"boxes": boxes, "more": len(uris) - len(shown)}
