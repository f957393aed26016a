"""The plots of a story, as SVG: for a page, a notebook and print.

They fill the width that they get, need nothing from elsewhere, and hold no script, link or style sheet. What
comes from the data is text in them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from markupsafe import Markup

from proxy_oa_assets.investigation.story.client_times import client_times
from proxy_oa_assets.investigation.story.rendering import render, round_ticks, tick_label
from proxy_oa_assets.model.clock import MINUTES, clock, per_minute
from proxy_oa_assets.model.tables import records
from proxy_oa_assets.model.text import shortened
from proxy_oa_assets.model.tsv import NULL

if TYPE_CHECKING:
    import pandas as pd

    from proxy_oa_assets.investigation.storyboard import IncidentProgression


# What logs write where a request has no referer.
_NO_REFERER = (None, "", "-", NULL)


@dataclass(frozen=True)
class Step:
    """One page on the way: its URI, or for requests that name no page they came from, None."""

    uri: str | None
    clients: int = 0

    @property
    def text(self) -> str:
        """The URI, or words in its place."""
        return "no page named" if self.uri is None else self.uri


def chain(progression: IncidentProgression) -> tuple[Sequence[Step], Sequence[Step]]:
    """Return the steps that led to a threat, those of most clients first, and the URIs that it led to."""
    clients = defaultdict[str | None, set[str | None]](set)
    for request in progression["requests"]:
        referer = request["referer"]
        clients[None if referer in _NO_REFERER else referer].add(request["clientip"])
    # Sorting keeps those of as many clients in the order of their time.
    came_from = sorted(
        (Step(uri, len(found)) for uri, found in clients.items()), key=lambda step: -step.clients
    )
    return came_from, [Step(NULL if uri is None else uri) for uri in progression["referer_for"]]


_WIDTH = 960
# Left, top, right and bottom of the plot areas.
_MINUTES_AREA = (64, 44, 928, 232)
_TIMES_AREA = (190, 30, 660, 30)
_LANE, _MOST_LANES = 34, 40
# What a monospaced line holds beside the bars, and in a box of the chain.
_CLIENT_WIDTH, _ANSWERS_WIDTH, _BOX_WIDTH = 21, 42, 34
_LEAST_HEIGHT = 1.5
_MARK = 4.5
# Seconds between the marks of a time axis, and the most marks.
_STEPS = (60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 14400)
_MOST_STEPS = 6
_BOX, _BOX_PITCH, _CENTRE = 46, 56, 66


def minutes_svg(
    minutes: pd.DataFrame, marked: Collection[int] | None = None, *, marked_as: str = "scored connections"
) -> Markup:
    """Return a plot of a day's requests per minute, with a red dot over each marked minute.

    `minutes` are rows of `proxy_ingest_summary`: tdate, total; of several days, they are added up. `marked`
    are minutes of the day, 0 to 1439, such as those of scored connections; `marked_as` says what was then.
    Raises ValueError for a minute outside the day.
    """
    if marked and not 0 <= min(marked) <= max(marked) < MINUTES:
        raise ValueError(f"minutes of a day are 0 to {MINUTES - 1}, and not {min(marked)} to {max(marked)}")
    days = sorted({str(text).partition(" ")[0] for (text,) in records(minutes[["tdate"]])})
    counts = per_minute(minutes["tdate"], minutes["total"])
    left, top, right, bottom = _MINUTES_AREA
    ticks = round_ticks(max(counts))
    heights = [max(_LEAST_HEIGHT, count * (bottom - top) / ticks[-1]) if count else 0.0 for count in counts]
    return render(
        "minutes.svg",
        days=" to ".join(dict.fromkeys([*days[:1], *days[-1:]])),
        total=sum(counts),
        busiest=clock(counts.index(max(counts))),
        most=max(counts),
        area=_area(heights),
        marks=[(_x(minute), _mark_y(heights, minute)) for minute in sorted(set(marked or ()))],
        marked_as=marked_as,
        left=left,
        right=right,
        bottom=bottom,
        counts=[(bottom - tick * (bottom - top) / ticks[-1], tick_label(tick, ticks[-1])) for tick in ticks],
        times=[(_x(minute), clock(minute)) for minute in range(0, MINUTES + 1, 180)],
    )


def timeline_svg(timeline: pd.DataFrame) -> Markup:
    """Return a plot of when each client met a threat: a bar from its first to its last time.

    `timeline` is the frame that `investigation.storyboard.timeline` returns. Beside a bar stand how many
    times there were, how long the requests took together, and how they were answered. At most 40 clients are
    shown, the earliest first.
    """
    clients = client_times(timeline)
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
            # One tick for each place: thousands of requests would be thousands of ticks on each other.
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
        times=[(x(second), clock(second // 60)) for second in range(start, end + 1, step)] if seconds else [],
    )


def referer_chain_svg(progression: IncidentProgression, most: int = 8) -> Markup:
    """Return a plot of an incident: where clients came from, the URI, where it led.

    `progression` is what `investigation.storyboard.incident_progression` returns. Of either side at most
    `most` are shown, and how many more there are. A long URI is shortened in its middle; the whole one is the
    title of its box, which a browser shows under the mouse. Raises ValueError if `most` is below 1.
    """
    if most < 1:
        raise ValueError(f"most is {most}; it is how many URIs each side shows, at least 1")
    came_from, led_to = chain(progression)
    rows = max(1, min(most, len(came_from)), min(most, len(led_to)))
    height = max(_CENTRE, rows * _BOX_PITCH - (_BOX_PITCH - _BOX))
    return render(
        "referer_chain.svg",
        sides=[_side(steps, most, height) for steps in (came_from, led_to)],
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


def _area(heights: Sequence[float]) -> str:
    """Return the outline of the minutes that had requests, as the data of an SVG path."""
    bottom = _MINUTES_AREA[3]
    parts = []
    for busy, minutes in groupby(range(MINUTES), key=lambda minute: heights[minute] > 0):
        if busy:
            run = list(minutes)
            steps = "".join(f"V{bottom - heights[minute]:.1f}H{_x(minute + 1)}" for minute in run)
            parts.append(f"M{_x(run[0])} {bottom}{steps}V{bottom}Z")
    return "".join(parts)


def _mark_y(heights: Sequence[float], minute: int) -> float:
    """Return where a mark stands clear of the minutes around it."""
    reach = round(_MARK / (_x(1) - _x(0)))
    return round(_MINUTES_AREA[3] - max(heights[max(0, minute - reach) : minute + reach + 1]) - _MARK - 1, 1)


def _span(first: int, last: int) -> tuple[int, int, int]:
    """Return where a time axis starts and ends, and its step, in seconds of the day."""
    step = next((step for step in _STEPS if (last - first) / step < _MOST_STEPS - 1), _STEPS[-1])
    # At least two steps, so that a single moment has a time on either side, and none beyond the day's end.
    start = min(first // step * step, MINUTES * 60 - 2 * step)
    return start, max(start + 2 * step, -(-last // step) * step), step


def _side(steps: Sequence[Step], most: int, height: float) -> dict[str, object]:
    """Return the boxes of one side, centred on the height, and how many have none."""
    shown = steps[:most]
    top = (height - len(shown) * _BOX_PITCH + (_BOX_PITCH - _BOX)) / 2
    boxes = [
        {"step": step, "name": shortened(step.text, _BOX_WIDTH), "y": top + _BOX_PITCH * number}
        for number, step in enumerate(shown)
    ]
    return {"boxes": boxes, "more": len(steps) - len(shown)}
