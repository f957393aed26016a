"""The top-level domain is unusual."""

from proxy_oa_assets.ranking.signal import Signal

SIGNAL = Signal(
    name="suffix",
    family="name",
    words="an unusual top-level domain",
    sql="CASE WHEN NOT address THEN (suffix_bits - 4.5) / 6 END",
)
