"""Which days there are to investigate: those that are materialized, and those that have a log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy_oa_assets.model.day import Day, spans
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.model.tables import ANALYST_TABLES, PROXY, PROXY_INGEST_SUMMARY, PROXY_SCORES
from proxy_oa_assets.model.text import counted
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.resources.stored_days import stored_days

if TYPE_CHECKING:
    import pandas as pd


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


def logged_days(first: Day, last: Day, deployment: Deployment) -> list[Day]:
    """Return the days from first to last that the raw log has a partition of, in order."""
    return list(stored_days(deployment.hdfs, deployment.workspace.huser, PROXY, first, last))


def name_uncounted(totals: pd.DataFrame, first: Day, last: Day, deployment: Deployment) -> pd.DataFrame:
    """Return the totals of materialized days with the others that have a log in `attrs["uncounted_days"]`."""
    huser = deployment.workspace.huser
    summarized = set(stored_days(deployment.hdfs, huser, PROXY_INGEST_SUMMARY, first, last))
    logged = logged_days(first, last, deployment)
    totals.attrs["uncounted_days"] = [day.key for day in logged if day not in summarized]
    return totals


def check_log(day: Day, deployment: Deployment) -> None:
    """Raise InvestigationError if the raw log has no partition of a day."""
    if logged_days(day, day, deployment):
        return
    days = list(stored_days(deployment.hdfs, deployment.workspace.huser, PROXY))
    others = f"{counted(len(days), 'day')}, from {days[0]} to {days[-1]}" if days else "no day yet"
    raise InvestigationError(
        f"no log of {day}: ingest it (`proxy-oa ingest`), or choose another day; the raw log has {others}"
    )


def check_recorded(day: Day, deployment: Deployment) -> None:
    """Raise InvestigationError if a day is neither materialized nor has anything that analysts recorded."""
    huser = deployment.workspace.huser
    for table in (PROXY_SCORES, *ANALYST_TABLES):
        if any(stored_days(deployment.hdfs, huser, table, day, day)):
            return
    days = materialized_days(deployment)
    raise InvestigationError(
        f"{day} isn't materialized, and analysts recorded nothing of it; run `proxy-oa run --date {day}`, or "
        f"name another day: {spans(days)}"
    )
