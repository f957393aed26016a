"""The story of a threat: an analyst's comment, when each client met it, and how it came about."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, TypedDict, cast

from proxy_oa_assets.enrichment.score_columns import response_code_name
from proxy_oa_assets.investigation.day_context import analysts_lock, day_context, replace_rows, uri_text
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import CommentChangedError, InvestigationError
from proxy_oa_assets.model.tables import PROXY_STORYBOARD, PROXY_TIMELINE, records
from proxy_oa_assets.model.text import printable
from proxy_oa_assets.model.text_file import parse_nested
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.resources.hdfs import StillHeld
from proxy_oa_assets.sql import analysts, raw_log

if TYPE_CHECKING:
    import pandas as pd

_SHOWN_WIDTH = 200
_MOST_CLIENTS = 20


@dataclass(frozen=True)
class Comment:
    """What an analyst wrote about a threat."""

    title: str = ""
    text: str = ""

    @classmethod
    def of(cls, title: object, text: object) -> Self:
        """Return a comment that can be stored: NULL is empty, half of a surrogate pair is U+FFFD."""
        texts = ("" if value is None else str(value) for value in (title, text))
        return cls(*(each.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for each in texts))


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


def save_storyboard(
    day: Day | str,
    fulluri: str,
    title: str,
    text: str,
    top: int = _MOST_CLIENTS,
    *,
    over: Comment | None = None,
    deployment: Deployment | None = None,
) -> None:
    """Replace the story of a threat: its comment, its timeline, and its incident progression.

    The timeline has the `top` clients with the most requests to the URI. The comment is the record and comes
    first, the progression last: `restore_stories` knows by it what a killed save left out. Raises
    InvestigationError, before anything is written, if the day's raw log doesn't have the URI or `top` is
    below 1, and CommentChangedError if `over` is given and another comment is stored.
    """
    if top < 1:
        raise InvestigationError(f"top is {top}; it is the number of clients in the timeline, at least 1")
    day, deployment = day_context(day, deployment)
    threat = uri_text(fulluri)
    times = _timeline_rows(day, deployment, threat, top)
    progression = _progression(day, deployment, threat)
    if not times and not progression["referer_for"]:
        raise InvestigationError(
            f"{printable(threat, _SHOWN_WIDTH)}: no request of {day} is to this URI or names it as its "
            f"referer, so no story was saved. expanded_search() shows what the day has"
        )
    comment = Comment.of(title, text)
    with analysts_lock(day, deployment, "saving a story of") as still_held:
        comments = deployment.impala.read_latest_day(PROXY_STORYBOARD, day)
        if over and over != comment_of(comments, threat):
            raise CommentChangedError(
                f"{printable(threat, _SHOWN_WIDTH)}: another comment was saved since, so nothing was saved "
                f"now. storyboard() shows it"
            )
        still_held()
        row = (threat, comment.title, comment.text)
        replace_rows(deployment, PROXY_STORYBOARD, day, [threat], [row], before=comments)
        _write_derived(day, deployment, times, progression, still_held)


def restore_stories(day: Day, deployment: Deployment, *, patience: float | None = None) -> list[str]:
    """Write timeline and progression of each comment without a progression; return the threats.

    A killed save leaves such a comment. One whose requests the raw log no longer has stays as it is. The
    analysts' lock is taken, with `patience`, only if there is one.
    """
    restored = []
    for threat in _incomplete(deployment.impala.read_day(PROXY_STORYBOARD, day), day, deployment):
        times = _timeline_rows(day, deployment, threat, _MOST_CLIENTS)
        progression = _progression(day, deployment, threat)
        if not times and not progression["referer_for"]:
            continue
        with analysts_lock(day, deployment, "restoring a story of", patience) as still_held:
            # A colleague may just have saved or reset it.
            latest = deployment.impala.read_latest_day(PROXY_STORYBOARD, day)
            if threat in _incomplete(latest, day, deployment):
                _write_derived(day, deployment, times, progression, still_held)
                restored.append(threat)
    return restored


def storyboard(day: Day | str, *, deployment: Deployment | None = None) -> pd.DataFrame:
    """Return the day's comments: p_threat, title, text; by threat."""
    day, deployment = day_context(day, deployment)
    return deployment.impala.read_day(PROXY_STORYBOARD, day).sort_values("p_threat", ignore_index=True)


