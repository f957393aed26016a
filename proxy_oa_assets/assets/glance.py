"""A day's traffic at a glance, in metadata."""

from collections import Counter

import dagster as dg

from proxy_oa_assets.assets.day_by_day import DayMetadata
from proxy_oa_assets.day_plot import data_address, minute_plot
from proxy_oa_assets.days import Day
from proxy_oa_assets.frames import records
from proxy_oa_assets.minutes import MINUTES, minute_of, per_minute
from proxy_oa_assets.resources.impala import ImpalaResource
from proxy_oa_assets.tables import PROXY_INGEST_SUMMARY, PROXY_SCORES

_MARKED = 10  # as many as the table of the most suspicious has


def at_a_glance(impala: ImpalaResource, day: Day) -> DayMetadata:
    """Return the day's figures, and a plot of its minutes with the scored requests marked."""
    summary = impala.read_day(PROXY_INGEST_SUMMARY, day)
    scores = impala.read_day(PROXY_SCORES, day)
    minutes = per_minute(summary["tdate"], summary["total"])
    # In the ranking's order: the most suspicious first.
    times = [minute_of(str(time)) for (time,) in records(scores[["time"]])]
    scored = [minute for minute in times if minute is not None]
    marked = {minute for minute in times[:_MARKED] if minute is not None}
    counts = Counter(scored)
    plot = data_address(minute_plot(minutes, [counts[minute] for minute in range(MINUTES)], marked))
    return {
        # A picture that we drew: nothing of the data's text is in it.
        "requests_per_minute": dg.MetadataValue.md(f"![Requests per minute of {day}]({plot})"),
        "requests": dg.MetadataValue.int(sum(minutes)),
        "minutes_without_traffic": dg.MetadataValue.int(minutes.count(0)),
        "scored_requests": dg.MetadataValue.int(len(scores)),
        "scored_clients": dg.MetadataValue.int(int(scores["clientip"].nunique())),
    }
