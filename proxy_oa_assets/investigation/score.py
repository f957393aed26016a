"""Severities that analysts give: 1 high, 2 medium, 3 low.

A severity stands in the feedback file and in `proxy_threat_investigation`, and is written in this order:
where the second write fails, the URI looks as if nothing had been done, and doing it again mends it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from proxy_oa_assets.investigation import feedback
from proxy_oa_assets.investigation.day_context import changing, investigated, replaced, uri_text
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.model.tables import PROXY_SCORES, PROXY_THREAT_INVESTIGATION, records
from proxy_oa_assets.model.text import printable
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.sql import analysts

if TYPE_CHECKING:
    import pandas as pd

SEVERITIES = {1: "high", 2: "medium", 3: "low"}

Row = tuple[object, ...]

_FULLURI = PROXY_SCORES.column_names.index("fulluri")
# How many URIs a statement names; each can be long.
_URIS_AT_A_TIME = 200
_SHOWN_URIS, _SHOWN_WIDTH = 5, 200


def score(
    day: Day | str, severity: int, fulluri: str | Iterable[str], *, deployment: Deployment | None = None
) -> int:
    """Record a severity (1 high, 2 medium, 3 low) for every connection of a URI, or of several at once.

    Returns how many rows of `proxy_scores` have it now. Scoring again replaces the earlier severity. Several
    URIs are recorded together or not at all; a NULL URI is the word `null`. Raises InvestigationError, before
    anything is written, for another severity and for a URI that isn't among the day's scored connections.
    """
    day, at = investigated(day, deployment)
    wanted = dict.fromkeys(_distinct(fulluri), _number(severity))
    _, connections = _changed(day, at, wanted)
    return len(connections)


def undo_score(day: Day | str, fulluri: str | Iterable[str], *, deployment: Deployment | None = None) -> None:
    """Take back the severity of a URI, or of several at once; one that has none stays so.

    It works for a URI that is no longer among the day's scored connections, too.
    """
    day, at = investigated(day, deployment)
    change_severities(day, dict.fromkeys(_distinct(fulluri)), deployment=at)


def change_severities(
    day: Day | str,
    severities: Mapping[str, int | None],
    *,
    since: Mapping[str, int | None] | None = None,
    deployment: Deployment | None = None,
) -> dict[str, int | None]:
    """Give each URI its severity, or with None take it away, all at once; return what they had before.

    With `since`, those are left alone, and not returned, that no longer have the severity which it names:
    somebody else has scored them. Raises InvestigationError as `score` does.
    """
    day, at = investigated(day, deployment)
    wanted = {uri: None if severity is None else _number(severity) for uri, severity in severities.items()}
    before, _ = _changed(day, at, wanted, since)
    return before


def threats(day: Day | str, *, deployment: Deployment | None = None) -> pd.DataFrame:
    """Return the URIs that have a severity that day: tdate, fulluri, uri_sev; high-risk ones first.

    Each URI once. Spot's own tables can hold it twice; the gravest severity counts.
    """
    day, at = investigated(day, deployment)
    return _given(at.impala.read_day(PROXY_THREAT_INVESTIGATION, day))


def severities_by_uri(threats: pd.DataFrame) -> dict[str, int]:
    """Return the severity of each URI, from the frame that `threats` returns, in its order."""
    found = records(threats[["fulluri", "uri_sev"]])
    return {uri_text(uri): int(str(severity)) for uri, severity in found}


def _given(rows: pd.DataFrame) -> pd.DataFrame:
    given = rows[rows["uri_sev"].isin(list(SEVERITIES))].sort_values(["uri_sev", "fulluri"])
    return given.drop_duplicates("fulluri").reset_index(drop=True)


def _number(severity: int) -> int:
    """Return a severity as the ranking job reads it: the 3.0 of a frame's column is 3."""
    if isinstance(severity, bool) or severity not in list(SEVERITIES):
        known = ", ".join(f"{number} ({name})" for number, name in SEVERITIES.items())
        raise InvestigationError(f"severity is {severity!r}; it is {known}")
    return int(severity)


def _changed(
    day: Day,
    at: Deployment,
    wanted: Mapping[str, int | None],
    since: Mapping[str, int | None] | None = None,
) -> tuple[dict[str, int | None], list[Row]]:
    """Change severities; return what the changed URIs had before, and their rows of `proxy_scores`."""
    if not wanted:
        return {}, []
    with changing(day, at) as still_held:
        given = at.impala.read_latest_day(PROXY_THREAT_INVESTIGATION, day)
        now = severities_by_uri(_given(given))
        changes = {
            uri: severity for uri, severity in wanted.items() if since is None or now.get(uri) == since[uri]
        }
        connections = _scored_rows(day, at, list(changes))
        _must_be_there(day, [uri for uri, severity in changes.items() if severity], connections)
        if changes:
            still_held()
            feedback.rewrite(at.hdfs, at.workspace.feedback(day), changes, connections)
            still_held()
            rows = [(day.key, uri, severity) for uri, severity in changes.items() if severity]
            after = replaced(PROXY_THREAT_INVESTIGATION, given, changes, rows)
            at.impala.replace_day_with_frame(PROXY_THREAT_INVESTIGATION, day, after)
    return {uri: now.get(uri) for uri in changes}, connections


def _distinct(fulluri: str | Iterable[str]) -> list[str]:
    given = [fulluri] if isinstance(fulluri, str) else fulluri
    return list(dict.fromkeys(map(uri_text, given)))


def _scored_rows(day: Day, at: Deployment, uris: list[str]) -> list[Row]:
    parts = [uris[first : first + _URIS_AT_A_TIME] for first in range(0, len(uris), _URIS_AT_A_TIME)]
    return [row for part in parts for row in at.impala.rows(analysts.scored_rows(day, part))]


def _must_be_there(day: Day, uris: Iterable[str], connections: list[Row]) -> None:
    there = {uri_text(row[_FULLURI]) for row in connections}
    missing = [uri for uri in uris if uri not in there]
    if missing:
        shown = ", ".join(printable(uri, _SHOWN_WIDTH) for uri in missing[:_SHOWN_URIS])
        more = f" and {len(missing) - _SHOWN_URIS} more" if len(missing) > _SHOWN_URIS else ""
        raise InvestigationError(
            f"{shown}{more}: not among the scored connections of {day}, so nothing was recorded. "
            f"suspicious() lists them; materializing the day with a larger limit takes in more"
        )
