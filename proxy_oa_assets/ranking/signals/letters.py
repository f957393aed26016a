"""The letters of the name are unlike those of known sites."""

from proxy_oa_assets.ranking.signal import Signal

SIGNAL = Signal(
    name="letters",
    family="name",
    words="the name's letters are unlike those of known sites",
    sql="CASE WHEN NOT address AND length(word) >= 5 THEN (letters - 4.2) / 2.0 END",
)
