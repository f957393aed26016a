"""What every function on a day's investigation needs: its day and deployment, its lock, its URIs' text."""

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


def day_context(day: Day | str, deployment: Deployment | None) -> tuple[Day, Deployment]:
    """Return the day, parsed if it is a key, and the deployment, by default the configured one."""
    return day if isinstance(day, Day) else Day.parse(day), deployment or configured_deployment()


@contextmanager
def analysts_lock(day: Day, deployment: Deployment) -> Iterator[StillHeld]:
    """Hold the lock on what analysts recorded of a day, on every machine of the deployment.

    Yields the check to call before each write, which raises LockLostError if the lock is lost.
    """
    with deployment.hdfs.lock(deployment.workspace.lock(day, "analysts")) as still_held:
        yield still_held


def uri_text(fulluri: object) -> str:
    """Return a URI as it is matched: NULL, in a frame None or NaN, is the word `null`."""
    return fulluri if isinstance(fulluri, str) else NULL


def replaced(
    table: Table, before: pd.DataFrame, uris: Collection[str], rows: Sequence[tuple[object, ...]]
) -> pd.DataFrame:
    """Return a day's rows of a table, those about some URIs replaced by others."""
    import pandas as pd

    # In the tables of a story, Spot calls the URI a threat.
    column = "p_threat" if "p_threat" in table.column_names else "fulluri"
    others = before[~before[column].map(uri_text).isin(uris)]
    return pd.DataFrame([*records(others), *rows], columns=list(table.column_names), dtype=object)
