"""The name has many labels, or a long one."""

from proxy_oa_assets.ranking.signal import Signal

SIGNAL = Signal(
    name="deep_name",
    family="name",
    words="a name of many or long labels",
    # Beyond the public suffix, which has five labels at some content networks.
    sql="""CASE WHEN NOT address THEN 0.6 * within((labels - len(string_split(suffix, '.')) - 3) / 4.0)
        + CASE WHEN longest_label > 24 THEN 0.4 ELSE 0 END END""",
)
