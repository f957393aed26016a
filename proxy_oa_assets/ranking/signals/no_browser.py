"""The user agent is none, or no browser's."""

from proxy_oa_assets.ranking.signal import Signal

SIGNAL = Signal(
    name="no_browser",
    family="agent",
    words="the user agent is none, or no browser's",
    sql="CASE WHEN agentless THEN 1.0 WHEN not_browser THEN 0.6 END",
    reads=("useragent",),
)
