"""The story of a threat: an analyst's comment, when each client met it, and how it came about."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, cast

from proxy_oa_assets.investigation.day_context import analysts_lock, day_context, replace_rows, uri_text
from proxy_oa_assets.investigation.progressions import (
    MOST_CLIENTS,
    IncidentProgression,
    found_of,
    write_found,
)
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import CommentChangedError, InvestigationError
from proxy_oa_assets.model.tables import PROXY_STORYBOARD, records
from proxy_oa_assets.model.text import printable
from proxy_oa_assets.model.text_file import parse_nested
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.sql import analysts

if TYPE_CHECKING:
    import pandas as pd

# A title is a line of a list. A text is read on a page; what is longer was pasted by mistake.
LONGEST_TITLE, LONGEST_TEXT = 200, 20_000
_SHOWN_WIDTH = 200


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

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing to read: a threat with such a comment counts as one without a story."""
        return not (self.title.strip() or self.text.strip())


def save_storyboard(
    day: Day | str,
    fulluri: str,
    title: str,
    text: str,
    top: int = MOST_CLIENTS,
    *,
    over: Comment | None = None,
    deployment: Deployment | None = None,
) -> None:
    """Replace the story of a threat: its comment, its timeline, and its incident progression.

    The timeline has the `top` clients with the most requests to the URI. The comment is the record and comes
    first, the progression last: `restore_stories` knows by it what a killed save left out. Raises
    InvestigationError, before anything is written, for a comment without words or a too long one, if the
    day's raw log doesn't have the URI or `top` is below 1, and CommentChangedError if `over` is given and
    another comment is stored.
    """
    check_top(top)
    day, deployment = day_context(day, deployment)
    threat, comment = uri_text(fulluri), Comment.of(title, text)
    check_length(comment)
    if comment.is_blank:
        raise InvestigationError(
            f"{printable(threat, _SHOWN_WIDTH)}: a story needs a title or a text, so none was saved. "
            f"delete_story() deletes one"
        )
    found = found_of(day, deployment, [threat], top)[threat]
    if not found:
        raise InvestigationError(
            f"{printable(threat, _SHOWN_WIDTH)}: no request of {day} is to this URI or names it as its "
            f"referer, so no story was saved. expanded_search() shows what the day has"
        )
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
        write_found(day, deployment, [found], still_held)


def restore_stories(day: Day, deployment: Deployment, *, patience: float | None = None) -> list[str]:
    """Write timeline and progression of each comment without a progression; return the threats.

    A killed save leaves such a comment. One whose requests the raw log no longer has stays as it is. The
    analysts' lock is taken, with `patience`, only if there is one.
    """
    incomplete = _incomplete(deployment.impala.read_day(PROXY_STORYBOARD, day), day, deployment)
    found = {uri: each for uri, each in found_of(day, deployment, incomplete).items() if each}
    if not found:
        return []
    with analysts_lock(day, deployment, "restoring a story of", patience) as still_held:
        # A colleague may just have saved or reset it.
        latest = deployment.impala.read_latest_day(PROXY_STORYBOARD, day)
        restored = [uri for uri in _incomplete(latest, day, deployment) if uri in found]
        if restored:
            write_found(day, deployment, [found[uri] for uri in restored], still_held)
    return restored


def storyboard(day: Day | str, *, deployment: Deployment | None = None) -> pd.DataFrame:
    """Return the day's comments: p_threat, title, text; by threat."""
    day, deployment = day_context(day, deployment)
    return deployment.impala.read_day(PROXY_STORYBOARD, day).sort_values("p_threat", ignore_index=True)


def check_top(top: int) -> None:
    """Raise InvestigationError for a number of clients that no timeline has."""
    if top < 1:
        raise InvestigationError(f"top is {top}; it is the number of clients in the timeline, at least 1")


def check_length(comment: Comment) -> None:
    """Raise InvestigationError for a title or a text that is too long."""
    for name, text, most in (("title", comment.title, LONGEST_TITLE), ("text", comment.text, LONGEST_TEXT)):
        if len(text) > most:
            raise InvestigationError(
                f"the {name} has {len(text):,} characters, so nothing was saved; it can have {most:,}: "
                f"shorten it"
            )


def comments_by_threat(comments: pd.DataFrame) -> dict[str, Comment]:
    """Return the comment of each threat in the frame that `storyboard` returns."""
    found = records(comments[["p_threat", "title", "text"]])
    return {uri_text(uri): Comment.of(title, text) for uri, title, text in found}


def comment_of(comments: pd.DataFrame, threat: str) -> Comment:
    """Return a threat's comment in the frame that `storyboard` returns, or an empty one."""
    return comments_by_threat(comments).get(threat, Comment())


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
