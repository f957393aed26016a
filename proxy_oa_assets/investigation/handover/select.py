"""Selects what is handed over of a day: incidents, stories, URIs of high severity, or some connections."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from proxy_oa_assets.enrichment.score_columns import Severity
from proxy_oa_assets.investigation.day_context import in_statements, uri_text
from proxy_oa_assets.investigation.handover.selection import HandOver, Threat
from proxy_oa_assets.investigation.handover.well_known import well_known
from proxy_oa_assets.investigation.incident_file import Incident
from proxy_oa_assets.investigation.incidents import incidents
from proxy_oa_assets.investigation.listed import Connection, pairs_of
from proxy_oa_assets.investigation.requests import requests_of
from proxy_oa_assets.investigation.score import severities_by_uri, threats
from proxy_oa_assets.investigation.storyboard import storyboard
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.model.tables import records
from proxy_oa_assets.model.text import printable
from proxy_oa_assets.ranking.host_lists import Lists
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.sql.threats import connection_times

_HIGH, _SELECTED = "high", "selected"
_UNKNOWN = "unknown"


def selected(
    day: Day,
    deployment: Deployment,
    *,
    incident: str | None = None,
    connections: Iterable[Connection] | None = None,
    tlp: str = "",
) -> HandOver:
    """Return what is handed over: one incident, or some connections, or by default everything of the day.

    Raises InvestigationError for an unknown incident, naming those there are, and if there is nothing.
    """
    of: tuple[Threat, ...]
    if connections is not None:
        pairs = pairs_of(connections)
        title = f"Selected web proxy connections of {day}"
        of = (Threat(_SELECTED, title, connections=tuple(pairs)),) if pairs else ()
    elif incident is not None:
        of = (_incident(day, incident, deployment),)
    else:
        of = _of_day(day, deployment)
    if not of:
        raise InvestigationError(
            f"{day} has nothing to hand over: no incident, no story and no URI of high severity. Save an "
            f"incident, or score a URI as high, in the notebooks"
        )
    wanted = dict.fromkeys(connection for threat in of for connection in threat.connections)
    lists = Lists.of(deployment.workspace.ranking_lists)
    return HandOver(day, of, requests_of(day, wanted, deployment=deployment), tlp, well_known(lists))


def _incident(day: Day, key: str, deployment: Deployment) -> Threat:
    found = {each.key: each for each in incidents(day, deployment=deployment)}
    if key not in found:
        known = "; ".join(f"{each.key} ({printable(each.title, 60)})" for each in found.values())
        raise InvestigationError(
            f"{day} has no incident {printable(key, 60)}; its incidents: {known or 'none'}"
        )
    return _threat(found[key])


def _threat(incident: Incident) -> Threat:
    return Threat(
        incident.key,
        incident.title,
        incident.text,
        tuple(incident.connections),
        incident.by,
        dt.datetime.fromisoformat(incident.at).astimezone(dt.UTC),
    )


def _of_day(day: Day, deployment: Deployment) -> tuple[Threat, ...]:
    """Return the incidents, the stories of URIs that are in none, and what else has a high severity.

    That is also a client of an incident's URI that the incident lacks.
    """
    found = [_threat(each) for each in incidents(day, deployment=deployment)]
    covered = {connection for threat in found for connection in threat.connections}
    covered_uris = {uri for _, uri in covered}
    comments = storyboard(day, deployment=deployment)[["p_threat", "title", "text"]]
    stories = {uri_text(uri): (str(title or ""), str(text or "")) for uri, title, text in records(comments)}
    given = severities_by_uri(threats(day, deployment=deployment))
    high = [uri for uri, severity in given.items() if severity is Severity.HIGH]
    alone = [uri for uri in stories if uri not in covered_uris]
    clients = _clients(day, list(dict.fromkeys((*alone, *high))), deployment)
    # Of a URI that the raw log lacks, the client is unknown, but where an incident has it.
    covered |= {(_UNKNOWN, uri) for uri in covered_uris}
    for uri in alone:
        title, text = stories[uri]
        found.append(Threat(f"story {uri}", title or printable(uri, 80), text, clients[uri]))
        covered |= set(clients[uri])
    others = tuple(pair for uri in high for pair in clients[uri] if pair not in covered)
    if others:
        found.append(Threat(_HIGH, f"Further requests of {day} to URIs of high severity", "", others))
    return tuple(found)


def _clients(day: Day, uris: list[str], deployment: Deployment) -> dict[str, tuple[Connection, ...]]:
    """Return the connections of each URI; one of an unknown client for a URI that the raw log lacks."""
    found: dict[str, list[Connection]] = {uri: [] for uri in uris}
    for some in in_statements(uris):
        for client, uri, *_ in deployment.impala.rows(connection_times(day, some)):
            found[str(uri)].append((str(client), str(uri)))
    return {uri: tuple(sorted(of)) or ((_UNKNOWN, uri),) for uri, of in found.items()}
