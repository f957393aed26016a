"""The site is one of the popular ones."""

from proxy_oa_assets.ranking.signal import Signal

SIGNAL = Signal(
    name="popular",
    family="known",
    words="a popular site",
    sql="CASE WHEN popular THEN 1 END",
)