def comment_of(comments: pd.DataFrame, threat: str) -> Comment:
    """Return a threat's comment in the frame that `storyboard` returns, or an empty one."""
    for uri, title, text in records(comments[["p_threat", "title", "text"]]):
        if uri_text(uri) == threat:
            return Comment.of(title, text)
    return Comment()


def timeline(day: Day | str, fulluri: str, *, deployment: Deployment | None = None) -> pd.DataFrame:
    """Return a threat's timeline: p_threat, tstart, tend, duration, clientip, respcode, respcodename.

    One row per client, time and response code, in time order. `duration` is the sum, in milliseconds; NULL
    where the log has none.
    """
    day, deployment = day_context(day, deployment)
    return deployment.impala.query(analysts.timeline(day, uri_text(fulluri)))


def incident_progression(
    day: Day | str, fulluri: str, *, deployment: Deployment | None = None
) -> IncidentProgression | None:
    """Return how a threat's incident came about; None if no story of it is saved.

    Raises InvestigationError for a file that isn't JSON.
    """
    day, deployment = day_context(day, deployment)
    path = deployment.workspace.progression(day, uri_text(fulluri))
    if deployment.hdfs.status(path) is None:
        return None
    with deployment.hdfs.open(path) as file:
        try:
            return cast("IncidentProgression", parse_nested(json.loads, file.read()))
        except ValueError as error:
            raise InvestigationError(
                f"{deployment.hdfs.location(path)} isn't an incident progression ({error}); save the story "
                f"of {printable(fulluri, _SHOWN_WIDTH)} again"
            ) from error


def _incomplete(comments: pd.DataFrame, day: Day, deployment: Deployment) -> list[str]:
    """Return the threats with a comment and without a progression."""
    if comments.empty:
        return []
    files = {entry.path for entry in deployment.hdfs.list_folder(deployment.workspace.progressions(day))}
    threats = dict.fromkeys(uri_text(threat) for (threat,) in records(comments[["p_threat"]]))
    return [threat for threat in threats if deployment.workspace.progression(day, threat) not in files]


def _write_derived(
    day: Day,
    deployment: Deployment,
    times: list[tuple[object, ...]],
    progression: IncidentProgression,
    still_held: StillHeld,
) -> None:
    """Replace a threat's timeline, then its progression. The analysts' lock must be held."""
    threat = progression["fulluri"]
    former = deployment.impala.read_latest_day(PROXY_TIMELINE, day)
    still_held()
    replace_rows(deployment, PROXY_TIMELINE, day, [threat], times, before=former)
    still_held()
    path = deployment.workspace.progression(day, threat)
    deployment.hdfs.write(path, [json.dumps(progression).encode("utf-8")])


def _timeline_rows(day: Day, deployment: Deployment, threat: str, top: int) -> list[tuple[object, ...]]:
    found = deployment.impala.query(raw_log.client_timeline(day, threat, top))
    rows = list[tuple[object, ...]]()
    for clientip, time, respcode, duration in records(found):
        # As in Spot, a row has one client, time and code: it starts and ends at that time.
        moment = day.key if time is None else f"{day} {time}"
        code = None if respcode is None else str(respcode)
        rows.append((threat, moment, moment, duration, clientip, code, response_code_name(code)))
    return rows


def _progression(day: Day, deployment: Deployment, threat: str) -> IncidentProgression:
    requests = deployment.impala.query(raw_log.requests_to(day, threat))
    led_to = deployment.impala.query(raw_log.referer_for(day, threat))
    return {
        "fulluri": threat,
        "requests": [
            cast("ProgressionRequest", dict(zip(requests.columns, row, strict=True)))
            for row in records(requests)
        ],
        "referer_for": [None if uri is None else str(uri) for (uri,) in records(led_to)],
    }
