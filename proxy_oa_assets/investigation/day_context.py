"""What every function on a day's investigation needs: its day and deployment, its lock, its URIs' text."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import Table, records
from proxy_oa_assets.model.tsv import NULL
from proxy_oa_assets.resources.deployment import Deployment, configured_deployment
from proxy_oa_assets.resources.hdfs import StillHeld

if TYPE_CHECKING:
    import pandas as pd

# The most URIs in a statement, and their characters: each can be long.
_URIS_PER_STATEMENT, _CHARACTERS_PER_STATEMENT = 1_000, 100_000
_AFTER_HOST, _PORT = re.compile(r"[/?]"), re.compile(r":[0-9]*\Z")


def day_context(day: Day | str, deployment: Deployment | None) -> tuple[Day, Deployment]:
    """Return the day, parsed if it is a key, and the deployment, by default the configured one."""
    return day if isinstance(day, Day) else Day.parse(day), deployment or configured_deployment()


def analysts_lock(
    day: Day, deployment: Deployment, doing: str, patience: float | None = None
) -> AbstractContextManager[StillHeld]:
    """Return the lock on what analysts recorded of a day, for every machine of the deployment.

    `doing` tells others what for, such as `scoring`. It yields the check to call before each write, which
    raises LockLostError if the lock is lost.
    """
    lock = deployment.workspace.lock(day, "analysts")
    return deployment.hdfs.lock(lock, f"{doing} {day}", patience=patience)


def uri_text(fulluri: object) -> str:
    """Return a URI as it is matched: NULL, in a frame None or NaN, is the word `null`."""
    return fulluri if isinstance(fulluri, str) else NULL


def uri_host(fulluri: str) -> str:
    """Return the host of a URI as logs have it: what stands before port, path and query."""
    place = _AFTER_HOST.split(fulluri, maxsplit=1)[0]
    is_bare_ipv6 = place.count(":") > 1 and not place.startswith("[")
    return place if is_bare_ipv6 else _PORT.sub("", place)


def in_statements(uris: Iterable[str]) -> Iterator[list[str]]:
    """Yield the URIs in groups that a statement can name."""
    group, characters = list[str](), 0
    for uri in uris:
        characters += len(uri)
        if len(group) == _URIS_PER_STATEMENT or (group and characters > _CHARACTERS_PER_STATEMENT):
            yield group
            group, characters = [], len(uri)
        group.append(uri)
    if group:
        yield group


def replace_rows(
    deployment: Deployment,
    table: Table,
    day: Day,
    uris: Collection[str],
    rows: Sequence[tuple[object, ...]],
    *,
    before: pd.DataFrame,
) -> None:
    """Replace a day's rows about some URIs; `before` are all of its rows, read under the analysts' lock."""
    import pandas as pd

    # In the tables of a story, Spot calls the URI a threat.
    column = "p_threat" if "p_threat" in table.column_names else "fulluri"
    others = before[~before[column].map(uri_text).isin(uris)]
    after = pd.DataFrame([*records(others), *rows], columns=list(table.column_names), dtype=object)
    deployment.impala.replace_day_with_frame(table, day, after)
