"""Which days there are to investigate."""

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.model.tables import PROXY_SCORES
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.resources.stored_days import stored_days


def materialized_days(deployment: Deployment) -> list[Day]:
    """Return the days that have scored connections, the newest first. Raises InvestigationError for none."""
    workspace = deployment.workspace
    days = list(stored_days(deployment.hdfs, workspace.huser, PROXY_SCORES))
    if not days:
        raise InvestigationError(
            f"no day is materialized in the home {workspace.home}; run `proxy-oa run --date YYYY-MM-DD`, or "
            f"`proxy-oa demo` for sample days"
        )
    return days[::-1]
