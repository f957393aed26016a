"""Certificates are checked there: OCSP, or a list of revoked ones."""

from proxy_oa_assets.ranking.signal import Signal

SIGNAL = Signal(
    name="revocation",
    family="known",
    words="certificates are checked there",
    sql="CASE WHEN revocation THEN 1 END",
)
