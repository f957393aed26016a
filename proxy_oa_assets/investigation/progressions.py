"""What the raw log says of threats: the timeline of each, and how its incident came about.

Made for many threats at once: the raw log is read a few times for all of them, and a table is written once.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict, TypeVar, cast

from proxy_oa_assets.enrichment.score_columns import response_code_name
from proxy_oa_assets.investigation.day_context import in_statements, replace_rows, uri_text
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY_TIMELINE, records
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.resources.hdfs import StillHeld
from proxy_oa_assets.sql import threats
from proxy_oa_assets.sql.query import Query
from proxy_oa_assets.sql.raw_log import referers

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")

MOST_CLIENTS = 20
# A file costs WebHDFS some requests, each a few hundred milliseconds on a busy cluster.
_WRITERS = 8


class ProgressionRequest(TypedDict):
    """A client's way to a threat; NULL is None."""

    clientip: str | None
    referer: str | None
    reqmethod: str | None
    resconttype: str | None


class IncidentProgression(TypedDict):
    """How an incident came about: the content of its file.

    `requests` are the distinct requests to the threat, the earliest first. `referer_for` are the other URIs
    whose requests name the threat as their referer.
    """

    fulluri: str
    requests: list[ProgressionRequest]
    referer_for: list[str | None]


@dataclass(frozen=True)
class Found:
    """What the raw log has about a threat: its rows of `proxy_timeline`, and its progression."""

    times: Sequence[tuple[object, ...]]
    progression: IncidentProgression

    def __bool__(self) -> bool:
        """Return whether any request is to the threat or names it as its referer."""
        return bool(self.times or self.progression["referer_for"])


def found_of(
    day: Day, deployment: Deployment, uris: Sequence[str], top: int = MOST_CLIENTS
) -> dict[str, Found]:
    """Read what the raw log has about threats; the timelines of the `top` clients with the most requests."""
    times, requests = defaultdict[str, list[tuple[object, ...]]](list), defaultdict[str, list[object]](list)
    led_to = defaultdict[str, list[str | None]](list)
    for group in in_statements(uris):
        for uri, *row in _rows(deployment, threats.client_timeline(day, group, top)):
            times[str(uri)].append(_time_row(day, str(uri), row))
        found = deployment.impala.query(threats.requests_to(day, group))
        for uri, *values in records(found):
            requests[str(uri)].append(dict(zip(found.columns[1:], values, strict=True)))
        named = defaultdict[str, list[str]](list)
        for threat in group:
            for name in referers(threat):
                named[name].append(threat)
        for referer, uri in _rows(deployment, threats.referer_for(day, group)):
            for threat in named[str(referer)]:
                if uri_text(uri) != threat:
                    led_to[threat].append(None if uri is None else str(uri))
    return {
        threat: Found(
            times[threat],
            {
                "fulluri": threat,
                "requests": cast("list[ProgressionRequest]", requests[threat]),
                "referer_for": list(dict.fromkeys(led_to[threat])),
            },
        )
        for threat in uris
    }


def write_found(
    day: Day,
    deployment: Deployment,
    found: Collection[Found],
    still_held: StillHeld,
    removed: Collection[str] = (),
) -> None:
    """Replace the timelines of threats, then their progressions; remove those of `removed`.

    The analysts' lock must be held.
    """
    former: pd.DataFrame = deployment.impala.read_latest_day(PROXY_TIMELINE, day)
    threats_of = {each.progression["fulluri"]: each for each in found}
    rows = [row for each in found for row in each.times]
    still_held()
    replace_rows(deployment, PROXY_TIMELINE, day, {*threats_of, *removed}, rows, before=former)

    def write(uri: str) -> None:
        path = deployment.workspace.progression(day, uri)
        if uri in threats_of:
            deployment.hdfs.write(path, [json.dumps(threats_of[uri].progression).encode("utf-8")])
        else:
            deployment.hdfs.delete(path)

    concurrently(write, dict.fromkeys((*threats_of, *removed)), still_held)


def concurrently(change: Callable[[str], T], of: Iterable[str], still_held: StillHeld) -> list[T]:
    """Return what changes of several files return, in order; after an error, no further one is begun.

    The analysts' lock must be held.
    """

    def confirmed(each: str) -> T:
        still_held()
        return change(each)

    with ThreadPoolExecutor(_WRITERS) as pool:
        return list(pool.map(confirmed, of))


def _rows(deployment: Deployment, query: Query) -> Iterator[tuple[object, ...]]:
    return records(deployment.impala.query(query))


def _time_row(day: Day, threat: str, row: Sequence[object]) -> tuple[object, ...]:
    clientip, time, respcode, duration = row
    # As in Spot, a row has one client, time and code: it starts and ends at that time.
    moment = day.key if time is None else f"{day} {time}"
    code = None if respcode is None else str(respcode)
    return (threat, moment, moment, duration, clientip, code, response_code_name(code))
