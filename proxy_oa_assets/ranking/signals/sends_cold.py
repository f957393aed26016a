"""Requests that send data come from no page."""

from proxy_oa_assets.ranking.signal import Signal

SIGNAL = Signal(
    name="sends_cold",
    family="unprompted",
    words="it is sent data without a page that asks for it",
    sql="""CASE WHEN sends_cold > 0 THEN (0.4 + 0.6 * sends_cold / requests)
        * CASE WHEN received > 20000 * sends THEN 0.5 ELSE 1 END END""",
    reads=(
        "referer",
        "reqmethod",
    ),
)
