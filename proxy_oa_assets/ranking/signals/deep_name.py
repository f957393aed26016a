"""The name has many labels, or a long one."""

from proxy_oa_assets.ranking.signal import Signal

SIGNAL = Signal(
    name="deep_name",
    family="name",
    words="a name of many or long labels",
    sql="CASE WHEN NOT address THEN within((labels - 4) / 4.0) * 0.6 + CASE WHEN longest_label > 24 THEN 0.4 ELSE 0 END END",
)
