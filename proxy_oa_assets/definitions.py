"""The one place where assets, jobs and resources meet; what Dagster loads."""

import dagster as dg

from proxy_oa_assets.assets.edge_details import edge_details
from proxy_oa_assets.assets.ingest_summary import ingest_summary
from proxy_oa_assets.assets.notebooks import notebooks
from proxy_oa_assets.assets.proxy_results import proxy_results
from proxy_oa_assets.assets.scored_connections import scored_connections
from proxy_oa_assets.assets.upstream import ml_results, proxy
from proxy_oa_assets.automation import proxy_day
from proxy_oa_assets.deployment import deployment

_DEPLOYMENT = deployment()
# A conf that doesn't fit is refused here, where the definitions load, not in the middle of a day.
_DEPLOYMENT.workspace.conf()

defs = dg.Definitions(
    assets=[ml_results, proxy, proxy_results, scored_connections, edge_details, ingest_summary, notebooks],
    jobs=[proxy_day],
    resources=_DEPLOYMENT.resources(),
    executor=dg.in_process_executor,
)
