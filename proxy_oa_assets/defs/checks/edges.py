"""The checks of `edge_details`, all but one of them from one statement."""

from proxy_oa_assets.defs.checks.day_check import (
    CheckResult,
    CheckSeverity,
    DayCheck,
    columns_check,
    evaluate_columns,
)
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY_EDGE, ROWS_PER_CONNECTION_HOUR, records
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.sql.check_counts import edge_counts

EVERY_CONNECTION_HAS_EDGES = DayCheck(
    "every_connection_has_edges",
    "edge_details",
    "Each scored connection has its raw rows in proxy_edge, in every hour, and no other connection has any",
    CheckSeverity.ERROR,
)
NO_CONNECTION_HOUR_IS_BEYOND_THE_LIMIT = DayCheck(
    f"no_connection_hour_is_beyond_{ROWS_PER_CONNECTION_HOUR}",
    "edge_details",
    f"No connection has more than {ROWS_PER_CONNECTION_HOUR} rows of an hour in proxy_edge",
    CheckSeverity.ERROR,
)
NO_EDGE_IS_AT_A_LIMIT = DayCheck(
    "no_edge_is_at_a_limit",
    "edge_details",
    "No raw row of a scored connection has a byte count beyond INT; proxy_edge has the limit in its place",
    CheckSeverity.WARNING,
)
COLUMNS = columns_check(PROXY_EDGE, "edge_details", CheckSeverity.ERROR)
EDGE_CHECKS = (
    EVERY_CONNECTION_HAS_EDGES,
    NO_CONNECTION_HOUR_IS_BEYOND_THE_LIMIT,
    NO_EDGE_IS_AT_A_LIMIT,
    COLUMNS,
)


def evaluate_edges(day: Day, deployment: Deployment) -> dict[DayCheck, CheckResult]:
    """Count scored connections, raw rows and edges per connection and hour, and compare."""
    (row,) = records(deployment.impala.query(edge_counts(day)))
    connections, bare, wrong_hours, unscored, capped, cut, beyond, large = (
        int(str(value or 0)) for value in row
    )
    return {
        EVERY_CONNECTION_HAS_EDGES: _coverage(connections, bare, wrong_hours, unscored),
        NO_CONNECTION_HOUR_IS_BEYOND_THE_LIMIT: _limit(capped, cut, beyond),
        NO_EDGE_IS_AT_A_LIMIT: _large(large),
        COLUMNS: evaluate_columns(COLUMNS, PROXY_EDGE, day, deployment.impala),
    }


def _coverage(connections: int, bare: int, wrong_hours: int, unscored: int) -> CheckResult:
    metadata = {
        "connections": connections,
        "connections_without_edges": bare,
        "incomplete_connection_hours": wrong_hours,
        "connections_not_scored": unscored,
    }
    if not bare and not wrong_hours and not unscored:
        return CheckResult(
            passed=True, description=f"all {connections} connections have their rows", metadata=metadata
        )
    reasons = []
    if bare:
        reasons.append(
            f"{bare} of {connections} connections have no raw row: the day's raw log is incomplete, or the "
            f"ranking was made from another one"
        )
    if wrong_hours or unscored:
        reasons.append(
            f"{wrong_hours} connection-hours have other rows than the raw log now gives, and {unscored} "
            f"connections with rows aren't scored: materialize edge_details for the day again"
        )
    return CheckResult(passed=False, description="; ".join(reasons), metadata=metadata)


def _limit(capped: int, cut: int, beyond: int) -> CheckResult:
    if beyond:
        description = f"{beyond} connection-hours have more; materialize edge_details for the day again"
    elif capped:
        description = f"{capped} connection-hours had more raw rows; {cut} rows of them were left out"
    else:
        description = "no row had to be left out"
    metadata = {"capped_connection_hours": capped, "raw_rows_cut": cut, "connection_hours_beyond": beyond}
    return CheckResult(passed=not beyond, description=description, metadata=metadata)


def _large(rows: int) -> CheckResult:
    description = "every byte count fits"
    if rows:
        description = (
            f"raw rows of scored connections with a byte count beyond INT: {rows}; look at these transfers, "
            f"the raw table has the true figures"
        )
    return CheckResult(passed=not rows, description=description, metadata={"rows_at_a_limit": rows})
