"""The port is none of the usual ones."""

from proxy_oa_assets.ranking.signal import Fact, Signal, requests_with

SIGNAL = Signal(
    name="odd_port",
    family="place",
    words="an unusual port",
    sql="least(1, odd_ports)",
    reads=("uriport",),
    facts=(Fact("odd_ports", requests_with("uriport NOT IN ('80', '443', '8080', '8443')")),),
)
