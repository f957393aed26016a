"""Step 2 of a day: the analysts' notebooks."""

import dagster as dg

from proxy_oa_assets.assets.day_asset import day_asset
from proxy_oa_assets.assets.day_by_day import DayMetadata, day_by_day
from proxy_oa_assets.bundled import bundled
from proxy_oa_assets.days import Day
from proxy_oa_assets.notebook_copies import copy_templates
from proxy_oa_assets.resources.impala import ImpalaResource
from proxy_oa_assets.resources.workspace import Workspace


@day_asset(
    # scored_connections, too, but by way of edge_details: the graph stays readable.
    deps=["edge_details", "ingest_summary"],
    kinds={"jupyter"},
    tags={"step": "2"},
    code_version="1",
)
def notebooks(
    context: dg.AssetExecutionContext, impala: ImpalaResource, workspace: Workspace
) -> dg.MaterializeResult:
    """The day, ready for analysts: its notebooks (an edited one stays), and its traffic at a glance."""

    def materialize(day: Day) -> DayMetadata:
        from proxy_oa_assets.assets.glance import at_a_glance

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

    return day_by_day(context, workspace, materialize)
