"""Step 2 of a day: the analysts' notebooks."""

import dagster as dg

from proxy_oa_assets.assets.day_by_day import DayMetadata, day_by_day
from proxy_oa_assets.assets.partitions import DAILY
from proxy_oa_assets.assets.presentation import GROUP, OWNERS
from proxy_oa_assets.bundled import bundled
from proxy_oa_assets.days import Day
from proxy_oa_assets.notebook_copies import copy_templates
from proxy_oa_assets.resources.workspace import Workspace


@dg.asset(
    partitions_def=DAILY,
    # scored_connections, too, but by way of edge_details: the graph stays readable.
    deps=["edge_details", "ingest_summary"],
    group_name=GROUP,
    owners=OWNERS,
    kinds={"jupyter"},
)
def notebooks(context: dg.AssetExecutionContext, workspace: Workspace) -> dg.MaterializeResult:
    """The day's notebooks for analysts; one that was edited stays, with the fresh one beside it."""

    def materialize(day: Day) -> DayMetadata:
        folder = workspace.notebooks(day)
        copies = copy_templates(bundled("notebook_templates"), folder, day, workspace.home)
        return {
            "folder": dg.MetadataValue.path(folder),
            "notebooks": dg.MetadataValue.int(len(copies.fresh) + len(copies.kept)),
            "edited_and_kept": dg.MetadataValue.int(len(copies.kept)),
        }

    return day_by_day(context, materialize)
