"""The notebook Threat_Investigation: what the raw log has about each threat, and the threat's story."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import ipywidgets
from typing_extensions import override

from proxy_oa_assets.investigation.day_context import uri_host
from proxy_oa_assets.investigation.incident_file import Incident
from proxy_oa_assets.investigation.journal import earlier_in_words, earlier_severities, history
from proxy_oa_assets.investigation.notebook.columns import columns, severity_text
from proxy_oa_assets.investigation.notebook.comment_form import CommentForm, page_updated
from proxy_oa_assets.investigation.notebook.incident_form import IncidentForm
from proxy_oa_assets.investigation.notebook.session import NotebookView, StatusLine, open_day
from proxy_oa_assets.investigation.notebook.text_table import MOST_ROWS, PropertyTable, TextTable
from proxy_oa_assets.investigation.notebook.threat_list import Threat, ThreatList
from proxy_oa_assets.investigation.search import earliest_found
from proxy_oa_assets.investigation.story.plots import referer_chain_svg, timeline_svg
from proxy_oa_assets.investigation.storyboard import (
    Comment,
    comment_of,
    incident_progression,
    save_storyboard,
    storyboard,
    timeline,
)
from proxy_oa_assets.investigation.threat_times import times_of
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import CommentChangedError
from proxy_oa_assets.model.tables import PROXY_TIMELINE, records
from proxy_oa_assets.model.text import counted
from proxy_oa_assets.resources.deployment import Deployment

_STYLE = Path(__file__).with_suffix(".css")
_EARLIER = 3
_FOUND = columns(
    "p_time clientip username reqmethod fulluri referer respcode resconttype csbytes scbytes duration "
    "useragent webcat serverip uriport"
)


class ExpandedSearch:
    """The search for a threat in the day's whole raw log, started by a button, and the found rows."""

    def __init__(self, day: Day, deployment: Deployment) -> None:
        self._day, self._deployment = day, deployment
        self._fulluri = ""
        self.limit = ipywidgets.BoundedIntText(
            250, 1, MOST_ROWS, description="Rows", layout=ipywidgets.Layout(width="12em")
        )
        self.search = ipywidgets.Button(description="Search", icon="search", button_style="primary")
        self.search.on_click(lambda _: self._search())
        self.status = StatusLine()
        self.found = TextTable("Found requests")
        heading = ipywidgets.HTML("<h3>Expanded search: requests to this URI, or referred by it</h3>")
        bar = ipywidgets.HBox([self.limit, self.search, self.status.widget])
        self.widget = ipywidgets.VBox([heading, bar, self.found])

    def load(self, fulluri: str) -> None:
        """Switch to another threat, and hide what was found of the former one."""
        self._fulluri = fulluri
        self.found.layout.display = "none"
        self.status.done("")

    def _search(self) -> None:
        with self.status.during("Searching the day's raw log"):
            started = time.monotonic()
            search = earliest_found(self._day, self._fulluri, self.limit.value, deployment=self._deployment)
            self.found.show(search.rows, _FOUND, empty="The day's raw log has no such request")
            self.found.layout.display = None
            totals = f"{counted(search.total_rows, 'request')} of {counted(search.total_clients, 'client')}"
            rows = len(search.rows)
            cut = f", the earliest {rows:,} below" if rows < search.total_rows else ""
            self.status.done(f"{totals}{cut} ({time.monotonic() - started:.1f} s)")


