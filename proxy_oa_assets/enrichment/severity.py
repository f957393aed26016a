"""The severity that analysts gave a URI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy_oa_assets.model.tsv import NULL

if TYPE_CHECKING:
    import pandas as pd

UNSCORED = 0


def severities(fulluri: pd.Series[str], scored: pd.DataFrame) -> pd.Series[int]:
    """Return each URI's severity: 1 high, 2 medium, 3 low, 0 not scored yet. A NULL URI is the word `null`.

    `scored` has the columns fulluri and uri_sev. Spot's own tables can hold a URI twice; the gravest counts.
    """
    given = scored.dropna(subset=["uri_sev"]).groupby("fulluri")["uri_sev"].min()
    return fulluri.fillna(NULL).map(given).fillna(UNSCORED).astype("int64")
