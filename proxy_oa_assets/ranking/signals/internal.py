"""The host is a private address or an internal name."""

from proxy_oa_assets.ranking.signal import Signal

SIGNAL = Signal(
    name="internal",
    family="known",
    words="an internal host",
    sql="CASE WHEN internal THEN 1 END",
)
