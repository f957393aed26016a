"""The name is one of a dynamic DNS service."""

from proxy_oa_assets.ranking.signal import Signal

SIGNAL = Signal(
    name="dynamic_dns",
    family="name",
    words="a name at a dynamic DNS service",
    sql="CASE WHEN dynamic_dns AND NOT ip_echo THEN 1 END",
)
