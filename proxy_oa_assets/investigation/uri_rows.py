"""Rows of the analysts' tables: those about some URIs are replaced, the others stay."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from proxy_oa_assets.frames import records
from proxy_oa_assets.investigation.investigated import uri_text
from proxy_oa_assets.tables import Table


def replaced(
    table: Table, before: pd.DataFrame, uris: Collection[str], rows: Sequence[tuple[object, ...]]
) -> pd.DataFrame:
    """Return a day's rows with those about some URIs replaced by others, columns as the table's."""
    # Where a story is told about a URI, Spot calls it a threat.
    column = "p_threat" if "p_threat" in table.column_names else "fulluri"
    others = before[~before[column].map(uri_text).isin(uris)]
    return pd.DataFrame([*records(others), *rows], columns=list(table.column_names), dtype=object)