class CommentEditor:
    """The form of a URI's own story and its Save; `on_save` is called after a story was saved."""

    def __init__(self, day: Day, deployment: Deployment, on_save: Callable[[], None]) -> None:
        self._day, self._deployment, self._on_save = day, deployment, on_save
        self._fulluri = ""
        # Unsaved comments of other threats.
        self._drafts: dict[str, Comment] = {}
        # This threat's comment as it was read, which saving replaces and no other one; and what of it was
        # shown: not the story of an incident.
        self._stored = self._shown = Comment()
        self.form = CommentForm(self._save)
        self.status = StatusLine()
        heading = ipywidgets.HTML("<h3>Story of this URI</h3>")
        self.widget = ipywidgets.VBox([heading, self.form, self.status.widget])

    def load(self, threat: Threat) -> None:
        """Switch to another threat: show its draft or its stored comment."""
        if self.form.written != self._shown:
            self._drafts[self._fulluri] = self.form.written
        # First, so that nothing of the former threat is left after an error.
        self._fulluri, self._stored, self._shown = threat.uri, Comment(), Comment()
        self.form.show(self._shown)
        with self.status.during("Reading the comment"):
            self._stored = self._read()
            is_of_incident = self._stored in [each.comment for each in threat.incidents]
            self._shown = Comment() if is_of_incident else self._stored
            draft = self._drafts.pop(threat.uri, None)
            self.form.show(draft or self._shown)
            note = "It belongs to an incident; a story of its own is seen in the place of that one's"
            self.status.done("Your earlier draft, not saved yet" if draft else note if is_of_incident else "")

    def _save(self) -> None:
        with self.status.during("Saving the story"):
            written = self.form.written
            if not written.title.strip():
                self.status.failed("A story needs a title: write one")
                return
            story = (self._fulluri, written.title, written.text, self.form.clients)
            try:
                save_storyboard(self._day, *story, over=self._stored, deployment=self._deployment)
            except CommentChangedError:
                self._stored = self._read()
                self.status.failed(
                    "Nothing was saved: a colleague has saved another comment; Save story again replaces "
                    f"it. Its title: {self._stored.title!r}, its text: {self._stored.text!r}"
                )
                return
            self._stored = self._shown = written
            self._on_save()
            saved = "Saved: comment, timeline and incident progression"
            page_updated(self._day, self._deployment, saved, self.status)

    def _read(self) -> Comment:
        return comment_of(storyboard(self._day, deployment=self._deployment), self._fulluri)


class StoryPlots:
    """A story's timeline and referer chain, as images: a browser runs nothing and follows no link in them."""

    def __init__(self, day: Day, deployment: Deployment) -> None:
        self._day, self._deployment = day, deployment
        self.status = StatusLine()
        wide = ipywidgets.Layout(max_width="100%")
        self.timeline, self.chain = (ipywidgets.Image(format="svg+xml", layout=wide) for _ in range(2))
        self.chains = ipywidgets.VBox([ipywidgets.HTML("<h3>Who led there, where it led</h3>"), self.chain])
        self.pictures = ipywidgets.VBox([ipywidgets.HTML("<h3>Timeline</h3>"), self.timeline, self.chains])
        self.widget = ipywidgets.VBox([self.status.widget, self.pictures])

    def load(self, uris: Sequence[str]) -> None:
        """Show the plots of a URI's story, or the timeline of an incident's URIs, if one is saved."""
        self.pictures.layout.display = "none"
        with self.status.during("Reading the story"):
            progression = incident_progression(self._day, uris[0], deployment=self._deployment)
            if progression is None:
                self.status.done("No story yet: saving one makes its timeline and incident progression")
                return
            if len(uris) == 1:
                rows = timeline(self._day, uris[0], deployment=self._deployment)
                self.chain.value = referer_chain_svg(progression).encode("utf-8")
            else:
                found = self._deployment.impala.read_day(PROXY_TIMELINE, self._day)
                rows = found[found["p_threat"].isin(uris)].sort_values("tstart", ignore_index=True)
            self.chains.layout.display = None if len(uris) == 1 else "none"
            self.timeline.value = timeline_svg(rows).encode("utf-8")
            self.pictures.layout.display = None
            self.status.done("")


