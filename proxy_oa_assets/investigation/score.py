"""Severities that analysts give: 1 high, 2 medium, 3 low.

`proxy_threat_investigation` is the record, and the feedback file follows it. A severity is recorded before
its lines are written, and its lines are removed before it is: after a kill in between, the file lacks lines,
and what touches the day next writes them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from proxy_oa_assets.enrichment.score_columns import Severity, gravest_severities
from proxy_oa_assets.investigation import feedback
from proxy_oa_assets.investigation.day_context import analysts_lock, day_context, replace_rows, uri_text
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import InvestigationError, LockedError, StorageError, WarehouseError
from proxy_oa_assets.model.tables import PROXY_SCORES, PROXY_THREAT_INVESTIGATION, records
from proxy_oa_assets.model.text import printable
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.sql import analysts

if TYPE_CHECKING:
    import pandas as pd

_FULLURI = PROXY_SCORES.column_names.index("fulluri")
# The most URIs in a statement: each can be long. For more, the whole day is read.
_URIS_PER_STATEMENT = 200
_SHOWN_URIS, _SHOWN_WIDTH = 5, 200


def score(
    day: Day | str, severity: int, fulluri: str | Iterable[str], *, deployment: Deployment | None = None
) -> int:
    """Record a severity (1 high, 2 medium, 3 low) for every connection of one or several URIs.

    Returns the number of their rows in `proxy_scores`. It replaces an earlier severity. Several URIs are
    recorded together or not at all; a NULL URI is the word `null`. Raises InvestigationError, before anything
    is written, for another severity and for a URI that isn't among the day's scored connections.
    """
    day, deployment = day_context(day, deployment)
    _, connections = _change(day, deployment, dict.fromkeys(_distinct(fulluri), _severity(severity)))
    return len(connections)


def undo_score(day: Day | str, fulluri: str | Iterable[str], *, deployment: Deployment | None = None) -> None:
    """Remove the severity of one or several URIs, even if they are no longer scored connections."""
    change_severities(day, dict.fromkeys(_distinct(fulluri)), deployment=deployment)


def change_severities(
    day: Day | str,
    severities: Mapping[str, int | None],
    *,
    since: Mapping[str, int | None] | None = None,
    deployment: Deployment | None = None,
) -> dict[str, Severity | None]:
    """Set each URI's severity, or remove it with None, all at once; return the former ones.

    With `since`, URIs that no longer have the severity it names are left alone and not returned: a colleague
    has scored them. Raises InvestigationError as `score` does.
    """
    day, deployment = day_context(day, deployment)
    wanted = {uri: None if severity is None else _severity(severity) for uri, severity in severities.items()}
    before, _ = _change(day, deployment, wanted, since)
    return before


def threats(day: Day | str, *, deployment: Deployment | None = None) -> pd.DataFrame:
    """Return the day's URIs with a severity: tdate, fulluri, uri_sev; each once, the gravest first."""
    day, deployment = day_context(day, deployment)
    recorded = deployment.impala.read_day(PROXY_THREAT_INVESTIGATION, day)
    try:
        with suppress(LockedError):  # its holder is at work on the file
            feedback_drift(day, deployment, recorded=recorded, patience=0)
    except (StorageError, WarehouseError) as error:
        # Reading needs no right to write.
        logging.getLogger(__name__).warning("The feedback file of %s is repaired later: %s", day, error)
    return gravest_severities(recorded)


def feedback_drift(
    day: Day,
    deployment: Deployment,
    *,
    recorded: pd.DataFrame | None = None,
    repair: bool = True,
    patience: float | None = None,
) -> feedback.Drift:
    """Return how the day's feedback file differs from the recorded severities, and make it follow them.

    `recorded` is the day of `proxy_threat_investigation`, if it has been read. Takes the analysts' lock, with
    `patience`, only if there is a difference.
    """
    path, scored_rows = deployment.workspace.feedback(day), partial(_scored_rows, day, deployment)

    def compared(recorded: pd.DataFrame) -> tuple[bytes, bytes, feedback.Drift]:
        before = feedback.read(deployment.hdfs, path)
        severities = severities_by_uri(gravest_severities(recorded))
        return before, *feedback.followed(before, severities, scored_rows)

    if recorded is None:
        recorded = deployment.impala.read_day(PROXY_THREAT_INVESTIGATION, day)
    *_, drift = compared(recorded)
    if not drift:
        return drift
    with analysts_lock(day, deployment, "repairing the feedback of", patience) as still_held:
        # A colleague may have been between the two writes.
        before, after, drift = compared(deployment.impala.read_latest_day(PROXY_THREAT_INVESTIGATION, day))
        if drift and repair and after != before:
            still_held()
            deployment.hdfs.write(path, [after])
    return drift


