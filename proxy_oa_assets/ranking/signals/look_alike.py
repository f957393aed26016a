"""The name imitates a popular site's, or one of the own domains."""

from proxy_oa_assets.ranking.signal import Signal

SIGNAL = Signal(
    name="look_alike",
    family="name",
    words="the name imitates a known site's",
    sql="CASE WHEN looks_like IS NOT NULL THEN 1 END",
)
