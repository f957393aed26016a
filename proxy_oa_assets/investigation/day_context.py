"""The day that is investigated, and where; the URIs of its rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import Table, records
from proxy_oa_assets.model.tsv import NULL
from proxy_oa_assets.resources.deployment import Deployment, configured_deployment
from proxy_oa_assets.resources.hdfs import StillHeld

if TYPE_CHECKING:
    import pandas as pd


def investigated(day: Day | str, deployment: Deployment | None) -> tuple[Day, Deployment]:
    """Return the day, which may be given by its key, and the deployment; none given: the configured one."""
    return day if isinstance(day, Day) else Day.parse(day), deployment or configured_deployment()


@contextmanager
def changing(day: Day, at: Deployment) -> Iterator[StillHeld]:
    """Keep everybody else from changing what analysts recorded of a day, on every machine of the deployment.

    Gives what to call before each write: it raises LockLostError where the lock was lost meanwhile.
    """
    with at.hdfs.lock(at.workspace.lock(day, "analysts")) as still_held:
        yield still_held


def uri_text(fulluri: object) -> str:
    """Return a URI as it is matched: NULL, which a frame holds as None or NaN, is the word `null`."""
    return fulluri if isinstance(fulluri, str) else NULL


def replaced(
    table: Table, before: pd.DataFrame, uris: Collection[str], rows: Sequence[tuple[object, ...]]
) -> pd.DataFrame:
    """Return a day's rows with those about some URIs replaced by others, columns as the table's."""
    import pandas as pd

    # Where a story is told about a URI, Spot calls it a threat.
    column = "p_threat" if "p_threat" in table.column_names else "fulluri"
    others = before[~before[column].map(uri_text).isin(uris)]
    return pd.DataFrame([*records(others), *rows], columns=list(table.column_names), dtype=object)
