"""The host has characters that no host name has."""

from proxy_oa_assets.ranking.signal import Signal

SIGNAL = Signal(
    name="odd_name",
    family="name",
    words="characters that no host name has",
    # Letters beyond ASCII, which some logs have in place of their spelling in DNS, aren't odd.
    sql=r"""CASE WHEN regexp_matches(pair.host, '[\x00-\x20\x7f"\x27(){}<>|\\/@,;?&=#$!*`^~+]') THEN 1 END""",
)
