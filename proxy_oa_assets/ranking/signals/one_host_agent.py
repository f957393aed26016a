"""The client uses this agent for this host alone."""

from proxy_oa_assets.ranking.signal import Signal

SIGNAL = Signal(
    name="one_host_agent",
    family="agent",
    words="the client has this user agent for this host alone",
    sql="CASE WHEN least_agent_hosts = 1 AND client_agents > 1 AND client_hosts > 3 THEN agent_rarity END",
    reads=("useragent",),
)
