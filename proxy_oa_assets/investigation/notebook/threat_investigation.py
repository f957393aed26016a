"""The notebook Threat_Investigation: what the raw log has about each threat, and the threat's story."""

from __future__ import annotations

import time
from collections.abc import Callable

import ipywidgets
import pandas as pd
from typing_extensions import override

from proxy_oa_assets.enrichment.score_columns import Severity
from proxy_oa_assets.investigation.day_context import uri_text
from proxy_oa_assets.investigation.notebook.columns import columns
from proxy_oa_assets.investigation.notebook.comment_form import CommentForm, page_updated
from proxy_oa_assets.investigation.notebook.session import NotebookView, StatusLine, open_day
from proxy_oa_assets.investigation.notebook.text_table import (
    MOST_ROWS,
    PropertyTable,
    TextTable,
    cut_note,
)
from proxy_oa_assets.investigation.score import threats
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
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import CommentChangedError
from proxy_oa_assets.model.text import counted
from proxy_oa_assets.resources.deployment import Deployment

_THREATS = columns("uri_sev fulluri story")
_FOUND = columns(
    "p_time clientip username reqmethod fulluri referer respcode resconttype csbytes scbytes duration "
    "useragent webcat serverip uriport"
)


class ThreatList:
    """The threats; `on_select` is called with the URI of the selected row, or None."""

    def __init__(self, day: Day, deployment: Deployment, on_select: Callable[[str | None], None]) -> None:
        self._day, self._deployment = day, deployment
        self._frame = pd.DataFrame()
        self.which = ipywidgets.ToggleButtons(options={"High risk": True, "All scored": False})
        self.reload = ipywidgets.Button(description="Reload", tooltip="Show what colleagues have scored")
        self.status = StatusLine()
        self.table = TextTable("Threats", selection="one", height="240px")
        self.which.observe(lambda _: self.load(), "value")
        self.reload.on_click(lambda _: self.load())
        self.table.observe(lambda _: on_select(self.selected()), "selected")
        bar = ipywidgets.HBox([self.which, self.reload, self.status.widget])
        self.widget = ipywidgets.VBox([bar, self.table])

    def load(self) -> None:
        """Read the list again; a selected threat that is still listed stays selected."""
        with self.status.during("Reading the threats"):
            before = self.selected()
            found = threats(self._day, deployment=self._deployment)
            if self.which.value:
                found = found[found["uri_sev"] == Severity.HIGH].reset_index(drop=True)
            uris = [uri_text(uri) for uri in found["fulluri"]]
            saved = set(map(uri_text, storyboard(self._day, deployment=self._deployment)["p_threat"]))
            self._frame = found.assign(story=["saved" if uri in saved else "" for uri in uris])
            severity = "the severity high" if self.which.value else "a severity"
            empty = f"No URI of {self._day} has {severity}: score some in Edge_Investigation"
            selected = [uris.index(before)] if before in uris else []
            self.table.show(self._frame, _THREATS, selected=selected, empty=empty)
            self.status.done(f"{counted(len(uris), 'URI')}{cut_note(len(uris))}")

    def selected(self) -> str | None:
        """Return the selected URI, or None."""
        rows = self._frame.iloc[self.table.selected]
        return next((uri_text(uri) for uri in rows.get("fulluri", ())), None)


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
        heading = ipywidgets.HTML("<h3>Expanded search: requests to this URI or referred by it</h3>")
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
    """The form and its Save; `on_save` is called after a story was saved."""

    def __init__(self, day: Day, deployment: Deployment, on_save: Callable[[], None]) -> None:
        self._day, self._deployment, self._on_save = day, deployment, on_save
        self._fulluri = ""
        # Unsaved comments of other threats.
        self._drafts: dict[str, Comment] = {}
        # This threat's comment as it was read: saving replaces no other one.
        self._stored = Comment()
        self.form = CommentForm(self._save)
        self.status = StatusLine()
        heading = ipywidgets.HTML("<h3>Threat summary</h3>")
        self.widget = ipywidgets.VBox([heading, self.form, self.status.widget])

    def load(self, fulluri: str) -> None:
        """Switch to another threat: show its draft or its stored comment."""
        if self.form.written != self._stored:
            self._drafts[self._fulluri] = self.form.written
        # First, so that nothing of the former threat is left after an error.
        self._fulluri, self._stored = fulluri, Comment()
        self.form.show(self._stored)
        with self.status.during("Reading the comment"):
            self._stored = self._read()
            draft = self._drafts.pop(fulluri, None)
            self.form.show(draft or self._stored)
            self.status.done("Your earlier draft, not saved yet" if draft else "")

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
            self._stored = written
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
        self.pictures = ipywidgets.VBox(
            [
                ipywidgets.HTML("<h3>Timeline</h3>"),
                self.timeline,
                ipywidgets.HTML("<h3>Who led there, where it led</h3>"),
                self.chain,
            ]
        )
        self.widget = ipywidgets.VBox([self.status.widget, self.pictures])

    def load(self, fulluri: str) -> None:
        """Show the plots of a threat's story, if one is saved."""
        self.pictures.layout.display = "none"
        with self.status.during("Reading the story"):
            progression = incident_progression(self._day, fulluri, deployment=self._deployment)
            if progression is None:
                self.status.done("No story yet: Save story makes its timeline and incident progression")
                return
            rows = timeline(self._day, fulluri, deployment=self._deployment)
            self.timeline.value = timeline_svg(rows).encode("utf-8")
            self.chain.value = referer_chain_svg(progression).encode("utf-8")
            self.pictures.layout.display = None
            self.status.done("")


class ThreatInvestigation(NotebookView):
    """The threats of a day: what the raw log has about each, and its story."""

    def __init__(self, day: Day | str, home: str | None = None) -> None:
        self.day, self.deployment = open_day(day, home)
        self._threat: str | None = None
        self.properties = PropertyTable("The threat")
        self.search = ExpandedSearch(self.day, self.deployment)
        self.comment = CommentEditor(self.day, self.deployment, self._reload)
        self.story = StoryPlots(self.day, self.deployment)
        self.details = ipywidgets.VBox(
            [self.properties.widget, self.search.widget, self.comment.widget, self.story.widget],
            layout=ipywidgets.Layout(display="none"),
        )
        self.list = ThreatList(self.day, self.deployment, self._select)
        heading = ipywidgets.HTML(f"<h2>Threats of {self.day}</h2>")
        super().__init__([heading, self.list.widget, self.details])
        self.list.load()

    @override
    def refresh(self) -> None:
        self.list.load()

    def _select(self, fulluri: str | None) -> None:
        """Show another threat; while the list is read again, the shown one stays."""
        if fulluri is None or fulluri == self._threat:
            return
        self._threat = fulluri
        self.details.layout.display = None
        self.properties.show({"URI": fulluri})
        for detail in (self.search, self.comment, self.story):
            detail.load(fulluri)

    def _reload(self) -> None:
        self.list.load()
        self.story.load(self._threat or "")
