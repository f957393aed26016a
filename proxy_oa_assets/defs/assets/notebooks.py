"""A day's traffic at a glance, in metadata."""

from collections import Counter

import dagster as dg

from proxy_oa_assets.defs.assets.daily import Daily, DayMetadata, day_by_day
from proxy_oa_assets.investigation.notebook.copies import copy_templates
from proxy_oa_assets.investigation.story.day_plot import data_address, minute_plot
from proxy_oa_assets.model.clock import MINUTES, minute_of, per_minute
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.files import bundled
from proxy_oa_assets.model.tables import PROXY_INGEST_SUMMARY, PROXY_SCORES, records
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.resources.impala import Warehouse
from proxy_oa_assets.resources.workspace import Workspace

_MARKED = 10  # as many as the table of the most suspicious has


def at_a_glance(impala: Warehouse, day: Day) -> DayMetadata:
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


def notebooks_asset(daily: Daily) -> dg.AssetsDefinition:
    """Return the asset `notebooks`."""

    @daily.asset(
        # scored_connections, too, but by way of edge_details: the graph stays readable.
        deps=["edge_details", "ingest_summary"],
        kinds={"jupyter"},
        tags={"step": "2"},
        code_version="1",
    )
    def notebooks(
        context: dg.AssetExecutionContext, hdfs: FileStore, impala: Warehouse, workspace: Workspace
    ) -> dg.MaterializeResult:
        """The day, ready for analysts: its notebooks (an edited one stays), and its traffic at a glance."""

        def materialize(day: Day) -> DayMetadata:

            folder = workspace.notebooks(day)
            copies = copy_templates(bundled("notebook_templates"), folder, day, workspace.home)
            story = workspace.story(day)
            return {
                **at_a_glance(impala, day),
                "folder": dg.MetadataValue.path(folder),
                "notebooks": dg.MetadataValue.int(len(copies.fresh) + len(copies.kept)),
                "edited_and_kept": dg.MetadataValue.int(len(copies.kept)),
                # The command that writes the page shows it, too; the web UI forgets that with a new run.
                **({"story": dg.MetadataValue.path(story)} if story.exists() else {}),
            }

        return day_by_day(context, hdfs, workspace, materialize)

    return notebooks
