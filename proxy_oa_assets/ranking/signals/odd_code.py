"""The response code is none that servers send."""

from proxy_oa_assets.ranking.signal import Fact, Signal, requests_with

SIGNAL = Signal(
    name="odd_code",
    family="method",
    words="an unusual response code",
    sql="CASE WHEN odd_codes > 0 THEN 0.5 + 0.5 * odd_codes / requests END",
    reads=("respcode",),
    facts=(
        Fact(
            "odd_codes",
            requests_with(
                "respcode IN ('402', '405', '418', '501', '505') OR respcode >= '600' "
                "OR respcode LIKE '1__' AND respcode NOT IN ('100', '101')"
            ),
        ),
    ),
)
