"""What an analyst writes about a threat: a title and a text."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import pandas as pd
import traitlets

from proxy_oa_assets.investigation.day_context import uri_text
from proxy_oa_assets.investigation.notebook.session import Shown, open_day
from proxy_oa_assets.investigation.notebook.status import Status
from proxy_oa_assets.investigation.notebook.text_table import (
    FOUND,
    MOST_ROWS,
    THREATS,
    Column,
    Facts,
    TextTable,
    first_of,
)
from proxy_oa_assets.investigation.score import SEVERITIES, threats
from proxy_oa_assets.investigation.search import earliest_found
from proxy_oa_assets.investigation.story.page import write_story
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
from proxy_oa_assets.model.errors import CommentChangedError, ProxyOaError
from proxy_oa_assets.model.text import counted
from proxy_oa_assets.resources.deployment import Deployment


class CommentForm(anywidget.AnyWidget):
    """Title, text, how many clients the timeline shows, and Save; `save` is called by its click.

    ipywidgets' own fields would send their values as state, which a click can overtake while the kernel is
    busy: the story would be saved without the last words.
    """

    _esm = Path(__file__).with_name("comment_form.js")
    _css = Path(__file__).with_name("comment_form.css")

    content = traitlets.Dict().tag(sync=True)

    def __init__(self, save: Callable[[], None], clients: int = 20) -> None:
        super().__init__(content={"version": 0, "title": "", "text": "", "clients": clients})
        self.written = Comment()
        self.clients = clients
        self._save = save
        self.on_msg(self._receive)

    def show(self, comment: Comment) -> None:
        """Show another comment in the fields."""
        self.written = comment
        self.content = {
            "version": self.content["version"] + 1,
            "title": comment.title,
            "text": comment.text,
            "clients": self.clients,
        }

    def _receive(self, _widget: object, message: Mapping[str, Any], _buffers: object) -> None:
        """Take what was written, unless it is about a threat that is no longer shown."""
        if message["version"] != self.content["version"]:
            return
        self.written = Comment.of(message["title"], message["text"])
        self.clients = message["clients"]
        if message["saved"]:
            self._save()


_HIGH, *_ = SEVERITIES
_COLUMNS = (*THREATS, Column("story", "story"))


class ThreatList:
    """The list; `choose` is called with the URI of the row that is selected, or None."""

    def __init__(self, day: Day, at: Deployment, choose: Callable[[str | None], None]) -> None:
        self._day, self._at, self._choose = day, at, choose
        self._frame = pd.DataFrame()
        self.which = ipywidgets.ToggleButtons(options={"High risk": True, "All that are scored": False})
        self.reload = ipywidgets.Button(description="Reload", tooltip="See what colleagues have scored")
        self.status = Status()
        self.table = TextTable("Threats", selection="one", height="240px")
        self.which.observe(lambda _: self.load(), "value")
        self.reload.on_click(lambda _: self.load())
        self.table.observe(lambda _: self._chosen(), "selected")
        bar = ipywidgets.HBox([self.which, self.reload, self.status.widget])
        self.widget = ipywidgets.VBox([bar, self.table])

    def load(self) -> None:
        """Read the list again; the threat that is selected stays selected, if it is listed."""
        with self.status.during("Reading the threats"):
            before = self.selected()
            found = threats(self._day, deployment=self._at)
            if self.which.value:
                found = found[found["uri_sev"] == _HIGH].reset_index(drop=True)
            uris = [uri_text(uri) for uri in found["fulluri"]]
            told = set(map(uri_text, storyboard(self._day, deployment=self._at)["p_threat"]))
            self._frame = found.assign(story=["told" if uri in told else "" for uri in uris])
            severity = "the severity high" if self.which.value else "a severity"
            empty = f"No URI of {self._day} has {severity}: Edge_Investigation gives them"
            selected = [uris.index(before)] if before in uris else []
            self.table.show(self._frame, _COLUMNS, selected=selected, empty=empty)
            self.status.done(f"{counted(len(uris), 'URI')}{first_of(len(uris))}")

    def selected(self) -> str | None:
        """Return the URI that is selected."""
        rows = self._frame.iloc[self.table.selected]
        return next((uri_text(uri) for uri in rows.get("fulluri", ())), None)

    def _chosen(self) -> None:
        self._choose(self.selected())


class ExpandedSearchPanel:
    """A button, because it goes through the day's whole log, and what it found."""

    def __init__(self, day: Day, at: Deployment) -> None:
        self._day, self._at = day, at
        self._fulluri = ""
        self.limit = ipywidgets.BoundedIntText(
            250, 1, MOST_ROWS, description="Rows", layout=ipywidgets.Layout(width="12em")
        )
        self.search = ipywidgets.Button(description="Search", icon="search", button_style="primary")
        self.search.on_click(lambda _: self._search())
        self.status = Status()
        self.found = TextTable("What was found")
        heading = ipywidgets.HTML("<h3>Expanded search: requests to this URI, or referred by it</h3>")
        bar = ipywidgets.HBox([self.limit, self.search, self.status.widget])
        self.widget = ipywidgets.VBox([heading, bar, self.found])

    def load(self, fulluri: str) -> None:
        """Be about another threat: what was found of the former one goes."""
        self._fulluri = fulluri
        self.found.layout.display = "none"
        self.status.done("")

    def _search(self) -> None:
        with self.status.during("Searching the day's raw log"):
            started = time.monotonic()
            search = earliest_found(self._day, self._fulluri, self.limit.value, deployment=self._at)
            self.found.show(search.rows, FOUND, empty="The day's raw log doesn't have it")
            self.found.layout.display = None
            requests, clients = (
                counted(search.total_rows, "request"),
                counted(search.total_clients, "client"),
            )
            first = (
                f", the earliest {len(search.rows):,} below" if len(search.rows) < search.total_rows else ""
            )
            self.status.done(f"{requests} of {clients}{first} ({time.monotonic() - started:.1f} s)")


