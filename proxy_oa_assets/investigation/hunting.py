"""What hunters look for in a whole day, where no row is suspicious by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy_oa_assets.investigation.day_context import day_context
from proxy_oa_assets.investigation.materialized_days import check_log, logged_days
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.model.tables import PROXY_HISTORY
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.resources.stored_days import stored_days
from proxy_oa_assets.sql import hunting

if TYPE_CHECKING:
    import pandas as pd


def beacons(
    day: Day | str, *, visits: int = 7, limit: int = 250, deployment: Deployment | None = None
) -> pd.DataFrame:
    """Return which client asks which host at one interval; the hosts of fewest clients first.

    The columns: clientip, host, visits, every_seconds (the median interval), steady (percent of the intervals
    that are like it), first and last (times), clients (how many ask the host). Raises InvestigationError for
    a day without a log.
    """
    day, deployment = day_context(day, deployment)
    found = deployment.impala.query(hunting.beacons(day, visits, limit))
    if found.empty:
        check_log(day, deployment)
    found[["every_seconds", "steady"]] = found[["every_seconds", "steady"]].astype(float).round().astype(int)
    return _with_times(found, first="first_second", last="last_second")


def new_hosts(
    day: Day | str, *, days: int = 30, limit: int = 250, deployment: Deployment | None = None
) -> pd.DataFrame:
    """Return the hosts that none of the `days` before has; those of fewest clients first.

    They are found in `proxy_history`, on days without it in the raw log. The columns: host, clients,
    requests, sent and received (bytes), first (time). Raises InvestigationError for a day that has neither,
    and if none of the days before has: each of its hosts would be new.
    """
    day, deployment = day_context(day, deployment)
    first, huser = day.plus(-days), deployment.workspace.huser
    remembered = set(stored_days(deployment.hdfs, huser, PROXY_HISTORY, first, day))
    raw_days = [each for each in logged_days(first, day, deployment) if each not in remembered]
    known = remembered.union(raw_days)
    if day not in known:
        check_log(day, deployment)
    if not known - {day}:
        raise InvestigationError(
            f"no day of the {days:,} before {day} has a log, so no host can be called new; ingest earlier "
            f"logs (`proxy-oa ingest`), or look back over more days"
        )
    found = deployment.impala.query(hunting.new_hosts(day, first, raw_days, limit))
    return _with_times(found, first="first_second")


def _with_times(frame: pd.DataFrame, **columns: str) -> pd.DataFrame:
    """Return a frame with seconds of the day as times, `HH:MM:SS`, in columns named as the keywords."""
    for second in columns.values():
        frame[second] = [
            f"{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}"
            for number in frame[second].astype(int)
        ]
    return frame.rename(columns={second: name for name, second in columns.items()})
