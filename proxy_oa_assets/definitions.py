"""The one place where assets, jobs and resources meet; what Dagster loads."""

import dagster as dg

from proxy_oa_assets.assets.edge_details import edge_details
from proxy_oa_assets.assets.ingest_summary import ingest_summary
from proxy_oa_assets.assets.notebooks import notebooks
from proxy_oa_assets.assets.proxy_results import proxy_results
from proxy_oa_assets.assets.scored_connections import scored_connections
from proxy_oa_assets.assets.upstream import ml_results, proxy
from proxy_oa_assets.automation.daily_schedule import proxy_day_daily, yesterday_check
from proxy_oa_assets.automation.failure_webhook import failure_sensors
from proxy_oa_assets.automation.jobs import proxy_day, yesterday
from proxy_oa_assets.automation.new_results import new_results
from proxy_oa_assets.automation.reset_day import reset_scored_connections
from proxy_oa_assets.checks.day_checks import DAY_CHECKS
from proxy_oa_assets.checks.recheck import recheck_days
from proxy_oa_assets.checks.yesterday import yesterday_is_materialized
from proxy_oa_assets.deployment import deployment
from proxy_oa_assets.settings import load_settings

_SETTINGS = load_settings()
_EXECUTORS = {"in_process": dg.in_process_executor, "multiprocess": dg.multiprocess_executor}
_DEPLOYMENT = deployment(_SETTINGS)
# A conf that doesn't fit is refused here, where the definitions load, not in the middle of a day.
_DEPLOYMENT.workspace.conf()

defs = dg.Definitions(
    assets=dg.with_source_code_references(
        [ml_results, proxy, proxy_results, scored_connections, edge_details, ingest_summary, notebooks]
    ),
    asset_checks=[*DAY_CHECKS, yesterday_is_materialized],
    jobs=[proxy_day, recheck_days, reset_scored_connections, yesterday],
    schedules=[proxy_day_daily, yesterday_check],
    sensors=[new_results, *failure_sensors(_SETTINGS)],
    resources=_DEPLOYMENT.resources(),
    executor=_EXECUTORS[_SETTINGS.executor],
)
