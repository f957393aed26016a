"""The host is a bare address."""

from proxy_oa_assets.ranking.signal import Signal

SIGNAL = Signal(
    name="address",
    family="place",
    words="the host is a bare address",
    sql="CASE WHEN address THEN 1 END",
)
