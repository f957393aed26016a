"""The method is none that browsers use."""

from proxy_oa_assets.ranking.signal import Fact, Signal, requests_with

SIGNAL = Signal(
    name="odd_method",
    family="method",
    words="an unusual method",
    sql="least(1, odd_methods)",
    reads=("reqmethod",),
    facts=(
        Fact(
            "odd_methods",
            requests_with("reqmethod NOT IN ('GET', 'POST', 'HEAD', 'CONNECT', 'OPTIONS', 'PUT')"),
        ),
    ),
)