class SummaryPanel:
    """The form and what is done with it; `saved` is called when a story was saved."""

    def __init__(self, day: Day, at: Deployment, saved: Callable[[], None]) -> None:
        self._day, self._at, self._saved = day, at, saved
        self._fulluri = ""
        # What was written of other threats and isn't saved yet.
        self._drafts: dict[str, Comment] = {}
        # The comment of this threat as it was stored when it was read.
        self._stored = Comment()
        self.form = CommentForm(self._save)
        self.status = Status()
        heading = ipywidgets.HTML("<h3>Threat summary</h3>")
        self.widget = ipywidgets.VBox([heading, self.form, self.status.widget])

    def load(self, fulluri: str) -> None:
        """Be about another threat: show its comment, or what was begun to write of it."""
        if self.form.written != self._stored:
            self._drafts[self._fulluri] = self.form.written
        # Nothing of the former threat, even where reading fails.
        self._fulluri, self._stored = fulluri, Comment()
        self.form.show(self._stored)
        with self.status.during("Reading the comment"):
            self._stored = self._read()
            draft = self._drafts.pop(fulluri, None)
            self.form.show(draft or self._stored)
            self.status.done("Not saved yet: what you wrote earlier" if draft else "")

    def _save(self) -> None:
        with self.status.during("Saving the story"):
            written = self.form.written
            if not written.title.strip():
                self.status.failed("A story has a title: write one")
                return
            story = (self._fulluri, written.title, written.text, self.form.clients)
            try:
                save_storyboard(self._day, *story, over=self._stored, deployment=self._at)
            except CommentChangedError:
                self._stored = self._read()
                self.status.failed(
                    "Nothing was saved: somebody else has saved a comment meanwhile, and Save story again "
                    f"replaces it. Its title: {self._stored.title!r}, its text: {self._stored.text!r}"
                )
                return
            self._stored = written
            self._saved()
            self._write_page()

    def _write_page(self) -> None:
        saved = "Saved: the comment, the timeline and the incident progression"
        try:
            page = write_story(self._day, deployment=self._at).path
        except ProxyOaError as error:
            self.status.failed(f"{saved}. The page of the day's stories is still the former one: {error}")
        else:
            self.status.done(f"{saved}. The day's stories are one page: {page}")

    def _read(self) -> Comment:
        return comment_of(storyboard(self._day, deployment=self._at), self._fulluri)


class StoryPanel:
    """Two pictures. A browser runs nothing in a picture, and follows no link."""

    def __init__(self, day: Day, at: Deployment) -> None:
        self._day, self._at = day, at
        self.status = Status()
        self.timeline = _picture()
        self.chain = _picture()
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
        """Show a threat's story, if one was saved."""
        self.pictures.layout.display = "none"
        with self.status.during("Reading the story"):
            progression = incident_progression(self._day, fulluri, deployment=self._at)
            if progression is None:
                self.status.done("Save story makes its timeline and its incident progression")
                return
            rows = timeline(self._day, fulluri, deployment=self._at)
            self.timeline.value = timeline_svg(rows).encode("utf-8")
            self.chain.value = referer_chain_svg(progression).encode("utf-8")
            self.pictures.layout.display = None
            self.status.done("")


def _picture() -> ipywidgets.Image:
    return ipywidgets.Image(format="svg+xml", layout=ipywidgets.Layout(max_width="100%"))


class ThreatInvestigation(Shown):
    """The threats of a day: what the raw log has about each, and the story that is told of it.

    Example:
        >>> ThreatInvestigation("2016-09-12", "proxy_oa_home")

    """

    def __init__(self, day: Day | str, home: str | None = None) -> None:
        self.day, self.deployment = open_day(day, home)
        at = self.deployment
        self._about: str | None = None
        self.facts = Facts("The threat")
        self.search = ExpandedSearchPanel(self.day, at)
        self.summary = SummaryPanel(self.day, at, self._saved)
        self.story = StoryPanel(self.day, at)
        self.panels = ipywidgets.VBox(
            [self.facts.widget, self.search.widget, self.summary.widget, self.story.widget],
            layout=ipywidgets.Layout(display="none"),
        )
        self.list = ThreatList(self.day, at, self._choose)
        heading = ipywidgets.HTML(f"<h2>Threats of {self.day}</h2>")
        super().__init__([heading, self.list.widget, self.panels])
        self.list.load()

    def _choose(self, fulluri: str | None) -> None:
        """Show another threat; while the list is read again, the one that is shown stays."""
        if fulluri is None or fulluri == self._about:
            return
        self._about = fulluri
        self.panels.layout.display = None
        self.facts.show({"URI": fulluri})
        for panel in (self.search, self.summary, self.story):
            panel.load(fulluri)

    def _saved(self) -> None:
        self.list.load()
        self.story.load(self._about or "")
