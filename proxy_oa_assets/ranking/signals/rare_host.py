"""Few of the clients ask for the site. In a small network, that says less."""

from proxy_oa_assets.ranking.signal import Signal

SIGNAL = Signal(
    name="rare_host",
    family="rarity",
    words="few clients visit this site",
    sql="rarity(site_clients, all_clients) * least(1, ln(1 + all_clients) / ln(5))",
)
