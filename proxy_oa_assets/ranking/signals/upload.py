"""The client sends much more than it receives."""

from proxy_oa_assets.ranking.signal import Signal

SIGNAL = Signal(
    name="upload",
    family="upload",
    words="it is sent much more than it answers",
    sql="""CASE WHEN sent > 20000 AND sent > 3 * greatest(received, 1)
        THEN 0.4 + ln(sent / 20000) / 4 END""",
    reads=("csbytes",),
)
