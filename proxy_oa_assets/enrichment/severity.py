"""The severities that analysts give to URIs."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from proxy_oa_assets.model.tsv import NULL

if TYPE_CHECKING:
    import pandas as pd

UNSCORED = 0


class Severity(IntEnum):
    """An analyst's severity, lowest gravest; a reputation's `Risk` counts the other way."""

    HIGH = 1
    MEDIUM = 2
    LOW = 3


def gravest_severities(scored: pd.DataFrame) -> pd.DataFrame:
    """Return the row with the gravest severity of each URI, sorted by severity and URI.

    `scored` has the columns fulluri and uri_sev. Spot's own tables can hold a URI twice, and rows whose
    severity is 0, NULL or another number that isn't a `Severity`: these don't count.
    """
    given = scored[scored["uri_sev"].isin(list(Severity))].sort_values(["uri_sev", "fulluri"])
    return given.drop_duplicates("fulluri").reset_index(drop=True)


def severities(fulluri: pd.Series[str], scored: pd.DataFrame) -> pd.Series[int]:
    """Return each URI's severity, 0 where it has none. A NULL URI is the word `null`."""
    given = gravest_severities(scored).set_index("fulluri")["uri_sev"]
    return fulluri.fillna(NULL).map(given).fillna(UNSCORED).astype("int64")
