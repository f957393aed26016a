"""Severities that analysts give: 1 high, 2 medium, 3 low.

`proxy_threat_investigation` is the record, and the feedback file follows it. A severity is recorded before
its lines are written, and its lines are removed before it is: after a kill in between, the file lacks lines,
and what touches the day next writes them. The journal has a change before it is made.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from proxy_oa_assets.enrichment.score_columns import Severity, gravest_severities
from proxy_oa_assets.investigation import feedback, journal_file
from proxy_oa_assets.investigation.connection_rows import ConnectionRows, Rows, uris_of
from proxy_oa_assets.investigation.day_context import analysts_lock, day_context, replace_rows, uri_text
from proxy_oa_assets.investigation.pasted_uris import host_readings
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import InvestigationError, LockedError, StorageError, WarehouseError
from proxy_oa_assets.model.tables import PROXY_THREAT_INVESTIGATION, records
from proxy_oa_assets.model.text import printable
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.sql.threats import uris_of_host

if TYPE_CHECKING:
    import pandas as pd

_SHOWN_URIS, _SHOWN_WIDTH = 5, 200


@dataclass(frozen=True)
class Plan:
    """Severities to give, or to take back with None; `undoes` is the key of the change that this undoes."""

    severities: Mapping[str, int | None]
    undoes: str | None = None


def score(
    day: Day | str, severity: int, fulluri: str | Iterable[str], *, deployment: Deployment | None = None
) -> int:
    """Record a severity (1 high, 2 medium, 3 low) for every connection of one or several URIs.

    Returns the number of their rows in `proxy_scores`, or of a URI that is only in the raw log, of its
    connections there. It replaces an earlier severity. Several URIs are recorded together or not at all; a
    NULL URI is the word `null`. Raises InvestigationError, before anything is written, for another severity
    and for a URI that isn't among the day's scored connections, nor in its raw log.
    """
    day, deployment = day_context(day, deployment)
    wanted = dict.fromkeys(_distinct(fulluri), _severity(severity))
    _, lines = change(day, deployment, lambda _: Plan(wanted), wanted)
    return lines


def undo_score(day: Day | str, fulluri: str | Iterable[str], *, deployment: Deployment | None = None) -> None:
    """Remove the severity of one or several URIs, even if they are no longer scored connections."""
    change_severities(day, dict.fromkeys(_distinct(fulluri)), deployment=deployment)


def change_severities(
    day: Day | str, severities: Mapping[str, int | None], *, deployment: Deployment | None = None
) -> dict[str, Severity | None]:
    """Set each URI's severity, or remove it with None, all at once; return the former ones.

    Raises InvestigationError as `score` does.
    """
    day, deployment = day_context(day, deployment)
    wanted = {uri: None if severity is None else _severity(severity) for uri, severity in severities.items()}
    given = [uri for uri, severity in wanted.items() if severity]
    before, _ = change(day, deployment, lambda _: Plan(wanted), given)
    return before


def host_uris(day: Day | str, host: object, *, deployment: Deployment | None = None) -> list[str]:
    """Return the URIs of a host on a day, in the raw log or among the scored connections, sorted.

    Hosts differ by more than the case of ASCII letters. A NULL host is the word `null`. A host that the day
    hasn't as it stands is read as a paste, with a scheme or defanged.
    """
    day, deployment = day_context(day, deployment)
    for name in host_readings(uri_text(host)):
        found = [str(uri) for (uri,) in deployment.impala.rows(uris_of_host(day, name))]
        if found:
            break
    return found


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
    path, connections = deployment.workspace.feedback(day), ConnectionRows(day, deployment)

    def compared(recorded: pd.DataFrame) -> tuple[bytes, bytes, feedback.Drift]:
        before = feedback.read(deployment.hdfs, path)
        severities = severities_by_uri(gravest_severities(recorded))
        return before, *feedback.followed(before, severities, connections)

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


def change(
    day: Day,
    deployment: Deployment,
    plan: Callable[[Mapping[str, Severity]], Plan],
    expected: Iterable[str] = (),
) -> tuple[dict[str, Severity | None], int]:
    """Change severities; return the changed URIs' former ones, and the number of their connections' rows.

    `plan` is called with the day's severities, under the analysts' lock. The rows of `expected` URIs are read
    before: a search of the raw log would keep others waiting.
    """
    connections = ConnectionRows(day, deployment)
    connections.known(expected)
    with analysts_lock(day, deployment, "scoring") as still_held:
        recorded = deployment.impala.read_latest_day(PROXY_THREAT_INVESTIGATION, day)
        now = severities_by_uri(gravest_severities(recorded))
        planned = plan(now)
        changes = {uri: severity and Severity(severity) for uri, severity in planned.severities.items()}
        if not changes and not planned.undoes:
            return {}, 0
        given = {uri: severity for uri, severity in changes.items() if severity}
        rows = connections.known(given)
        if not planned.undoes:  # what had a severity can have it again
            _check_known(day, given, rows)
        before = {uri: now.get(uri) for uri in changes}
        severities = {uri: pair for uri in changes if any(pair := (before[uri], changes[uri]))}
        if severities or planned.undoes:
            still_held()
            entry = journal_file.Change(deployment.workspace.analyst, severities, planned.undoes)
            journal_file.record(day, deployment, entry)
        if not changes:
            return {}, 0
        removed = changes.keys() - given.keys()
        left = {uri: severity for uri, severity in now.items() if uri not in removed}
        path = deployment.workspace.feedback(day)
        if removed:
            still_held()
            feedback.follow(deployment.hdfs, path, left, connections, removed)
        still_held()
        replacing = [(day.key, uri, severity.value) for uri, severity in given.items()]
        replace_rows(deployment, PROXY_THREAT_INVESTIGATION, day, changes, replacing, before=recorded)
        if given:
            still_held()
            feedback.follow(deployment.hdfs, path, left | given, connections, given)
    return before, len(rows)


def _distinct(fulluri: str | Iterable[str]) -> list[str]:
    uris = [fulluri] if isinstance(fulluri, str) else fulluri
    return list(dict.fromkeys(map(uri_text, uris)))


def _check_known(day: Day, uris: Iterable[str], rows: Rows) -> None:
    known = uris_of(rows)
    missing = [uri for uri in uris if uri not in known]
    if missing:
        shown = ", ".join(printable(uri, _SHOWN_WIDTH) for uri in missing[:_SHOWN_URIS])
        more = f" and {len(missing) - _SHOWN_URIS} more" if len(missing) > _SHOWN_URIS else ""
        raise InvestigationError(
            f"{shown}{more}: not among the scored connections of {day}, nor in its raw log, so nothing was "
            f"recorded. suspicious() lists the scored ones; a URI is host, path and query as the log has "
            f"them, without a scheme"
        )
