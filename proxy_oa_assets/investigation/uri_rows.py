"""Rows of the analysts' tables: those about some URIs are replaced, the others stay."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from proxy_oa_assets.days import Day
from proxy_oa_assets.frames import records
from proxy_oa_assets.investigation.investigated import uri_text
from proxy_oa_assets.resources.impala import ImpalaResource
from proxy_oa_assets.tables import Table


def replace_rows(
    impala: ImpalaResource,
    table: Table,
    day: Day,
    uris: Collection[str],
    rows: Sequence[tuple[object, ...]],
) -> None:
    """Replace a day's rows about some URIs by others, columns as the table's, wholly or not at all.

    The day must be locked.
    """
    # Where a story is told about a URI, Spot calls it a threat.
    column = "p_threat" if "p_threat" in table.column_names else "fulluri"
    before = impala.read_latest_day(table, day)
    others = before[~before[column].map(uri_text).isin(uris)]
    after = pd.DataFrame([*records(others), *rows], columns=list(table.column_names), dtype=object)
    impala.replace_day_with_frame(table, day, after)
