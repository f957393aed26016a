"""A day's story: what was recorded of each threat, and the figures around it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from proxy_oa_assets.enrichment.reputation.verdict import Verdict, decode
from proxy_oa_assets.investigation.day_context import uri_text
from proxy_oa_assets.investigation.score import severities_by_uri, threats
from proxy_oa_assets.investigation.search import ingest_summary
from proxy_oa_assets.investigation.story.client_times import ClientTimes, client_times
from proxy_oa_assets.investigation.storyboard import (
    IncidentProgression,
    incident_progression,
    storyboard,
    timeline,
)
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY_SCORES, records
from proxy_oa_assets.resources.deployment import Deployment

if TYPE_CHECKING:
    import pandas as pd

_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_UNSCORED = 4  # sorts behind the severities 1 to 3


@dataclass(frozen=True)
class ThreatStory:
    """One threat. `severity` is 1 high, 2 medium, 3 low, or None; `progression` is None if none was saved.

    `uri_rep` is None for a URI that isn't among the day's scored connections.
    """

    uri: str
    severity: int | None
    title: str
    lines: Sequence[str]
    timeline: pd.DataFrame
    progression: IncidentProgression | None
    uri_rep: str | None

    @cached_property
    def clients(self) -> list[ClientTimes]:
        """When each client met it, the earliest first."""
        return client_times(self.timeline)

    @property
    def answers(self) -> list[Verdict]:
        """What the reputation services said."""
        return decode(self.uri_rep or "")

    @property
    def met_by(self) -> set[str]:
        """The addresses of all clients that met it, those beyond its timeline, too."""
        requests = self.progression["requests"] if self.progression else ()
        return {uri_text(request["clientip"]) for request in requests} | {
            times.client for times in self.clients
        }


@dataclass(frozen=True)
class DayStory:
    """A day: its minutes, how much of it was scored and judged, and its threats, the gravest first.

    `severities` are those that analysts gave, by URI; `contexts` says what the site knows of a client.
    """

    day: Day
    minutes: pd.DataFrame
    connections: int
    scored_times: Sequence[object]
    severities: Mapping[str, int]
    contexts: Mapping[str, str]
    threats: Sequence[ThreatStory]

    @property
    def requests(self) -> int:
        """How many requests the day's log has."""
        return int(self.minutes["total"].sum())

    @property
    def clients(self) -> int:
        """How many clients met a threat."""
        return len(set[str]().union(*(threat.met_by for threat in self.threats)))

    def judged(self, severity: int) -> list[str]:
        """Return the URIs that have a severity."""
        return [uri for uri, given in self.severities.items() if given == severity]

    @property
    def undescribed(self) -> list[str]:
        """The URIs of high severity without a comment."""
        described = {threat.uri for threat in self.threats}
        return [uri for uri in self.judged(1) if uri not in described]


def read_story(day: Day, deployment: Deployment) -> DayStory:
    """Read what the tables and files of a deployment have of a day."""
    severities = severities_by_uri(threats(day, deployment=deployment))
    scores = deployment.impala.read_day(PROXY_SCORES, day)
    verdicts = {uri_text(uri): str(said or "") for uri, said in records(scores[["fulluri", "uri_rep"]])}
    found = [
        ThreatStory(
            uri=uri,
            severity=severities.get(uri),
            title=str(title or ""),
            lines=_LINE_BREAK.split(str(text or "")),
            timeline=timeline(day, uri, deployment=deployment),
            progression=incident_progression(day, uri, deployment=deployment),
            uri_rep=verdicts.get(uri),
        )
        for uri, title, text in (
            (uri_text(threat), title, text)
            for threat, title, text in records(
                storyboard(day, deployment=deployment)[["p_threat", "title", "text"]]
            )
        )
    ]
    return DayStory(
        day=day,
        minutes=ingest_summary(day, day, deployment=deployment),
        connections=len(scores[["clientip", "fulluri"]].drop_duplicates()),
        scored_times=scores["time"].tolist(),
        severities=severities,
        contexts={
            uri_text(client): str(said)
            for client, said in records(scores[["clientip", "network_context"]])
            if said
        },
        threats=sorted(found, key=lambda threat: (threat.severity or _UNSCORED, threat.uri)),
    )
