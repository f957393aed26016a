"""The client asks a service for its own address, and not by a browser's visit."""

from proxy_oa_assets.ranking.signal import Signal

SIGNAL = Signal(
    name="address_asked",
    family="place",
    words="a program asks for the client's own address",
    sql="""CASE WHEN ip_echo AND leads_to = 0
        THEN greatest(
            agent_rarity, CASE WHEN agentless OR not_browser THEN 1 END, 0.3 * cold / requests) END""",
)
