"""No client has asked for the host in the days of the history."""

from proxy_oa_assets.ranking.signal import Signal

SIGNAL = Signal(
    name="new_host",
    family="rarity",
    words="no client asked for this host in the days before",
    sql="CASE WHEN client_past_days >= 2 AND host_past_days IS NULL THEN 1 END",
    history=2,
)
