"""How busy days were, as their ingest summaries have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy_oa_assets import queries
from proxy_oa_assets.days import Day
from proxy_oa_assets.deployment import Deployment
from proxy_oa_assets.errors import InvestigationError
from proxy_oa_assets.investigation.investigated import investigated

if TYPE_CHECKING:
    import pandas as pd


def ingest_summary(
    first_day: Day | str, last_day: Day | str, *, deployment: Deployment | None = None
) -> pd.DataFrame:
    """Return the minutes of the days from the first to the last, in time order.

    tdate is `YYYY-MM-DD HH:MM`, total the number of requests; a minute without any has no row. Raises
    InvestigationError if the last day is before the first.
    """
    first, at = investigated(first_day, deployment)
    last, _ = investigated(last_day, at)
    if last < first:
        raise InvestigationError(
            f"the last day, {last}, is before the first, {first}; name the earlier one first"
        )
    return at.impala.query(queries.summaries(first, last))
