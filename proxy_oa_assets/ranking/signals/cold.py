"""Deep links are requested without coming from a page."""

from proxy_oa_assets.ranking.signal import Signal

SIGNAL = Signal(
    name="cold",
    family="unprompted",
    words="deep links are requested without coming from a page",
    sql="cold_deep / requests",
    reads=(
        "referer",
        "uripath",
    ),
)
