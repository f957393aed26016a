"""A day's story: what analysts recorded of each threat, and the day's figures."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from proxy_oa_assets.enrichment.reputation.verdict import Verdict, decode
from proxy_oa_assets.enrichment.score_columns import Severity
from proxy_oa_assets.investigation.day_context import uri_text
from proxy_oa_assets.investigation.progressions import IncidentProgression
from proxy_oa_assets.investigation.score import severities_by_uri, threats
from proxy_oa_assets.investigation.search import ingest_summary
from proxy_oa_assets.investigation.story.client_times import ClientTimes, client_times
from proxy_oa_assets.investigation.storyboard import (
    Comment,
    incident_progression,
    storyboard,
    timeline,
)
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY_SCORES, records
from proxy_oa_assets.ranking.own_results import own_statement
from proxy_oa_assets.ranking.reasons import in_words, parsed
from proxy_oa_assets.resources.deployment import Deployment

if TYPE_CHECKING:
    import pandas as pd

_LINE_BREAK = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class ThreatStory:
    """One threat. `uri_rep` is None for a URI that isn't among the day's scored connections.

    `reasons` are those of its most suspicious row; none if another system ranked the day.
    """

    uri: str
    severity: Severity | None
    title: str
    lines: Sequence[str]
    timeline: pd.DataFrame
    clients: Sequence[ClientTimes]
    progression: IncidentProgression | None
    uri_rep: str | None
    verdicts: Sequence[Verdict]
    reasons: Sequence[str]

    @property
    def is_blank(self) -> bool:
        """Whether its comment has no words."""
        return Comment(self.title, "".join(self.lines)).is_blank

    @property
    def met_by(self) -> set[str]:
        """The addresses of all clients that met it, including those that its timeline leaves out."""
        requests = self.progression["requests"] if self.progression else ()
        return {uri_text(request["clientip"]) for request in requests} | {
            times.client for times in self.clients
        }


@dataclass(frozen=True)
class DayStory:
    """A day's figures, and its threats, the gravest first.

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
        described = {threat.uri for threat in self.threats if not threat.is_blank}
        return [uri for uri in self.uris_of(Severity.HIGH) if uri not in described]


def read_story(day: Day, deployment: Deployment) -> DayStory:
    """Read a day's story from the tables and files of a deployment."""
    severities = severities_by_uri(threats(day, deployment=deployment))
    scores = deployment.impala.read_day(PROXY_SCORES, day)
    uri_reps = {uri_text(uri): str(text or "") for uri, text in records(scores[["fulluri", "uri_rep"]])}
    # The lowest score comes last, and stays.
    by_score = scores.sort_values("ml_score", ascending=False, kind="stable")[["fulluri", "word"]]
    words = {uri_text(uri): word for uri, word in records(by_score) if parsed(word)}
    found = []
    comments = storyboard(day, deployment=deployment)[["p_threat", "title", "text"]]
    for threat, title, text in records(comments):
        uri = uri_text(threat)
        times = timeline(day, uri, deployment=deployment)
        found.append(
            ThreatStory(
                uri=uri,
                severity=severities.get(uri),
                title=str(title or ""),
                lines=_LINE_BREAK.split(str(text or "")),
                timeline=times,
                clients=client_times(times),
                progression=incident_progression(day, uri, deployment=deployment),
                uri_rep=uri_reps.get(uri),
                verdicts=decode(uri_reps.get(uri, "")),
                reasons=in_words(words.get(uri)),
            )
        )
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
        threats=sorted(found, key=lambda threat: (threat.severity or max(Severity) + 1, threat.uri)),
    )
