"""The client asks again and again without coming from a page."""

from proxy_oa_assets.ranking.signal import Signal

SIGNAL = Signal(
    name="persistent",
    family="unprompted",
    words="it is asked again and again without coming from a page",
    sql="CASE WHEN NOT popular AND cold_deep >= 3 THEN ln(cold_deep) / ln(60) END",
    reads=(
        "referer",
        "uripath",
    ),
)
