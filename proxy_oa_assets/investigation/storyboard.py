"""The story of a threat: an analyst's comment, when each client met it, and how it came about."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, TypedDict, cast

from proxy_oa_assets.enrichment.response_codes import response_code_name
from proxy_oa_assets.investigation.day_context import changing, investigated, replaced, uri_text
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import CommentChangedError, InvestigationError
from proxy_oa_assets.model.tables import PROXY_STORYBOARD, PROXY_TIMELINE, records
from proxy_oa_assets.model.text import printable
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.sql import analysts, raw_log

if TYPE_CHECKING:
    import pandas as pd

_SHOWN_WIDTH = 200


@dataclass(frozen=True)
class Comment:
    """What an analyst wrote about a threat; empty texts are none."""

    title: str = ""
    text: str = ""

    @classmethod
    def of(cls, title: object, text: object) -> Self:
        """Return a comment as it can be stored: NULL is empty, half of a surrogate pair U+FFFD."""
        return cls(_storable(title), _storable(text))


class ProgressionRequest(TypedDict):
    """A way in which clients came to a threat; a NULL is None."""

    clientip: str | None
    referer: str | None
    reqmethod: str | None
    resconttype: str | None


class IncidentProgression(TypedDict):
    """How an incident came about, as its file holds it.

    `requests` are the different requests to the threat, the earliest first. `referer_for` are the other URIs
    that it led to: requests name it as their referer.
    """

    fulluri: str
    requests: list[ProgressionRequest]
    referer_for: list[str | None]


def save_storyboard(
    day: Day | str,
    fulluri: str,
    title: str,
    text: str,
    top: int = 20,
    *,
    over: Comment | None = None,
    deployment: Deployment | None = None,
) -> None:
    """Record the story of a threat: its comment, its timeline, and its incident progression.

    What was recorded of it before is replaced; other threats' stories stay. The timeline is that of the `top`
    clients with the most requests to the URI. The comment is written last: where a write fails, it looks as
    if nothing had been saved, and saving again mends it. Raises InvestigationError, before anything is
    written, if the day's raw log doesn't have the URI, or `top` is below 1; CommentChangedError, if another
    comment is stored than `over`, where one is given.
    """
    if top < 1:
        raise InvestigationError(f"top is {top}; it is how many clients the timeline shows, at least 1")
    day, at = investigated(day, deployment)
    threat = uri_text(fulluri)
    times = _timeline_rows(at, day, threat, top)
    progression = _progression(at, day, threat)
    if not times and not progression["referer_for"]:
        raise InvestigationError(
            f"{printable(threat, _SHOWN_WIDTH)}: no request of {day} is to this URI or comes from it, so "
            f"there is no story to save. expanded_search() shows what the day has"
        )
    comment = Comment.of(title, text)
    with changing(day, at) as still_held:
        comments = at.impala.read_latest_day(PROXY_STORYBOARD, day)
        if over and over != comment_of(comments, threat):
            raise CommentChangedError(
                f"{printable(threat, _SHOWN_WIDTH)}: somebody else has saved a comment meanwhile, so nothing "
                f"was saved. storyboard() shows it"
            )
        still_held()
        at.hdfs.write(at.workspace.progression(day, threat), [json.dumps(progression).encode("utf-8")])
        still_held()
        timeline_now = replaced(
            PROXY_TIMELINE, at.impala.read_latest_day(PROXY_TIMELINE, day), [threat], times
        )
        at.impala.replace_day_with_frame(PROXY_TIMELINE, day, timeline_now)
        still_held()
        told = replaced(PROXY_STORYBOARD, comments, [threat], [(threat, comment.title, comment.text)])
        at.impala.replace_day_with_frame(PROXY_STORYBOARD, day, told)


def storyboard(day: Day | str, *, deployment: Deployment | None = None) -> pd.DataFrame:
    """Return the day's comments: p_threat, title, text; by threat."""
    day, at = investigated(day, deployment)
    return at.impala.read_day(PROXY_STORYBOARD, day).sort_values("p_threat", ignore_index=True)


def comment_of(comments: pd.DataFrame, threat: str) -> Comment:
    """Return a threat's comment, from the frame that `storyboard` returns."""
    for uri, title, text in records(comments[["p_threat", "title", "text"]]):
        if uri_text(uri) == threat:
            return Comment.of(title, text)
    return Comment()


def timeline(day: Day | str, fulluri: str, *, deployment: Deployment | None = None) -> pd.DataFrame:
    """Return a threat's timeline: p_threat, tstart, tend, duration, clientip, respcode, respcodename.

    One row per client, time and response code, in time order. `duration` is the sum, in milliseconds; NULL
    where the log has none.
    """
    day, at = investigated(day, deployment)
    return at.impala.query(analysts.timeline(day, uri_text(fulluri)))


def incident_progression(
    day: Day | str, fulluri: str, *, deployment: Deployment | None = None
) -> IncidentProgression | None:
    """Return how a threat's incident came about; None if no story of it was saved that day.

    Raises InvestigationError for a file that isn't JSON.
    """
    day, at = investigated(day, deployment)
    path = at.workspace.progression(day, uri_text(fulluri))
    if at.hdfs.status(path) is None:
        return None
    with at.hdfs.open(path) as file:
        try:
            return cast("IncidentProgression", json.load(file))
        except ValueError as error:
            raise InvestigationError(
                f"{at.hdfs.location(path)} isn't an incident progression ({error}); saving the story of "
                f"{printable(fulluri, _SHOWN_WIDTH)} again mends it"
            ) from error


def _storable(text: object) -> str:
    return ("" if text is None else str(text)).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _timeline_rows(at: Deployment, day: Day, threat: str, top: int) -> list[tuple[object, ...]]:
    found = at.impala.query(raw_log.client_timeline(day, threat, top))
    rows = list[tuple[object, ...]]()
    for clientip, time, respcode, duration in records(found):
        # The contract's rows, as Spot's, are of one client, time and code: such a row begins when it ends.
        moment = day.key if time is None else f"{day} {time}"
        code = None if respcode is None else str(respcode)
        rows.append((threat, moment, moment, duration, clientip, code, response_code_name(code)))
    return rows


def _progression(at: Deployment, day: Day, threat: str) -> IncidentProgression:
    requests = at.impala.query(raw_log.requests_to(day, threat))
    led_to = at.impala.query(raw_log.referer_for(day, threat))
    return {
        "fulluri": threat,
        "requests": [
            cast("ProgressionRequest", dict(zip(requests.columns, row, strict=True)))
            for row in records(requests)
        ],
        "referer_for": [None if uri is None else str(uri) for (uri,) in records(led_to)],
    }
