"""The definitions, as a function of the settings."""

import warnings

import dagster as dg

from proxy_oa_assets.defs.assets.catalogue import catalogued
from proxy_oa_assets.defs.assets.daily import Daily
from proxy_oa_assets.defs.assets.edge_details import edge_details_asset
from proxy_oa_assets.defs.assets.ingest_summary import ingest_summary_asset
from proxy_oa_assets.defs.assets.ml_results import ml_results_asset
from proxy_oa_assets.defs.assets.notebooks import notebooks_asset
from proxy_oa_assets.defs.assets.proxy import proxy_asset
from proxy_oa_assets.defs.assets.proxy_history import proxy_history_asset
from proxy_oa_assets.defs.assets.proxy_results import proxy_results_asset
from proxy_oa_assets.defs.assets.scored_connections import scored_connections_asset
from proxy_oa_assets.defs.assets.upstream import upstream_assets
from proxy_oa_assets.defs.automation.dead_runs import dead_runs, marking
from proxy_oa_assets.defs.automation.failure_webhook import failure_sensors
from proxy_oa_assets.defs.automation.jobs import (
    ingest_day,
    proxy_day,
    proxy_day_daily,
    reset_job,
    yesterday,
    yesterday_schedule,
)
from proxy_oa_assets.defs.automation.new_logs import new_logs_sensor
from proxy_oa_assets.defs.automation.new_results import new_results_sensor
from proxy_oa_assets.defs.checks.asset_checks import asset_checks, yesterday_check
from proxy_oa_assets.defs.checks.recheck import recheck_job
from proxy_oa_assets.resources.deployment import deployment
from proxy_oa_assets.settings import Settings

_EXECUTORS = {"in_process": dg.in_process_executor, "multiprocess": dg.multiprocess_executor}


def build_definitions(settings: Settings) -> dg.Definitions:
    """Return all that Dagster loads. Raises ConfError if the conf file doesn't fit."""
    # Owners, kinds and column lineage have been stable for years, but are labelled beta or preview.
    for category in (dg.BetaWarning, dg.PreviewWarning):
        warnings.filterwarnings("ignore", category=category)
    configured = deployment(settings)
    configured.workspace.column_map()
    daily = Daily.of(settings)
    assets = [
        *([proxy_asset(daily)] if daily.takes_logs else []),
        *([proxy_history_asset(daily), ml_results_asset(daily)] if daily.ranks else []),
        proxy_results_asset(daily),
        scored_connections_asset(daily),
        edge_details_asset(daily),
        ingest_summary_asset(daily),
        notebooks_asset(daily),
    ]
    return dg.Definitions(
        assets=catalogued([*upstream_assets(daily), *assets], settings, configured),
        asset_checks=[*asset_checks(daily), yesterday_check(daily, assets)],
        jobs=[
            proxy_day,
            *([ingest_day] if daily.takes_logs else []),
            recheck_job(daily),
            reset_job(daily.partitions),
            yesterday,
        ],
        schedules=[proxy_day_daily, yesterday_schedule(settings.timezone)],
        sensors=[
            new_results_sensor(daily),
            *([new_logs_sensor(daily)] if daily.takes_logs else []),
            dead_runs,
            *failure_sensors(settings),
        ],
        resources=configured.resources(),
        executor=marking(_EXECUTORS[settings.executor]),
    )
