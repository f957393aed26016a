"""Within minutes the client asks many hosts once or twice that few others ask: generated names, peers.

Such hosts are bare addresses, refuse, or are asked without coming from a page.
"""

from proxy_oa_assets.ranking.signal import Signal

_SECONDS = 180
_TABLE = f"""
SELECT clientip, host, count(*) OVER (
    PARTITION BY clientip ORDER BY first_second RANGE BETWEEN {_SECONDS} PRECEDING AND {_SECONDS} FOLLOWING
) AS hosts
FROM pair
WHERE NOT popular AND NOT internal AND requests <= 6 AND site_clients <= 1 + all_clients / 20
    AND (address OR 2 * refused >= requests) AND 2 * (cold + tunnels) >= requests
"""

SIGNAL = Signal(
    name="fan_out",
    family="fan_out",
    words="one of many failing or nameless hosts within minutes",
    sql="(fan_out.hosts - 4) / 10.0",
    table=_TABLE,
)