class ThreatInvestigation(NotebookView):
    """The threats of a day, at the left; at the right, what is known of the selected one, and its story."""

    def __init__(self, day: Day | str, home: str | None = None) -> None:
        self.day, self.deployment = open_day(day, home)
        self._shown: tuple[str, str] | None = None
        self.properties = PropertyTable("The threat", height="130px")
        self.search = ExpandedSearch(self.day, self.deployment)
        self.comment = CommentEditor(self.day, self.deployment, self._reload)
        self.incident = IncidentForm(
            self.day, self.deployment, self._saved_incident, on_select=self._select_member
        )
        self.story = StoryPlots(self.day, self.deployment)
        self.gather = ipywidgets.Button(
            description="Add to an incident",
            tooltip="Add the connections of this URI to the incident form",
            layout=ipywidgets.Layout(width="12em"),
        )
        self.gather.on_click(lambda _: self._gather())
        self._incident = ipywidgets.VBox([ipywidgets.HTML("<h3>Incident</h3>"), self.incident.widget])
        self.details = ipywidgets.VBox(
            [
                *(self.properties.widget, self.gather, self.comment.widget, self._incident),
                *(self.search.widget, self.story.widget),
            ],
            layout=ipywidgets.Layout(display="none"),
        )
        self.list = ThreatList(self.day, self.deployment, self._select, self._deleted)
        left = ipywidgets.VBox([self.list.table])
        bar = ipywidgets.HBox([ipywidgets.HTML(f"<b>Threats of {self.day}</b>"), self.list.bar])
        for widget, name in ((bar, "threat-bar"), (left, "threat-list"), (self.details, "threat-details")):
            widget.add_class(name)
        style = ipywidgets.HTML(f"<style>{_STYLE.read_text(encoding='utf-8')}</style>")
        style.layout.display = "none"
        super().__init__([style, bar, ipywidgets.HBox([left, self.details])])
        self.widget.add_class("threat-investigation")
        self.list.load()

    @override
    def refresh(self) -> None:
        self._reload()

    def _select(self, threat: Threat | None) -> None:
        """Show another threat; while the list is read again, the shown one stays."""
        if threat is None or threat.identity == self._shown:
            return
        self._shown = threat.identity
        self.details.layout.display = None
        self._arrange(is_incident=threat.is_incident)
        self.properties.show(self._known(threat))
        if threat.is_incident:
            self.incident.load(threat.incidents[0])
            self.story.load(threat.incidents[0].uris)
            return
        self.search.load(threat.uri)
        self.comment.load(threat)
        self.story.load([threat.uri])

    def _arrange(self, *, is_incident: bool) -> None:
        for widget, is_shown in (
            (self._incident, is_incident),
            (self.comment.widget, not is_incident),
            (self.gather, not is_incident),
            # Of an incident, a connection is searched for.
            (self.search.widget, not is_incident),
        ):
            widget.layout.display = None if is_shown else "none"

    def _known(self, threat: Threat) -> dict[str, object]:
        severity = severity_text(threat.severity)
        if threat.is_incident:
            (incident,) = threat.incidents
            return {
                "incident": incident.title,
                "severity": severity,
                "seen": f"{incident.first_seen} to {incident.last_seen}",
                "hosts": ", ".join(incident.hosts),
                "clients": ", ".join(incident.clients),
                "saved": f"by {incident.by}, {incident.at}",
            }
        known: dict[str, object] = {"URI": threat.uri, "severity": severity, "first seen": threat.first_seen}
        known["incidents"] = ", ".join(incident.title for incident in threat.incidents)
        with self.list.status.during("Reading the journal"):
            scored = next(records(history(self.day, threat.uri, deployment=self.deployment)), None)
            if scored and threat.severity:
                known["severity"] = f"{severity}, by {scored[1]}, {scored[0]}"
            earlier = earlier_severities(
                self.day, hosts=[uri_host(threat.uri)], uris=[threat.uri], deployment=self.deployment
            )
            lines = earlier_in_words(earlier.head(_EARLIER))
            more = [f"and {len(earlier) - _EARLIER:,} more"] if len(earlier) > _EARLIER else []
            known["earlier days"] = "\n".join([*lines, *more])
            self.list.status.done("")
        return known

    def _select_member(self, uri: str | None) -> None:
        """Offer the search for the selected connection of the shown incident, and show its plots."""
        if uri is None or self._incident.layout.display == "none":
            return
        self.search.widget.layout.display = None
        self.search.load(uri)
        self.story.load([uri])

    def _gather(self) -> None:
        """Add the connections of the shown URI to the incident that is being written."""
        uri = self._shown[0] if self._shown else ""
        with self.comment.status.during("Reading its connections"):
            connections = sorted(times_of(self.day, self.deployment, [uri]))
            self._incident.layout.display = None
            self.incident.add(connections)
            self.comment.status.done("")

    def _saved_incident(self, _incident: Incident) -> None:
        self._reload()

    def _reload(self) -> None:
        self.list.load()
        threat = self.list.selected()
        if threat:
            self.story.load(threat.incidents[0].uris if threat.is_incident else [threat.uri])

    def _deleted(self) -> None:
        self._shown = None
        self.details.layout.display = "none"
        self.incident.load(None)
        self.incident.reload()
