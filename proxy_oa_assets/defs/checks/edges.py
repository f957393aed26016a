"""The claims about `edge_details`, all but one of them out of one statement."""

from proxy_oa_assets.defs.checks.day_check import Claim, Finding, Gravity, columns_claim, try_columns
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY_EDGE, records
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.sql.check_counts import edge_counts
from proxy_oa_assets.sql.query import ROWS_PER_CONNECTION_HOUR

EVERY_CONNECTION_HAS_EDGES = Claim(
    "every_connection_has_edges",
    "edge_details",
    "Each scored connection has its raw rows in proxy_edge, in every hour, and no other connection has any",
    Gravity.ERROR,
)
NO_CONNECTION_HOUR_IS_BEYOND_THE_LIMIT = Claim(
    f"no_connection_hour_is_beyond_{ROWS_PER_CONNECTION_HOUR}",
    "edge_details",
    f"No connection has more than {ROWS_PER_CONNECTION_HOUR} rows of an hour in proxy_edge",
    Gravity.ERROR,
)
COLUMNS = columns_claim(PROXY_EDGE, "edge_details", Gravity.ERROR)
CLAIMS = (EVERY_CONNECTION_HAS_EDGES, NO_CONNECTION_HOUR_IS_BEYOND_THE_LIMIT, COLUMNS)


def try_edges(day: Day, deployment: Deployment) -> dict[Claim, Finding]:
    """Count scored connections, raw rows and edges per connection and hour, and compare."""
    (row,) = records(deployment.impala.query(edge_counts(day)))
    connections, bare, wrong_hours, unscored, capped, cut, beyond = (int(str(value or 0)) for value in row)
    return {
        EVERY_CONNECTION_HAS_EDGES: _covered(connections, bare, wrong_hours, unscored),
        NO_CONNECTION_HOUR_IS_BEYOND_THE_LIMIT: _within(capped, cut, beyond),
        COLUMNS: try_columns(COLUMNS, PROXY_EDGE, day, deployment.impala),
    }


def _covered(connections: int, bare: int, wrong_hours: int, unscored: int) -> Finding:
    figures = {
        "connections": connections,
        "connections_without_edges": bare,
        "incomplete_connection_hours": wrong_hours,
        "connections_not_scored": unscored,
    }
    if not bare and not wrong_hours and not unscored:
        return Finding(holds=True, why=f"all {connections} connections have their rows", figures=figures)
    found = []
    if bare:
        found.append(
            f"{bare} of {connections} connections have no raw row: the raw log of the day isn't complete, or "
            f"the ranking was made from another one"
        )
    if wrong_hours or unscored:
        found.append(
            f"{wrong_hours} connection-hours have other rows than the raw log now gives, and {unscored} "
            f"connections with rows aren't scored: materialize edge_details for the day again"
        )
    return Finding(holds=False, why="; ".join(found), figures=figures)


def _within(capped: int, cut: int, beyond: int) -> Finding:
    figures = {"capped_connection_hours": capped, "raw_rows_cut": cut, "connection_hours_beyond": beyond}
    if beyond:
        why = f"{beyond} connection-hours have more; materialize edge_details for the day again"
        return Finding(holds=False, why=why, figures=figures)
    why = f"{capped} connection-hours had more raw rows; {cut} rows of them were left out"
    return Finding(holds=True, why=why if capped else "no row had to be left out", figures=figures)
