"""The asset `scored_connections`: the most suspicious rows, enriched, in `proxy_scores`."""

import dagster as dg

from proxy_oa_assets.defs.assets.daily import (
    LONGEST_RUN_SECONDS,
    REPUTATION_POOL,
    Daily,
    DayMetadata,
    day_by_day,
    user_errors_as_failure,
)
from proxy_oa_assets.defs.assets.metadata import preview, scores_lineage, table_metadata
from proxy_oa_assets.enrichment.reputation.verdict import LookupResult, Status, write_lookup_stats
from proxy_oa_assets.enrichment.score_columns import as_scores, enrich
from proxy_oa_assets.investigation.repair import repair_after_kill
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY_SCORES, PROXY_THREAT_INVESTIGATION, records
from proxy_oa_assets.model.text_file import IgnoredLines
from proxy_oa_assets.model.tsv import write_tsv
from proxy_oa_assets.ranking.reasons import sentence
from proxy_oa_assets.ranking.results_file import kept_rows
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.resources.impala import Warehouse
from proxy_oa_assets.resources.reputation import ReputationResource
from proxy_oa_assets.resources.workspace import Workspace

EXPORTED_COLUMNS = (*PROXY_SCORES.column_names, "uri_sev", "hash")
_PREVIEWED = (
    "ml_score",
    "time",
    "clientip",
    "fulluri",
    "uri_rep",
    "respcode_name",
    "network_context",
)


def scored_connections_asset(daily: Daily) -> dg.AssetsDefinition:
    """Return the asset `scored_connections`."""

    @daily.asset(
        deps=["proxy_results"],
        kinds=daily.table_kinds,
        code_version="1",
        pool=REPUTATION_POOL,
        metadata=table_metadata(PROXY_SCORES),
    )
    def scored_connections(
        context: dg.AssetExecutionContext,
        hdfs: FileStore,
        impala: Warehouse,
        reputation: ReputationResource,
        workspace: Workspace,
    ) -> dg.MaterializeResult:
        """The day's most suspicious requests with reputation, response code names and network context."""
        with user_errors_as_failure(context):
            column = workspace.column_map().reputation_column
            network = workspace.network_context()
            warnings = reputation.configured().warnings
        for line in network.rejected.first:
            context.log.warning("Left out of the network context: %s", line)
        if network.rejected.count > len(network.rejected.first):
            context.log.warning("Left out of the network context: %d lines in all", network.rejected.count)
        for warning in warnings:
            context.log.warning("Reputation: %s", warning)

        def materialize(day: Day) -> DayMetadata:
            rows = as_scores(kept_rows(workspace.data(day)))
            looked_up = reputation.look_up(rows[column].dropna().tolist(), context.log.info)
            write_lookup_stats(workspace.data(day), looked_up.stats)
            for service, stats in looked_up.stats.items():
                if stats.ignored:
                    context.log.warning("Reputation: %s: %s", service, stats.ignored)
            scored = impala.read_day(PROXY_THREAT_INVESTIGATION, day)
            enriched = enrich(
                rows,
                uri_rep=looked_up.uri_rep,
                reputation_column=column,
                network=network,
                scored=scored,
            )
            count = impala.replace_day_with_frame(PROXY_SCORES, day, enriched)
            deployment = Deployment(hdfs=hdfs, impala=impala, reputation=reputation, workspace=workspace)
            repair_after_kill(day, deployment, context.log.warning)
            export = workspace.data(day) / "proxy_scores.tsv"
            write_tsv(export, EXPORTED_COLUMNS, records(enriched[list(EXPORTED_COLUMNS)]))
            return {
                "dagster/partition_row_count": count,
                "connections": len(rows[["clientip", "fulluri"]].drop_duplicates()),
                "scored_by_analysts": int((enriched["uri_sev"] > 0).sum()),
                "network_context_rejected": network.rejected.count,
                **_named("network_context_rejected_lines", network.rejected),
                "most_suspicious": preview(
                    enriched.assign(ml_score=enriched["ml_score"].map("{:.3g}".format)), _PREVIEWED
                ),
                # Beside that table's columns, there is no width left for words.
                "because": preview(
                    enriched.drop_duplicates(["clientip", "host"])
                    .head(10)
                    .assign(because=lambda first: first["word"].map(sentence)),
                    ("clientip", "host", "because"),
                ),
                "export": export,
                **_lookup_metadata(looked_up),
                **scores_lineage(column),
            }

        # Lookups of another run can take hours (`patience_minutes`).
        return day_by_day(context, hdfs, workspace, materialize, patience=LONGEST_RUN_SECONDS)

    return scored_connections


def _named(name: str, ignored: IgnoredLines) -> dict[str, dg.MetadataValue]:
    """Return metadata of a file's first ignored lines with their reasons, if there are any."""
    return {name: dg.MetadataValue.text("\n".join(ignored.first))} if ignored else {}


def _lookup_metadata(looked_up: LookupResult) -> DayMetadata:
    metadata: dict[str, int | dg.MetadataValue] = {}
    for service, stats in looked_up.stats.items():
        numbers = {"asked": stats.requested, "cached": stats.cached}
        # Zeros as well: Dagster plots these numbers over the days.
        numbers |= {status.value: stats.statuses[status] for status in Status}
        metadata |= {f"reputation/{service}/{name}": number for name, number in numbers.items()}
        if stats.ignored:
            metadata[f"reputation/{service}/ignored_lines"] = stats.ignored.count
            metadata |= _named(f"reputation/{service}/first_ignored_lines", stats.ignored)
        if stats.errors:
            metadata[f"reputation/{service}/trouble"] = dg.MetadataValue.text("; ".join(stats.errors))
    return metadata
