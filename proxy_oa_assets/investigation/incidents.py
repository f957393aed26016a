"""Incidents: threats of several connections, such as the landing page, exploit and payload of a kit.

Every URI of an incident has its row in `proxy_storyboard`, its timeline and its incident progression, as a
story of that URI alone has: Spot and others read them as before. That row has one comment: a URI's own story
or, if it belongs to several incidents, their stories take each other's place, and the one that was saved last
is seen. None is lost: when an incident is deleted, or a URI leaves it, the one behind is seen again.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress

from proxy_oa_assets.investigation.day_context import (
    analysts_lock,
    day_context,
    replace_rows,
    uri_text,
)
from proxy_oa_assets.investigation.incident_file import (
    Incident,
    Stored,
    holders,
    read_incidents,
    time_after,
)
from proxy_oa_assets.investigation.listed import Connection, pairs_of
from proxy_oa_assets.investigation.progressions import (
    MOST_CLIENTS,
    Found,
    found_of,
    write_found,
)
from proxy_oa_assets.investigation.storyboard import Comment, check_length, check_top, comments_by_threat
from proxy_oa_assets.investigation.threat_times import times_of
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import CommentChangedError, InvestigationError, LockedError
from proxy_oa_assets.model.tables import PROXY_STORYBOARD
from proxy_oa_assets.model.text import counted, printable
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.resources.hdfs import StillHeld

_SHOWN, _SHOWN_WIDTH = 5, 200


def save_incident(
    day: Day | str,
    title: str,
    text: str,
    connections: Iterable[Connection],
    *,
    key: str | None = None,
    top: int = MOST_CLIENTS,
    over: Incident | None = None,
    deployment: Deployment | None = None,
) -> Incident:
    """Save an incident: a new one, or with `key` another version of that one.

    Each of its URIs gets the comment, its timeline of the `top` clients and its progression; a URI that left
    the incident gets the comment behind it again, or loses all three. Raises InvestigationError, before
    anything is written, for no title, a too long title or text, no connection, one that isn't a pair or that
    the day's raw log doesn't have, an unknown key or a `top` below 1, and CommentChangedError if `over`, the
    incident as it was read, is no longer stored.
    """
    check_top(top)
    day, deployment = day_context(day, deployment)
    comment = Comment.of(title, text)
    pairs = tuple(pairs_of(connections))
    check_length(comment)
    if not comment.title.strip():
        raise InvestigationError("an incident needs a title: write one. delete_incident() deletes one")
    if not pairs:
        raise InvestigationError("an incident needs a connection: add one")
    first_seen, last_seen = _seen(day, deployment, pairs)
    found = found_of(day, deployment, list(dict.fromkeys(uri for _, uri in pairs)), top)
    with analysts_lock(day, deployment, "saving an incident of") as still_held:
        stored = _finished(day, deployment, still_held)
        former = stored.get(key or "")
        if over and (former is None or former.incident != over):
            raise CommentChangedError(
                f"the incident {printable(over.title, _SHOWN_WIDTH)} was "
                f"{'deleted' if former is None else 'saved by another analyst'} since, so nothing was saved "
                f"now. incidents() shows what there is"
            )
        if key and not former:
            raise InvestigationError(f"{day} has no incident {printable(key, _SHOWN_WIDTH)}; save a new one")
        comments = comments_by_threat(deployment.impala.read_latest_day(PROXY_STORYBOARD, day))
        saved = Incident(
            key=key or uuid.uuid4().hex[:12],
            title=comment.title,
            text=comment.text,
            connections=pairs,
            first_seen=first_seen,
            last_seen=last_seen,
            by=deployment.workspace.analyst,
            at=time_after(each.incident.at for each in stored.values()),
        )
        left = [uri for uri in former.incident.uris if uri not in saved.uris] if former else []
        change = Stored(
            saved,
            _behind(saved, stored, comments),
            "saving",
            _instead(left, former, stored, comments) if former else {},
        )
        still_held()
        change.write(day, deployment)
        _follow(day, deployment, change, found, still_held)
    return saved


def incidents(day: Day | str, *, deployment: Deployment | None = None) -> list[Incident]:
    """Return the day's incidents, by the time of the earliest request."""
    day, deployment = day_context(day, deployment)
    stored = read_incidents(day, deployment)
    if any(each.state != "saved" for each in stored.values()):
        with suppress(LockedError):  # its holder is at work on them
            restore_incidents(day, deployment, patience=0)
            stored = read_incidents(day, deployment)
    found = [each.incident for each in stored.values() if each.state != "deleting"]
    return sorted(found, key=lambda each: (each.first_seen, each.title, each.at, each.key))


