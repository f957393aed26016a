"""What the catalogue says of every asset: owners, tags, where its data lies, its source."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import (
    PROXY,
    PROXY_EDGE,
    PROXY_HISTORY,
    PROXY_INGEST_SUMMARY,
    PROXY_SCORES,
    Table,
)
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.settings import Settings

# What a day's data is for; a selection such as tag:stage=evidence finds it.
_STAGES = {
    "ml_results": "ranking",
    "proxy": "ingest",
    "proxy_history": "history",
    "proxy_logs": "logging",
    "proxy_results": "selection",
    "scored_connections": "enrichment",
    "edge_details": "evidence",
    "ingest_summary": "traffic",
    "notebooks": "investigation",
}
_TABLES: dict[str, Table] = {
    "proxy": PROXY,
    "scored_connections": PROXY_SCORES,
    "edge_details": PROXY_EDGE,
    "ingest_summary": PROXY_INGEST_SUMMARY,
    "proxy_history": PROXY_HISTORY,
}
_ANY_DAY = Day.parse("2016-09-12")
_PACKAGE = Path(__file__).parents[2]


def catalogued(
    assets: Sequence[dg.AssetsDefinition | dg.AssetSpec], settings: Settings, configured: Deployment
) -> list[Any]:
    """Return the assets with their entries; their sources are links to PROXY_OA_SOURCE_URL if it is set."""
    described = list(dg.map_asset_specs(_describe(settings, configured), assets))
    sourced = dg.with_source_code_references(described)
    if settings.source_url is None:
        return list(sourced)
    site, branch = settings.source_url
    return list(
        dg.link_code_references_to_git(
            sourced,
            git_url=site.removesuffix("/-"),
            git_branch=branch,
            platform="gitlab" if site.endswith("/-") else "github",
            file_path_mapping=dg.AnchorBasedFilePathMapping(_PACKAGE, _PACKAGE.name),
        )
    )


def _describe(settings: Settings, configured: Deployment) -> Callable[[dg.AssetSpec], dg.AssetSpec]:
    hdfs, workspace = configured.hdfs, configured.workspace
    folders = {
        "ml_results": hdfs.location(workspace.results(_ANY_DAY).partition(f"/{_ANY_DAY.folder}/")[0]),
        "proxy_results": str(workspace.data(_ANY_DAY).parent),
        "notebooks": str(workspace.notebooks(_ANY_DAY).parent),
    } | {name: hdfs.location(f"{workspace.huser}/{table.location}") for name, table in _TABLES.items()}

    if settings.logs:
        # The part of the first pattern that is a folder.
        folders["proxy_logs"] = re.sub(r"/[^/]*[%*?[].*", "", settings.logs[0], flags=re.DOTALL) or "/"

    def describe(spec: dg.AssetSpec) -> dg.AssetSpec:
        name = spec.key.to_user_string()
        metadata = {"dagster/uri": _uri(folders[name])} if name in folders else {}
        if name in _TABLES:
            table = _TABLES[name]
            of = f"{table.location}/" if settings.cluster is None else f"{settings.dbname}."
            metadata["dagster/table_name"] = f"{of}{table.name}"
        return spec.replace_attributes(
            owners=list(settings.owners),
            # Each of them says who visited what.
            tags={**spec.tags, "stage": _STAGES[name], "sensitivity": "personal-data"},
            metadata={**spec.metadata, **metadata},
        )

    return describe


def _uri(location: str) -> str:
    return location if "://" in location else Path(location).as_uri()
