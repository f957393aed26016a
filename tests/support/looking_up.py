"""Lookups with one service."""

from proxy_oa_assets.enrichment.reputation.client import ReputationClient
from proxy_oa_assets.enrichment.reputation.verdict import LookupStats


def says(client: ReputationClient, *values: str) -> tuple[list[str], LookupStats]:
    """Return each value's `uri_rep`, and the stats."""
    found = client.look_up(values)
    (stats,) = found.stats.values()
    return [found.uri_rep[value] for value in values], stats
