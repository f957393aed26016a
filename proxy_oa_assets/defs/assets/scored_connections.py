"""Steps 5 to 10 of a day: enrich the most suspicious rows and store them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import dagster as dg

from proxy_oa_assets.defs.assets.daily import (
    REPUTATION_POOL,
    Daily,
    DayMetadata,
    day_by_day,
    user_errors_as_failure,
)
from proxy_oa_assets.defs.assets.metadata import preview, scores_lineage, table_metadata
from proxy_oa_assets.enrichment.connection_hash import connection_hash
from proxy_oa_assets.enrichment.network_context import NetworkContext
from proxy_oa_assets.enrichment.reputation.client import Reputation
from proxy_oa_assets.enrichment.reputation.verdict import Status
from proxy_oa_assets.enrichment.response_codes import response_code_name
from proxy_oa_assets.enrichment.severity import severities
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY_SCORES, PROXY_THREAT_INVESTIGATION, records
from proxy_oa_assets.model.tsv import write_tsv
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.resources.impala import Warehouse
from proxy_oa_assets.resources.reputation import ReputationResource
from proxy_oa_assets.resources.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

EXPORTED_COLUMNS = (*PROXY_SCORES.column_names, "uri_sev", "hash")
_PREVIEWED = ("ml_score", "time", "clientip", "fulluri", "uri_rep", "respcode_name", "network_context")
# Dagster keeps each line of a log for good, and a file with another separator has none that can be used.
_NAMED_LINES = 20


def scored_connections_asset(daily: Daily) -> dg.AssetsDefinition:
    """Return the asset `scored_connections`."""

    @daily.asset(
        deps=["proxy_results"],
        kinds=daily.table_kinds,
        step="5-10",
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
        with user_errors_as_failure():
            column = workspace.column_map().reputation_column
            network = workspace.network_context()
            warnings = reputation.configured().warnings
        for problem in network.rejected[:_NAMED_LINES]:
            context.log.warning("Left out of the network context: %s", problem)
        if len(network.rejected) > _NAMED_LINES:
            context.log.warning("Left out of the network context: %d lines in all", len(network.rejected))
        for warning in warnings:
            context.log.warning("Reputation: %s", warning)

        def materialize(day: Day) -> DayMetadata:
            from proxy_oa_assets.enrichment.reputation import stats as day_report
            from proxy_oa_assets.ranking import kept_rows as ranked_rows

            rows = as_scores(ranked_rows.read(workspace.data(day)))
            answers = reputation.look_up(rows[column].dropna().tolist(), context.log.info)
            day_report.write(workspace.data(day), answers.tallies)
            scored = impala.read_day(PROXY_THREAT_INVESTIGATION, day)
            enriched = enrich(rows, answers.uri_rep, column, network, scored)
            count = impala.replace_day_with_frame(PROXY_SCORES, day, enriched)
            export = workspace.data(day) / "proxy_scores.tsv"
            write_tsv(export, EXPORTED_COLUMNS, records(enriched[list(EXPORTED_COLUMNS)]))
            return {
                "dagster/partition_row_count": dg.MetadataValue.int(count),
                "connections": dg.MetadataValue.int(len(rows[["clientip", "fulluri"]].drop_duplicates())),
                "scored_by_analysts": dg.MetadataValue.int(int((enriched["uri_sev"] > 0).sum())),
                "network_context_rejected": dg.MetadataValue.int(len(network.rejected)),
                "most_suspicious": preview(
                    enriched.assign(ml_score=enriched["ml_score"].map("{:.3g}".format)), _PREVIEWED
                ),
                "export": dg.MetadataValue.path(export),
                **_tally(answers),
                **scores_lineage(column),
            }

        return day_by_day(context, hdfs, workspace, materialize)

    return scored_connections


def as_scores(ranked: "pd.DataFrame") -> "pd.DataFrame":
    """Return ranked rows with the column names of `proxy_scores`."""
    return ranked.rename(columns={"p_date": "tdate", "p_time": "time", "score": "ml_score"})


def enrich(
    rows: "pd.DataFrame",
    uri_rep: dict[str, str],
    reputation_column: str,
    network: NetworkContext,
    scored: "pd.DataFrame",
) -> "pd.DataFrame":
    """Return the rows with uri_rep, respcode_name, network_context, uri_sev and hash, in the same order.

    `scored` is the day of `proxy_threat_investigation`.
    """
    context_of = {client: network.describe(client) for client in rows["clientip"].dropna().unique()}
    looked_up, clients = _texts(rows, reputation_column), _texts(rows, "clientip")
    return rows.assign(
        uri_rep=["" if value is None else uri_rep[value] for (value,) in looked_up],
        respcode_name=[response_code_name(code) for (code,) in _texts(rows, "respcode")],
        network_context=["" if client is None else context_of[client] for (client,) in clients],
        uri_sev=severities(rows["fulluri"], scored),
        hash=[connection_hash(*row) for row in _texts(rows, "clientip", "fulluri", "time")],
    )


def _texts(rows: "pd.DataFrame", *columns: str) -> Iterator[tuple[str | None, ...]]:
    return cast("Iterator[tuple[str | None, ...]]", records(rows[list(columns)]))


def _tally(reputation: Reputation) -> DayMetadata:
    shown: dict[str, dg.MetadataValue] = {}
    for service, tally in reputation.tallies.items():
        numbers = {"asked": tally.asked, "cached": tally.cached}
        # Those that are 0, too: Dagster plots them over the days.
        numbers |= {status.value: tally.statuses[status] for status in Status}
        for what, number in numbers.items():
            shown[f"reputation/{service}/{what}"] = dg.MetadataValue.int(number)
        if tally.troubles:
            shown[f"reputation/{service}/trouble"] = dg.MetadataValue.text("; ".join(tally.troubles))
    return shown