def delete_incident(day: Day | str, key: str, *, deployment: Deployment | None = None) -> list[str]:
    """Delete an incident; return its URIs that have no story any more, whose rows and files are removed.

    The others belong to another incident, or have a story of their own, which is seen again. Severities stay.
    Raises InvestigationError for an unknown key.
    """
    day, deployment = day_context(day, deployment)
    with analysts_lock(day, deployment, "deleting an incident of") as still_held:
        stored = _finished(day, deployment, still_held)
        former = _known(day, key, stored)
        comments = comments_by_threat(deployment.impala.read_latest_day(PROXY_STORYBOARD, day))
        left = _instead(former.incident.uris, former, stored, comments)
        change = Stored(former.incident, former.behind, "deleting", left)
        still_held()
        change.write(day, deployment)
        _follow(day, deployment, change, {}, still_held)
    return [uri for uri, comment in left.items() if comment is None]


def stories_without(
    day: Day | str, key: str, *, deployment: Deployment | None = None
) -> dict[str, Comment | None]:
    """Return the story that each URI of an incident has once that is deleted, None for none.

    Raises InvestigationError for an unknown key.
    """
    day, deployment = day_context(day, deployment)
    stored = read_incidents(day, deployment)
    former = _known(day, key, stored)
    comments = comments_by_threat(deployment.impala.read_day(PROXY_STORYBOARD, day))
    left = _instead(former.incident.uris, former, stored, comments)
    return {uri: left[uri] if uri in left else comments[uri] for uri in former.incident.uris}


def delete_story(day: Day | str, fulluri: str, *, deployment: Deployment | None = None) -> None:
    """Delete a URI's own story: its comment, its timeline and its incident progression.

    A URI that belongs to an incident has that one's comment then. The severity stays. Raises
    InvestigationError if there is no such story, or the comment is that of an incident.
    """
    day, deployment = day_context(day, deployment)
    uri = uri_text(fulluri)
    shown = printable(uri, _SHOWN_WIDTH)
    with analysts_lock(day, deployment, "deleting a story of") as still_held:
        stored = _finished(day, deployment, still_held)
        comments = deployment.impala.read_latest_day(PROXY_STORYBOARD, day)
        comment, holding = comments_by_threat(comments).get(uri), holders(stored, uri)
        if comment is None:
            raise InvestigationError(f"{shown}: {day} has no story of this URI; storyboard() lists them")
        if of := next((each for each in holding if each.incident.comment == comment), None):
            title = printable(of.incident.title, _SHOWN_WIDTH)
            raise InvestigationError(
                f"{shown}: its story is that of the incident {title}; delete that, or take the URI out of it"
            )
        for each in holding:
            if uri in each.behind:
                still_held()
                behind = {other: its for other, its in each.behind.items() if other != uri}
                Stored(each.incident, behind).write(day, deployment)
        if not holding:
            # The comment last: a comment without a progression is one whose save was killed.
            still_held()
            deployment.hdfs.delete(deployment.workspace.progression(day, uri))
            write_found(day, deployment, [], still_held, [uri])
        rows = [_row(uri, each.incident.comment) for each in holding[-1:]]
        still_held()
        replace_rows(deployment, PROXY_STORYBOARD, day, [uri], rows, before=comments)


