"""No client had the user agent in the days of the history."""

from proxy_oa_assets.ranking.signal import Signal

SIGNAL = Signal(
    name="new_agent",
    family="agent",
    words="no client had this user agent in the days before",
    sql="CASE WHEN client_past_days >= 2 AND agent_is_new THEN 1 END",
    reads=("useragent",),
    history=2,
)
