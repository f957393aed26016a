"""The response code is none that servers send."""

from proxy_oa_assets.ranking.signal import Fact, Signal

SIGNAL = Signal(
    name="odd_code",
    family="method",
    words="an unusual response code",
    sql="0.5 + 0.5 * odd_codes / requests - CASE WHEN odd_codes = 0 THEN 1 ELSE 0 END",
    reads=("respcode",),
    facts=(
        Fact(
            "odd_codes",
            "CASE WHEN respcode IN ('402', '405', '418', '501', '505') OR respcode >= '600' OR "
            "respcode LIKE '1__' AND respcode <> '101' AND respcode <> '100' THEN 1 ELSE 0 END",
            "sum",
        ),
    ),
)