def restore_incidents(day: Day, deployment: Deployment, *, patience: float | None = None) -> list[str]:
    """Finish what a killed change of an incident began; return the incidents' titles.

    The analysts' lock is taken, with `patience`, only if there is one.
    """
    unfinished = [
        each.incident.title for each in read_incidents(day, deployment).values() if each.state != "saved"
    ]
    if unfinished:
        with analysts_lock(day, deployment, "restoring an incident of", patience) as still_held:
            _finished(day, deployment, still_held)
    return unfinished


def _known(day: Day, key: str, stored: Mapping[str, Stored]) -> Stored:
    if key not in stored:
        raise InvestigationError(f"{day} has no incident {printable(key, _SHOWN_WIDTH)}: it was deleted")
    return stored[key]


def _finished(day: Day, deployment: Deployment, still_held: StillHeld) -> dict[str, Stored]:
    """Finish what killed changes began, and return the incidents. The analysts' lock must be held."""
    stored = read_incidents(day, deployment)
    unfinished = [each for each in stored.values() if each.state != "saved"]
    for each in unfinished:
        found = found_of(day, deployment, each.incident.uris) if each.state == "saving" else {}
        _follow(day, deployment, each, found, still_held)
    return read_incidents(day, deployment) if unfinished else stored


def _follow(
    day: Day, deployment: Deployment, change: Stored, found: Mapping[str, Found], still_held: StillHeld
) -> None:
    """Make tables and progressions follow an incident's file, then settle it; `found` is that of its URIs."""
    comments = deployment.impala.read_latest_day(PROXY_STORYBOARD, day)
    given = {**dict.fromkeys(found, change.incident.comment), **change.left}
    rows = [_row(uri, comment) for uri, comment in given.items() if comment]
    still_held()
    replace_rows(deployment, PROXY_STORYBOARD, day, given, rows, before=comments)
    removed = [uri for uri, comment in change.left.items() if comment is None]
    write_found(day, deployment, list(found.values()), still_held, removed)
    still_held()
    if change.state == "deleting":
        deployment.hdfs.delete(deployment.workspace.incident(day, change.incident.key))
    else:
        change.settled().write(day, deployment)


def _behind(
    saved: Incident, stored: Mapping[str, Stored], comments: Mapping[str, Comment]
) -> dict[str, Comment]:
    """Return the single URIs' own comments that an incident's takes the place of."""
    found = dict[str, Comment]()
    for uri in saved.uris:
        holding, comment = holders(stored, uri), comments.get(uri)
        if comment and comment not in [each.incident.comment for each in holding]:
            found[uri] = comment
        elif kept := [each.behind[uri] for each in holding if uri in each.behind]:
            found[uri] = kept[-1]
    return found


def _instead(
    left: Iterable[str], former: Stored, stored: Mapping[str, Stored], comments: Mapping[str, Comment]
) -> dict[str, Comment | None]:
    """Return the comments that URIs get when they leave an incident, None for none.

    URIs that have another comment by now keep it and aren't returned.
    """
    found = dict[str, Comment | None]()
    for uri in left:
        if comments.get(uri, former.incident.comment) == former.incident.comment:
            others = holders(stored, uri, [former.incident.key])
            found[uri] = others[-1].incident.comment if others else former.behind.get(uri)
    return found


def _row(uri: str, comment: Comment) -> tuple[str, str, str]:
    return uri, comment.title, comment.text


def _seen(day: Day, deployment: Deployment, pairs: tuple[Connection, ...]) -> tuple[str, str]:
    """Return when connections were first and last seen. Raises InvestigationError for unknown ones."""
    times = times_of(day, deployment, (uri for _, uri in pairs))
    missing = [pair for pair in pairs if pair not in times]
    if missing:
        named = [f"{printable(client)} to {printable(uri, _SHOWN_WIDTH)}" for client, uri in missing[:_SHOWN]]
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        raise InvestigationError(
            f"{', '.join(named)}{more}: not in the raw log of {day}, so nothing was saved of "
            f"{counted(len(pairs), 'connection')}"
        )
    known = sorted(f"{day} {time}" for pair in pairs for time in times[pair] if time is not None)
    return (known[0], known[-1]) if known else (day.key, day.key)
