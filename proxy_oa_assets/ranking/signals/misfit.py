"""The name of such content says something else."""

from proxy_oa_assets.ranking.signal import Fact, Signal

SIGNAL = Signal(
    name="misfit",
    family="content",
    words="such content has a name that does not say so",
    sql="greatest(CASE WHEN misfits_strong > 0 THEN 1.0 END, CASE WHEN misfits_weak > 0 THEN 0.6 END)",
    reads=(
        "resconttype",
        "uripath",
    ),
    facts=(
        Fact(
            "misfits_strong",
            "CASE WHEN misfit AND kind IN ('executable', 'applet', 'silverlight', 'archive') THEN 1 ELSE 0 END",
            "sum",
        ),
        Fact("misfits_weak", "CASE WHEN misfit AND kind IN ('flash', 'document') THEN 1 ELSE 0 END", "sum"),
    ),
)
