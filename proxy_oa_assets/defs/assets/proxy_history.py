"""The asset `proxy_history`: which client asked which host with which user agent, in `proxy_history`."""

import dagster as dg

from proxy_oa_assets.defs.assets.daily import WAREHOUSE_POOL, Daily, DayMetadata, day_by_day
from proxy_oa_assets.defs.assets.metadata import history_lineage, table_metadata
from proxy_oa_assets.defs.assets.raw_columns import RawColumnsConfig, raw_columns
from proxy_oa_assets.defs.assets.upstream_days import raw_day, report_read
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY, PROXY_HISTORY, records
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.resources.impala import Warehouse
from proxy_oa_assets.resources.workspace import Workspace
from proxy_oa_assets.sql import history


def proxy_history_asset(daily: Daily) -> dg.AssetsDefinition:
    """Return the asset `proxy_history`."""

    @daily.asset(
        deps=["proxy"],
        kinds=daily.table_kinds,
        code_version="1",
        pool=WAREHOUSE_POOL,
        metadata=table_metadata(PROXY_HISTORY),
    )
    def proxy_history(
        context: dg.AssetExecutionContext,
        config: RawColumnsConfig,
        *,
        hdfs: FileStore,
        impala: Warehouse,
        workspace: Workspace,
    ) -> dg.MaterializeResult:
        """The day's requests by client, host and user agent, which the ranking of later days reads."""

        def materialize(day: Day) -> DayMetadata:
            # Results of another system can be looked at without a raw request, so such a day is no failure.
            rows = impala.row_count(PROXY, day)
            columns = raw_columns(context, impala, day, history.HISTORY_READS, config) if rows else {}
            # Noted before the rows are read: an hour that arrives during the statement then counts as new.
            raw = raw_day(hdfs, workspace, day, rows=rows)
            kept = impala.replace_day(PROXY_HISTORY, day, history.proxy_history(day))
            if raw:
                report_read(context, raw)
            if not rows:
                context.log.warning(
                    "%s has no raw request: its history is empty", impala.location(PROXY, day)
                )
            ((pairs, agents),) = records(impala.query(history.history_figures(day)))
            return {
                "dagster/partition_row_count": kept,
                "requests": rows,
                "pairs": int(str(pairs)),
                "agents": int(str(agents)),
                **columns,
                **history_lineage(),
            }

        return day_by_day(context, hdfs, workspace, materialize)

    return proxy_history
