"""The day's three tables as the assets make them, without Dagster."""

import csv
from pathlib import Path

from benchmarks.generated_day import DAY
from benchmarks.peers.given import Given
from proxy_oa_assets.enrichment.network_context import read_network_context
from proxy_oa_assets.enrichment.score_columns import as_scores, enrich
from proxy_oa_assets.model.column_map import RESULT_FIELDS
from proxy_oa_assets.model.tables import PROXY, PROXY_EDGE, PROXY_INGEST_SUMMARY, PROXY_SCORES
from proxy_oa_assets.model.tables import PROXY_THREAT_INVESTIGATION as SEVERITIES
from proxy_oa_assets.ranking.results_file import read_results
from proxy_oa_assets.resources.local.duckdb_warehouse import DuckDBWarehouse
from proxy_oa_assets.sql import day_tables


def base_of(raw: Path) -> Path:
    """Return the folder that stands for HUSER, above the raw day."""
    return raw.parents[len(Path(PROXY.day_folder(DAY)).parts) - 1]


def main() -> None:
    """Replace the day of the tables."""
    given = Given.of_command()
    warehouse = DuckDBWarehouse(base=str(base_of(given.raw)))
    with given.reputation.open(encoding="utf-8", newline="") as file:
        uri_rep = {row["fulluri"]: row["uri_rep"] for row in csv.DictReader(file)}
    with given.results.open("rb") as lines:
        limit = sum(1 for _ in lines)
    ranked = read_results(given.results, RESULT_FIELDS, DAY, limit).frame
    scores = enrich(
        as_scores(ranked),
        uri_rep=uri_rep,
        reputation_column="fulluri",
        network=read_network_context(given.networks),
        scored=warehouse.read_day(SEVERITIES, DAY),
    )
    warehouse.replace_day_with_frame(PROXY_SCORES, DAY, scores)
    warehouse.replace_day(PROXY_EDGE, DAY, day_tables.edge_details(DAY))
    warehouse.replace_day(PROXY_INGEST_SUMMARY, DAY, day_tables.ingest_summary(DAY))


if __name__ == "__main__":
    main()
