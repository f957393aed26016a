"""The day's threats in a list: incidents, and URIs with a severity or a story, by first seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import ipywidgets
import pandas as pd

from proxy_oa_assets.enrichment.score_columns import Severity
from proxy_oa_assets.investigation.incident_file import Incident
from proxy_oa_assets.investigation.incidents import (
    delete_incident,
    delete_story,
    incidents,
    stories_without,
)
from proxy_oa_assets.investigation.notebook.columns import columns
from proxy_oa_assets.investigation.notebook.comment_form import page_updated, stories_in_words
from proxy_oa_assets.investigation.notebook.session import StatusLine
from proxy_oa_assets.investigation.notebook.text_table import Action, TextTable, cut_note
from proxy_oa_assets.investigation.score import severities_by_uri, threats
from proxy_oa_assets.investigation.storyboard import Comment, comments_by_threat, storyboard
from proxy_oa_assets.investigation.threat_times import first_times
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.text import counted, printable
from proxy_oa_assets.resources.deployment import Deployment

_THREATS = columns("first uri_sev story fulluri")
_TITLE, _HOSTS = 60, 3


@dataclass(frozen=True)
class Threat:
    """A row of the list: an incident, or a URI, which can belong to incidents and have a story of its own.

    `severity` is the gravest one, 0 if none was given; `first_seen` is HH:MM:SS, or empty.
    """

    uri: str
    incidents: tuple[Incident, ...]
    own_story: Comment | None
    severity: int
    first_seen: str
    is_incident: bool = False

    @property
    def identity(self) -> tuple[str, str]:
        """What stays the same while the list is read again."""
        return (self.uri, self.incidents[0].key if self.is_incident else "")

    @property
    def story(self) -> str:
        """The title of its story, or of its incident's."""
        if self.own_story:
            return printable(self.own_story.title or "without a title", _TITLE)
        return printable(self.incidents[-1].title, _TITLE) if self.incidents else ""

    @property
    def text(self) -> str:
        """The URI, or what an incident consists of."""
        if not self.is_incident:
            return self.uri
        hosts = self.incidents[0].hosts
        more = f" and {len(hosts) - _HOSTS:,} more" if len(hosts) > _HOSTS else ""
        uris = counted(len(self.incidents[0].uris), "URI")
        return f"Incident of {uris}: {', '.join(hosts[:_HOSTS])}{more}"


def read_threats(day: Day, deployment: Deployment) -> list[Threat]:
    """Return the day's incidents, and its URIs with a severity or a story of their own, by first seen."""
    severities: Mapping[str, int] = severities_by_uri(threats(day, deployment=deployment))
    saved = incidents(day, deployment=deployment)
    holding = dict[str, list[Incident]]()
    for incident in sorted(saved, key=lambda each: each.at):
        for uri in incident.uris:
            holding.setdefault(uri, []).append(incident)
    comments = comments_by_threat(storyboard(day, deployment=deployment))
    own = {
        uri: comment
        for uri, comment in comments.items()
        if not comment.is_blank and comment not in [each.comment for each in holding.get(uri, ())]
    }
    times = first_times(day, deployment, {**severities, **own})
    found = [
        Threat(uri, tuple(holding.get(uri, ())), own.get(uri), severities.get(uri, 0), time)
        for uri, time in times.items()
    ]
    for incident in saved:
        given = [severities[uri] for uri in incident.uris if uri in severities]
        time = incident.first_seen[11:]
        found.append(Threat("", (incident,), None, min(given, default=0), time, is_incident=True))
    return sorted(found, key=lambda each: (each.first_seen or "99", not each.is_incident, each.uri))


