"""Values looked up with one service."""

from proxy_oa_assets.reputation.panel import Panel
from proxy_oa_assets.reputation.tally import Tally


def says(panel: Panel, *values: str) -> tuple[list[str], Tally]:
    """Return what `uri_rep` holds of each value, and how that came about."""
    found = panel.look_up(values)
    (tally,) = found.tallies.values()
    return [found.uri_rep[value] for value in values], tally
