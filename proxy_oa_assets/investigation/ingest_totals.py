"""The requests of a range of days per minute, hour or day, as ingest counted them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from proxy_oa_assets.investigation.day_context import day_context
from proxy_oa_assets.investigation.materialized_days import name_uncounted
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.sql import analysts

if TYPE_CHECKING:
    import pandas as pd

Unit = Literal["minute", "hour", "day"]
# Characters of `YYYY-MM-DD HH:MM` that name a minute, an hour, a day; and the most days of a range.
_LENGTH: dict[Unit, int] = {"minute": 16, "hour": 13, "day": 10}
MOST_DAYS: dict[Unit, int] = {"minute": 7, "hour": 92, "day": 3660}


def ingest_totals(
    first_day: Day | str, last_day: Day | str, unit: Unit, *, deployment: Deployment | None = None
) -> pd.DataFrame:
    """Return the requests of the days from first to last per minute, hour or day, in time order.

    `counted_at` is `YYYY-MM-DD HH:MM`, `YYYY-MM-DD HH` or `YYYY-MM-DD`, `total` a whole number; a time
    without requests has no row. Days that have a log and aren't materialized aren't counted:
    `attrs["uncounted_days"]` names them, YYYY-MM-DD. Raises InvestigationError if the last day is before the
    first, and for more days than MOST_DAYS has for the unit.
    """
    first, deployment = day_context(first_day, deployment)
    last, _ = day_context(last_day, deployment)
    days = (last.date - first.date).days + 1
    if days < 1:
        raise InvestigationError(f"the last day, {last}, is before the first, {first}; swap them")
    if days > MOST_DAYS[unit]:
        raise InvestigationError(
            f"{first} to {last} are {days:,} days, and a plot per {unit} has at most {MOST_DAYS[unit]:,}; "
            f"choose fewer days or a longer unit"
        )
    totals = deployment.impala.query(analysts.ingest_totals(first, last, _LENGTH[unit]))
    return name_uncounted(totals, first, last, deployment)