class ThreatList:
    """The table and its bar; `on_select` gets the selected threat or None, `on_delete` follows a deletion."""

    def __init__(
        self,
        day: Day,
        deployment: Deployment,
        on_select: Callable[[Threat | None], None],
        on_delete: Callable[[], None],
    ) -> None:
        self._day, self._deployment, self._on_delete = day, deployment, on_delete
        self._threats = list[Threat]()
        self.which = ipywidgets.ToggleButtons(
            options={"High risk, stories": True, "All": False}, style={"button_width": "auto"}
        )
        self.reload = ipywidgets.Button(
            description="Reload",
            tooltip="Show what colleagues have scored and saved",
            layout=ipywidgets.Layout(width="6em"),
        )
        self.status = StatusLine()
        delete = Action(
            line="Selected",
            text="Delete",
            title="Delete the story of the selected URI, or the selected incident; severities stay",
            do=self._delete,
            style="danger",
            confirm=self._ask,
        )
        self.table = TextTable(
            "Threats", selection="one", height="max(200px, calc(100vh - 290px))", actions=[delete]
        )
        self.which.observe(lambda _: self.load(), "value")
        self.reload.on_click(lambda _: self.load())
        self.table.observe(lambda _: on_select(self.selected()), "selected")
        self.bar = ipywidgets.HBox([self.which, self.reload, self.status.widget])

    def load(self) -> None:
        """Read the list again; a selected threat that is still listed stays selected."""
        with self.status.during("Reading the threats"):
            before = self.selected()
            found = read_threats(self._day, self._deployment)
            if self.which.value:
                found = [each for each in found if _is_grave(each)]
            self._threats = found
            rows = [(each.first_seen, each.severity, each.story, each.text) for each in found]
            frame = pd.DataFrame(rows, columns=["first", "uri_sev", "story", "fulluri"])
            severity = "the severity high, or a story" if self.which.value else "a severity or a story"
            empty = f"No URI of {self._day} has {severity}: score some in Edge_Investigation"
            identities = [each.identity for each in found]
            selected = [identities.index(before.identity)] if before and before.identity in identities else []
            self.table.show(frame, _THREATS, selected=selected, empty=empty)
            saved = counted(sum(each.is_incident for each in found), "incident")
            uris = counted(sum(not each.is_incident for each in found), "URI")
            self.status.done(f"{saved}, {uris}, by first seen{cut_note(len(found))}")

    def selected(self) -> Threat | None:
        """Return the selected threat, or None."""
        return next((self._threats[number] for number in self.table.selected), None)

    def _ask(self, _numbers: list[int]) -> str | None:
        threat = self.selected()
        if threat and threat.is_incident:
            key, of = threat.incidents[0].key, "its URIs"
            with self.status.during("Reading the stories of its URIs"):
                after = stories_without(self._day, key, deployment=self._deployment)
                gone = sum(story is None for story in after.values())
                of = f"{counted(gone, 'URI')}{self._staying(key, after)}"
                self.status.done("")
            return (
                f"Delete the incident '{threat.story}', its story with the timelines and progressions of "
                f"{of}? Severities stay. Click again"
            )
        if threat and threat.own_story:
            shown = printable(threat.uri, _TITLE)
            return (
                f"Delete the story '{threat.story}' of {shown} with its timeline and progression? "
                f"Its severity stays. Click again"
            )
        return None

    def _delete(self) -> None:
        threat = self.selected()
        if threat is None or not (threat.is_incident or threat.own_story):
            reason = f"'{threat.story}' is an incident's: delete that" if threat and threat.story else ""
            self.status.failed(reason or "Select an incident or a URI with a story first")
            return
        with self.status.during("Deleting"):
            if threat.is_incident:
                (incident,) = threat.incidents
                gone = delete_incident(self._day, incident.key, deployment=self._deployment)
                comments = comments_by_threat(storyboard(self._day, deployment=self._deployment))
                after = {uri: comments.get(uri) for uri in incident.uris}
                staying = self._staying(incident.key, after)
                done = f"Incident deleted, with the stories of {counted(len(gone), 'URI')}{staying}"
            else:
                delete_story(self._day, threat.uri, deployment=self._deployment)
                done = "Story deleted"
            self.load()
            self._on_delete()
            page_updated(self._day, self._deployment, done, self.status)

    def _staying(self, key: str, after: Mapping[str, Comment | None]) -> str:
        """Return which stories an incident's URIs keep, or an empty text for none."""
        kept = [story for story in after.values() if story]
        others = (each for each in incidents(self._day, deployment=self._deployment) if each.key != key)
        verb = "keeps" if len(kept) == 1 else "keep"
        named = f"; {counted(len(kept), 'URI')} {verb} another story: {stories_in_words(kept, others)}"
        return named if kept else ""


def _is_grave(threat: Threat) -> bool:
    """Return whether a threat is listed among those of high risk: an incident stands for its URIs."""
    if threat.is_incident or threat.own_story:
        return True
    return threat.severity == Severity.HIGH and not threat.incidents
