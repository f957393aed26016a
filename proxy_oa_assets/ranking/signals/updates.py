"""Programs get their updates there."""

from proxy_oa_assets.ranking.signal import Signal

SIGNAL = Signal(
    name="updates",
    family="known",
    words="programs get their updates there",
    sql="CASE WHEN updates THEN 1 END",
)
