"""The name looks machine-made."""

from proxy_oa_assets.ranking.signal import Signal

SIGNAL = Signal(name="generated", family="name", words="the name looks machine-made", sql="generated")
