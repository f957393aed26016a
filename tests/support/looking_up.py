"""Values looked up with one service."""

from proxy_oa_assets.enrichment.reputation.client import ReputationClient
from proxy_oa_assets.enrichment.reputation.stats import LookupStats


def says(client: ReputationClient, *values: str) -> tuple[list[str], LookupStats]:
    """Return what `uri_rep` holds of each value, and how that came about."""
    found = client.look_up(values)
    (stats,) = found.stats.values()
    return [found.uri_rep[value] for value in values], stats
