"""The asset `ml_results`, unless PROXY_OA_RANKING is external: a day's ranking, made here or by others."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import dagster as dg

from proxy_oa_assets.defs.assets.daily import (
    WAREHOUSE_POOL,
    Daily,
    DayMetadata,
    day_by_day,
    require_raw_rows,
)
from proxy_oa_assets.defs.assets.metadata import column_schema, preview, ranking_lineage
from proxy_oa_assets.defs.assets.raw_columns import RawColumnsConfig, raw_columns
from proxy_oa_assets.defs.assets.upstream_days import ranked_day, raw_day, report_read
from proxy_oa_assets.investigation.weighing import feedback_in_effect, feedback_of
from proxy_oa_assets.model.column_map import RESULT_FIELDS
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import RankingError
from proxy_oa_assets.model.tables import RESULT_COLUMNS
from proxy_oa_assets.ranking.own_results import is_of_another_system, others_stay, publish, results_content
from proxy_oa_assets.ranking.published_parts import published_parts
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.resources.impala import Warehouse
from proxy_oa_assets.resources.reputation import ReputationResource
from proxy_oa_assets.resources.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

    from proxy_oa_assets.ranking.day_ranking import RankedDay

# Metadata of a materialization: what stands out, in a sentence; and who ranked the day.
STATEMENT, RANKED_BY = "statement", "ranked_by"
# What second voices say of how it went, a line each.
VOICES = "second_voices"
# The raw columns of results, and those that the ranking reads besides.
_READS = (*RESULT_FIELDS, "uriextension")
_PREVIEWED = ("place", "clientip", "host", "points", "because")


def ml_results_asset(daily: Daily) -> dg.AssetsDefinition:
    """Return the asset `ml_results`."""

    @daily.asset(
        deps=["proxy", "proxy_history"],
        kinds={"hdfs", "csv"},
        code_version="1",
        pool=WAREHOUSE_POOL,
        metadata={"dagster/column_schema": column_schema(RESULT_COLUMNS)},
    )
    def ml_results(
        context: dg.AssetExecutionContext,
        config: RawColumnsConfig,
        *,
        hdfs: FileStore,
        impala: Warehouse,
        reputation: ReputationResource,
        workspace: Workspace,
    ) -> dg.MaterializeResult:
        """proxy_results.csv: the day's requests, the most suspicious first, each with its reasons.

        The day is ranked here, unless another system's results are there; those stay as they are.
        """
        deployment = Deployment(hdfs=hdfs, impala=impala, reputation=reputation, workspace=workspace)

        def materialize(day: Day) -> DayMetadata:
            path = workspace.results(day)
            if is_of_another_system(hdfs, path):
                if daily.ranking == "builtin":
                    raise others_stay(hdfs, path)
                context.log.info("Ranked by another system: %s", hdfs.location(path))
                return _published(hdfs, workspace, day) | {RANKED_BY: dg.MetadataValue.text("another system")}
            require_raw_rows(impala, day)
            columns = raw_columns(context, impala, day, _READS, config)
            # Noted before the rows are read: an hour that arrives during a statement then counts as new.
            raw = raw_day(hdfs, workspace, day)
            # Loads DuckDB and pyarrow.
            from proxy_oa_assets.ranking.site_ranking import rank_as_configured

            feedback = feedback_of(day, deployment)
            ranked = rank_as_configured(impala, workspace, day, feedback)
            if not ranked.rows.num_rows:
                raise RankingError(
                    f"no raw request of {day} has client, host, time and URI, so there is nothing to rank; "
                    f"look at the ingest, and at the format of its logs"
                )
            # The partition is the day, however the log writes its date.
            rows = (row | {"p_date": day.key} for row in ranked.rows.to_pylist())
            publish(hdfs, path, results_content(rows, workspace.column_map().results), ranked.statement)
            if raw:
                report_read(context, raw)
            return {
                **_published(hdfs, workspace, day),
                "dagster/partition_row_count": ranked.rows.num_rows,
                RANKED_BY: dg.MetadataValue.text("proxy-oa"),
                **_ranked(ranked, workspace),
                **_weighed(feedback_in_effect(feedback)),
                **columns,
                **ranking_lineage(),
            }

        def version(day: Day) -> str:
            published = published_parts(hdfs, workspace.results(day))
            return ranked_day(hdfs, workspace, day, published).version if published else "unfinished"

        return day_by_day(context, hdfs, workspace, materialize, data_version=version)

    return ml_results


def _published(hdfs: FileStore, workspace: Workspace, day: Day) -> dict[str, dg.MetadataValue | int]:
    """Return what is known of results without reading them; `proxy_results` fails for unfinished ones."""
    published = published_parts(hdfs, workspace.results(day))
    return ranked_day(hdfs, workspace, day, published).metadata() if published else {}


def _ranked(ranked: "RankedDay", workspace: Workspace) -> DayMetadata:
    """Return the metadata of a ranking."""
    from proxy_oa_assets.ranking.reasons import sentence

    first = ranked.pairs.slice(0, 10).to_pandas()
    return {
        STATEMENT: dg.MetadataValue.text(ranked.statement),
        "pairs": ranked.pairs.num_rows,
        "pairs_that_stand_out": sum(ranked.pairs["stands_out"].to_pylist()),
        "history_days": ranked.history_days,
        "history_days_asked_for": workspace.ranking_history_days,
        **({VOICES: dg.MetadataValue.text("\n".join(ranked.notes))} if ranked.notes else {}),
        **({"silent_signals": dg.MetadataValue.text(_silent(ranked.silent))} if ranked.silent else {}),
        "weights": dg.MetadataValue.text(workspace.ranking_weights or "shipped"),
        "most_suspicious": preview(
            first.assign(points=first["points"].map("{:.2f}".format), because=first["word"].map(sentence)),
            _PREVIEWED,
        ),
    }


def _silent(silenced: Mapping[str, str]) -> str:
    """Return the reasons why signals are silent, each with its signals."""
    reasons: dict[str, list[str]] = {}
    for name, reason in silenced.items():
        reasons.setdefault(reason, []).append(name)
    return "; ".join(f"{', '.join(names)}: {reason}" for reason, names in reasons.items())


def _weighed(feedback: "pd.DataFrame") -> DayMetadata:
    """Return the metadata of the severities and lists that weigh the ranking, if there are any."""
    shown = feedback.assign(
        points=feedback["points"].map("{:.2f}".format), clients=feedback["clients"].map(str)
    )
    return {"feedback": preview(shown, tuple(feedback.columns), rows=20)} if len(feedback) else {}
