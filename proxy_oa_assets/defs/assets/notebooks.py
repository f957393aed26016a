"""The asset `notebooks`: a day's notebooks, and an overview of its traffic in metadata."""

import dagster as dg

from proxy_oa_assets.defs.assets.daily import Daily, DayMetadata, day_by_day
from proxy_oa_assets.investigation.notebook.copies import copy_templates
from proxy_oa_assets.investigation.story.page import write_story
from proxy_oa_assets.investigation.story.plots import data_address, minutes_svg
from proxy_oa_assets.model.clock import per_minute
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.files import bundled
from proxy_oa_assets.model.tables import PROXY_INGEST_SUMMARY, PROXY_SCORES
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.resources.impala import Warehouse
from proxy_oa_assets.resources.reputation import ReputationResource
from proxy_oa_assets.resources.workspace import Workspace


def day_overview(impala: Warehouse, day: Day) -> DayMetadata:
    """Return a day's figures, and a plot of its minutes with the scored requests in red."""
    summary = impala.read_day(PROXY_INGEST_SUMMARY, day)
    scores = impala.read_day(PROXY_SCORES, day)
    minutes = per_minute(summary["tdate"], summary["total"])
    plot = data_address(minutes_svg(summary, scored=scores["time"].tolist(), fixed_size=True))
    return {
        # The web UI removes HTML from Markdown; a picture's address holds no text of the data.
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
        # Increased with the templates: an earlier release's notebooks may import modules that are gone.
        code_version="2",
    )
    def notebooks(
        context: dg.AssetExecutionContext,
        hdfs: FileStore,
        impala: Warehouse,
        workspace: Workspace,
        reputation: ReputationResource,
    ) -> dg.MaterializeResult:
        """A day's notebooks for analysts (an edited one stays), and an overview of its traffic."""
        deployment = Deployment(hdfs=hdfs, impala=impala, reputation=reputation, workspace=workspace)

        def materialize(day: Day) -> DayMetadata:
            folder = workspace.notebooks(day)
            copies = copy_templates(bundled("notebook_templates"), folder, day, workspace.home)
            story = workspace.story(day)
            if not story.exists():
                # Saving a story writes it again at this path, without Dagster: the link has to be there.
                write_story(day, deployment=deployment)
            return {
                **day_overview(impala, day),
                "folder": dg.MetadataValue.path(folder),
                "notebooks": dg.MetadataValue.int(len(copies.fresh) + len(copies.kept)),
                "edited_and_kept": dg.MetadataValue.int(len(copies.kept)),
                "story": dg.MetadataValue.path(story),
            }

        return day_by_day(context, hdfs, workspace, materialize)

    return notebooks
