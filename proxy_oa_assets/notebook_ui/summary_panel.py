"""What an analyst writes about a threat: a title and a text."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets

from proxy_oa_assets.days import Day
from proxy_oa_assets.deployment import Deployment
from proxy_oa_assets.errors import CommentChangedError, ProxyOaError
from proxy_oa_assets.investigation.storyboard import Comment, comment_of, save_storyboard, storyboard
from proxy_oa_assets.notebook_ui.comment_form import CommentForm
from proxy_oa_assets.notebook_ui.status import Status
from proxy_oa_assets.story.page import write_story


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
