"""The asset `proxy_results`: a copy of the ranked results, and their first rows."""

import time

import dagster as dg

from proxy_oa_assets.defs.assets.daily import Daily, DayMetadata, day_by_day
from proxy_oa_assets.defs.assets.metadata import column_schema, results_lineage
from proxy_oa_assets.defs.assets.row_limit import ROW_LIMIT
from proxy_oa_assets.defs.assets.upstream_days import ranked_day, report_read
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import RESULT_COLUMNS
from proxy_oa_assets.ranking.publication import Publication, keep_publication
from proxy_oa_assets.ranking.published_parts import copy_results, required_results
from proxy_oa_assets.ranking.results_file import keep_rows, read_results
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.resources.workspace import Workspace


def proxy_results_asset(daily: Daily) -> dg.AssetsDefinition:
    """Return the asset `proxy_results`."""

    @daily.asset(
        deps=["ml_results"],
        kinds={"hdfs", "csv"},
        code_version="1",
        config_schema=ROW_LIMIT,
        metadata={"dagster/column_schema": column_schema(RESULT_COLUMNS)},
    )
    def proxy_results(
        context: dg.AssetExecutionContext, hdfs: FileStore, workspace: Workspace
    ) -> dg.MaterializeResult:
        """The most suspicious rows of the day's ranked results, and a byte-for-byte copy of the file.

        Compressed parts are decompressed in the copy.
        """
        limit: int = context.op_execution_context.op_config["limit"]

        def materialize(day: Day) -> DayMetadata:
            copy = workspace.data(day) / "proxy_results.csv"
            # Noted before the bytes are read: parts published during the copy then count as new.
            published, began = required_results(hdfs, workspace.results(day)), time.time()
            copy_results(hdfs, published, copy)
            publication = Publication.of(published, copy, began)
            if publication.age < daily.results_min_age:
                context.log.warning(_young(hdfs.location(workspace.results(day)), publication.age))
            reader = read_results(copy, workspace.column_map().results, day, limit)
            keep_rows(workspace.data(day), reader.frame)
            if reader.crlf_lines:
                context.log.warning(
                    "%s: %d of the %d lines that were read end in CR LF; they were read without the CR",
                    hdfs.location(workspace.results(day)),
                    reader.crlf_lines,
                    reader.lines_read,
                )
            keep_publication(workspace.data(day), publication)
            report_read(context, ranked_day(hdfs, workspace, day, published, publication.lines))
            return {
                "dagster/partition_row_count": len(reader.frame),
                "limit": limit,
                "lines_read": reader.lines_read,
                "rejected_lines": reader.rejected,
                "values_at_a_limit": len(reader.capped),
                "crlf_lines": reader.crlf_lines,
                "bytes": published.length,
                "source_modified": published.modified,
                "lines": publication.lines,
                "source": dg.MetadataValue.path(hdfs.location(workspace.results(day))),
                "copy": copy,
                **results_lineage(),
            }

        return day_by_day(context, hdfs, workspace, materialize)

    return proxy_results


def _young(location: str, age: int) -> str:
    return (
        f"{location} was modified {age} s before it was read: if it was still being written, "
        f"materialize the day again when it is whole"
    )
