"""A day's story: what analysts recorded of each threat, and the day's figures."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from proxy_oa_assets.enrichment.score_columns import Severity
from proxy_oa_assets.investigation.day_context import in_statements, uri_text
from proxy_oa_assets.investigation.incident_file import Incident
from proxy_oa_assets.investigation.incidents import incidents
from proxy_oa_assets.investigation.requests import requests_of
from proxy_oa_assets.investigation.score import severities_by_uri, threats
from proxy_oa_assets.investigation.search import ingest_summary
from proxy_oa_assets.investigation.story.client_times import client_times
from proxy_oa_assets.investigation.story.related import related
from proxy_oa_assets.investigation.story.threat import (
    Reputation,
    ThreatStory,
    by_host,
    hosts_seen,
    incident_timeline,
    lines_of,
    shown,
    split,
)
from proxy_oa_assets.investigation.storyboard import (
    Comment,
    comments_by_threat,
    incident_progression,
    storyboard,
    timeline,
)
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY_SCORES, records
from proxy_oa_assets.ranking.own_results import own_statement
from proxy_oa_assets.ranking.reasons import in_words, parsed
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.sql.conditions import one_of
from proxy_oa_assets.sql.day_requests import requests_per_connection

if TYPE_CHECKING:
    import pandas as pd

# A URI's story can have thousands of clients; what these did around it is read.
_CLIENTS_AROUND = 10


@dataclass(frozen=True)
class DayStory:
    """A day's figures, and its threats: the gravest first, and of those the earliest.

    `severities` are those of analysts, by URI; `contexts` are the network contexts, by client. `statement`
    says what stands out, of a day that was ranked here.
    """

    day: Day
    statement: str
    minutes: pd.DataFrame
    connections: int
    scored_times: Sequence[object]
    severities: Mapping[str, Severity]
    contexts: Mapping[str, str]
    threats: Sequence[ThreatStory]

    @property
    def requests(self) -> int:
        """The number of requests in the day's log."""
        return int(self.minutes["total"].sum())

    @property
    def clients(self) -> int:
        """The number of clients that met a threat."""
        return len(set[str]().union(*(threat.met_by for threat in self.threats)))

    def uris_of(self, severity: int) -> list[str]:
        """Return the URIs of a severity."""
        return [uri for uri, each in self.severities.items() if each == severity]

    @property
    def undescribed(self) -> list[str]:
        """The URIs of high severity without a comment, or with one without words."""
        described = {uri for threat in self.threats if not threat.is_blank for uri in threat.uris}
        return [uri for uri in self.uris_of(Severity.HIGH) if uri not in described]


def read_story(day: Day, deployment: Deployment) -> DayStory:
    """Read a day's story from the tables and files of a deployment."""
    severities = severities_by_uri(threats(day, deployment=deployment))
    scores = deployment.impala.read_day(PROXY_SCORES, day)
    reader = _Reader(day, deployment, severities, scores)
    told = incidents(day, deployment=deployment)
    of_incidents = {(uri, incident.comment) for incident in told for uri in incident.uris}
    comments = comments_by_threat(storyboard(day, deployment=deployment))
    alone = {uri: comment for uri, comment in comments.items() if (uri, comment) not in of_incidents}
    found = [reader.of_incident(incident) for incident in told] + reader.of_uris(alone)
    return DayStory(
        day=day,
        statement=own_statement(deployment.hdfs, deployment.workspace.results(day)),
        minutes=ingest_summary(day, day, deployment=deployment),
        connections=len(scores[["clientip", "fulluri"]].drop_duplicates()),
        scored_times=scores["time"].tolist(),
        severities=severities,
        contexts={
            uri_text(client): str(context)
            for client, context in records(scores[["clientip", "network_context"]])
            if context
        },
        threats=sorted(
            found, key=lambda threat: (threat.severity or max(Severity) + 1, threat.first, threat.uris)
        ),
    )


class _Reader:
    """What reads the threats of a day."""

    def __init__(
        self, day: Day, deployment: Deployment, severities: Mapping[str, Severity], scores: pd.DataFrame
    ) -> None:
        self._day, self._deployment, self._severities = day, deployment, severities
        self._uri_reps = {
            uri_text(uri): str(text or "") for uri, text in records(scores[["fulluri", "uri_rep"]])
        }
        # The lowest score comes last, and stays.
        by_score = scores.sort_values("ml_score", ascending=False, kind="stable")[["fulluri", "word"]]
        self._words = {uri_text(uri): word for uri, word in records(by_score) if parsed(word)}

    def of_incident(self, incident: Incident) -> ThreatStory:
        """Return an incident, with all of its raw requests."""
        rows = requests_of(self._day, incident.connections, deployment=self._deployment)
        times = incident_timeline(self._day, rows)
        around = related(self._day, incident.connections, deployment=self._deployment)
        linked, same_time = split(list(shown(around)))
        given = [self._severities[uri] for uri in incident.uris if uri in self._severities]
        return ThreatStory(
            title=incident.title,
            lines=lines_of(incident.text),
            severity=min(given, default=None),
            uris=incident.uris,
            timeline=times,
            clients=client_times(
                times, Counter(uri_text(client) for (client,) in records(rows[["clientip"]]))
            ),
            reputations=[self._reputation(uri) for uri in incident.uris],
            reasons=(),
            linked=linked,
            around=same_time,
            hosts=hosts_seen(rows, incident.hosts, self._severities),
            hosts_timeline=by_host(times, rows),
            requests=list(shown(rows)),
            is_incident=True,
            members=incident.clients,
        )

    def of_uris(self, comments: Mapping[str, Comment]) -> list[ThreatStory]:
        """Return the stories of single URIs."""
        requests = defaultdict[str, dict[str, int]](dict)
        for group in in_statements(comments):
            condition = one_of("fulluri", group, null_is_word=True)
            counted = self._deployment.impala.query(requests_per_connection(self._day, condition))
            for uri, client, number in records(counted):
                requests[str(uri)][str(client)] = int(str(number))
        return [self._of_uri(uri, comment, requests[uri]) for uri, comment in comments.items()]

    def _of_uri(self, uri: str, comment: Comment, requests: Mapping[str, int]) -> ThreatStory:
        times = timeline(self._day, uri, deployment=self._deployment)
        clients = client_times(times, requests)
        first = [(each.client, uri) for each in clients[:_CLIENTS_AROUND]]
        linked, same_time = split(list(shown(related(self._day, first, deployment=self._deployment))))
        return ThreatStory(
            title=comment.title,
            lines=lines_of(comment.text),
            severity=self._severities.get(uri),
            uris=[uri],
            timeline=times,
            clients=clients,
            reputations=[self._reputation(uri)],
            reasons=in_words(self._words.get(uri)),
            linked=linked,
            around=same_time,
            progression=incident_progression(self._day, uri, deployment=self._deployment),
        )

    def _reputation(self, uri: str) -> Reputation:
        return Reputation(uri, self._uri_reps.get(uri))
