"""Only parts of the pages of other sites are fetched."""

from proxy_oa_assets.ranking.signal import Signal

SIGNAL = Signal(
    name="page_parts",
    family="known",
    words="only parts of other pages",
    sql="CASE WHEN parts = requests AND sent_by_others = requests THEN 1 END",
)
