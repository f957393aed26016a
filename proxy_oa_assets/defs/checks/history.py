"""The checks of `proxy_history`."""

from proxy_oa_assets.defs.checks.day_check import (
    CheckResult,
    CheckSeverity,
    DayCheck,
    columns_check,
    evaluate_columns,
)
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY_HISTORY, records
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.sql.history import history_counts

HISTORY_COUNTS_EVERY_ROW = DayCheck(
    "history_counts_every_row",
    "proxy_history",
    "proxy_history counts each raw row that has client and host",
    CheckSeverity.ERROR,
)
COLUMNS = columns_check(PROXY_HISTORY, "proxy_history", CheckSeverity.ERROR)
HISTORY_CHECKS = (HISTORY_COUNTS_EVERY_ROW, COLUMNS)


def evaluate_history(day: Day, deployment: Deployment) -> dict[DayCheck, CheckResult]:
    """Count the raw rows, and the requests that the day's history has."""
    (row,) = records(deployment.impala.query(history_counts(day)))
    raw_rows, counted = (int(str(value or 0)) for value in row)
    description = f"all {raw_rows} raw rows with client and host are counted"
    if raw_rows != counted:
        description = (
            f"{raw_rows} raw rows have client and host, {counted} are counted: raw rows were added or "
            f"removed since; materialize proxy_history for the day again"
        )
    return {
        HISTORY_COUNTS_EVERY_ROW: CheckResult(
            passed=raw_rows == counted,
            description=description,
            metadata={"raw_rows": raw_rows, "counted": counted},
        ),
        COLUMNS: evaluate_columns(COLUMNS, PROXY_HISTORY, day, deployment.impala),
    }
