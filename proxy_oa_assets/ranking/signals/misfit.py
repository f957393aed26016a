"""The name of such content says something else."""

from proxy_oa_assets.ranking.signal import Fact, Signal, requests_with

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
            requests_with("misfit AND kind IN ('program', 'applet', 'silverlight', 'archive')"),
        ),
        Fact("misfits_weak", requests_with("misfit AND kind IN ('flash', 'document')")),
    ),
)