def severities_by_uri(threats: pd.DataFrame) -> dict[str, Severity]:
    """Return the severity of each URI in the frame that `threats` returns, in its order."""
    found = records(threats[["fulluri", "uri_sev"]])
    return {uri_text(uri): Severity(int(str(severity))) for uri, severity in found}


def _severity(severity: float) -> Severity:
    """Return a severity from a number; a frame's column can hold 3.0 for 3."""
    if isinstance(severity, bool) or severity not in list(Severity):
        known = ", ".join(f"{known.value} ({known.name.lower()})" for known in Severity)
        raise InvestigationError(f"severity is {severity!r}; it is {known}")
    return Severity(int(severity))


def _change(
    day: Day,
    deployment: Deployment,
    wanted: Mapping[str, Severity | None],
    since: Mapping[str, int | None] | None = None,
) -> tuple[dict[str, Severity | None], list[tuple[object, ...]]]:
    """Change severities; return the changed URIs' former ones, and their rows of `proxy_scores`."""
    if not wanted:
        return {}, []
    with analysts_lock(day, deployment, "scoring") as still_held:
        recorded = deployment.impala.read_latest_day(PROXY_THREAT_INVESTIGATION, day)
        now = severities_by_uri(gravest_severities(recorded))
        changes = {
            uri: severity for uri, severity in wanted.items() if since is None or now.get(uri) == since[uri]
        }
        connections = _scored_rows(day, deployment, list(changes))
        _check_scored(day, [uri for uri, severity in changes.items() if severity], connections)
        if changes:
            removed = {uri for uri, severity in changes.items() if severity is None}
            left = {uri: severity for uri, severity in now.items() if uri not in removed}

            def scored_rows(uris: list[str]) -> list[tuple[object, ...]]:
                others = [uri for uri in uris if uri not in changes]
                return connections + (_scored_rows(day, deployment, others) if others else [])

            path = deployment.workspace.feedback(day)
            if removed:
                still_held()
                feedback.follow(deployment.hdfs, path, left, scored_rows, removed)
            still_held()
            given = {uri: severity for uri, severity in changes.items() if severity}
            rows = [(day.key, uri, severity.value) for uri, severity in given.items()]
            replace_rows(deployment, PROXY_THREAT_INVESTIGATION, day, changes, rows, before=recorded)
            if given:
                still_held()
                feedback.follow(deployment.hdfs, path, left | given, scored_rows, given)
    return {uri: now.get(uri) for uri in changes}, connections


def _distinct(fulluri: str | Iterable[str]) -> list[str]:
    uris = [fulluri] if isinstance(fulluri, str) else fulluri
    return list(dict.fromkeys(map(uri_text, uris)))


def _scored_rows(day: Day, deployment: Deployment, uris: list[str]) -> list[tuple[object, ...]]:
    if len(uris) <= _URIS_PER_STATEMENT:
        return list(deployment.impala.rows(analysts.scored_rows(day, uris)))
    wanted = set(uris)
    rows = deployment.impala.rows(analysts.scored_rows(day))
    return [row for row in rows if uri_text(row[_FULLURI]) in wanted]


def _check_scored(day: Day, uris: Iterable[str], connections: list[tuple[object, ...]]) -> None:
    scored = {uri_text(row[_FULLURI]) for row in connections}
    missing = [uri for uri in uris if uri not in scored]
    if missing:
        shown = ", ".join(printable(uri, _SHOWN_WIDTH) for uri in missing[:_SHOWN_URIS])
        more = f" and {len(missing) - _SHOWN_URIS} more" if len(missing) > _SHOWN_URIS else ""
        raise InvestigationError(
            f"{shown}{more}: not among the scored connections of {day}, so nothing was recorded. "
            f"suspicious() lists them; materializing the day with a larger limit includes more"
        )
