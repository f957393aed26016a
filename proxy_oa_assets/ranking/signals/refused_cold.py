"""Requests that come from no page are refused."""

from proxy_oa_assets.ranking.signal import Signal

SIGNAL = Signal(
    name="refused_cold",
    family="unprompted",
    words="requests that come from no page are refused",
    sql="CASE WHEN cold_refused > 0 THEN cold_refused / requests END",
    reads=(
        "referer",
        "respcode",
    ),
)
