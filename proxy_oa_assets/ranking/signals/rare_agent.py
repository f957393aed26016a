"""Few clients have the user agent."""

from proxy_oa_assets.ranking.signal import Signal

SIGNAL = Signal(
    name="rare_agent",
    family="agent",
    words="few clients have this user agent",
    sql="agent_rarity",
    reads=("useragent",),
)
